/** What the checks across the file have to go by. */
import type { Path } from '../document.js';
import type { LineOf, Report } from '../report.js';
import type { Readable } from '../schema-walk.js';
import type { ConfigurationFile } from '../schema.js';

export type ReadableFile = Readable<ConfigurationFile>;

export interface Context {
  readonly file: ReadableFile;
  readonly report: Report;
  readonly lineOf: LineOf;
  /** whether the file has this path: given and yet undefined means wrong, and reported already */
  readonly given: (path: Path) => boolean;
  /** the value at a path as the file has it */
  readonly valueAt: (path: Path) => unknown;
}

/** A register of what must be unique; an entry that is there already is reported, with the line of the first. */
export const uniqueness = (context: Context, remedy: string) => uniquenessOf(context, remedy, (path: Path) => path);

/** The same of what is known by another thing than its path, which is asked for only when there is something to report. */
export const uniquenessOf = <P>({ report, lineOf }: Context, remedy: string, pathOf: (place: P, key: string) => Path) => {
  const first = new Map<string, P>();
  return (key: string, place: P, message: string): void => {
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, place);
    else reportRepeated({ report, lineOf }, pathOf(place, key), pathOf(earlier, key), message, remedy);
  };
};

/** What stands at `path` stands at `earlier` too, and must not. */
export const reportRepeated = ({ report, lineOf }: Pick<Context, 'report' | 'lineOf'>, path: Path, earlier: Path, message: string, remedy: string): void => report(path, { code: 'duplicate', message: `${message} (first on line ${lineOf(earlier)})`, remedy });
