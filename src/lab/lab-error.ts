/** What can go wrong with a lab itself, as opposed to what runs in it. */

export type LabErrorCode =
  /** a program or a built file that the lab needs is not there */
  | 'missing'
  /** the kernel ended, or did not come up in time */
  | 'kernel'
  /** something inside did not happen in time */
  | 'timeout'
  /** a script that had to succeed did not */
  | 'script';

export class LabError extends Error {
  override readonly name = 'LabError';

  /** @param detail the end of what the console or the script printed */
  constructor(
    readonly code: LabErrorCode,
    message: string,
    readonly detail = '',
  ) {
    super(detail.trim() === '' ? message : `${message}\n${detail.trim().replace(/^/gm, '  | ')}`);
  }
}
