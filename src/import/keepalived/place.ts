/** Where something stands in a keepalived.conf or a file that it includes. */

export interface Place {
  /** of the file, as messages name it */
  readonly path: string;
  /** 1.. */
  readonly line: number;
  /** 1.., in UTF-16 code units */
  readonly column: number;
  /** code units, all on `line` */
  readonly length: number;
}

/** `keepalived.conf:12` */
export const shortPlace = ({ path, line }: Place): string => `${path}:${line}`;
