/** What keeps a real server from being set up, as an error that names the remedy. */

/**
 * `USAGE`: the arguments do not go together. `NOT_LISTED`: the file does not know this host as a real server. `IN_THE_WAY`: what is there
 * already contradicts it, and nothing was done. `NOT_PERMITTED`: without CAP_NET_ADMIN. `REFUSED`: the kernel, a program or a file did not do
 * what was asked. `NO_SET`: nothing was applied under that name.
 */
export type RealServerErrorCode = 'USAGE' | 'NOT_LISTED' | 'IN_THE_WAY' | 'NOT_PERMITTED' | 'REFUSED' | 'NO_SET';

export class RealServerError extends Error {
  constructor(
    readonly code: RealServerErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'RealServerError';
  }
}
