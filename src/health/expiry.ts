/** A certificate that expires soon, in words. Pure. */
import { type Microseconds, toMilliseconds } from '../time/microseconds.js';

/** `validTo`: as OpenSSL prints it; `now`: milliseconds since the epoch. Undefined: it is valid for longer. The words do not change with the time that is left. */
export function describeExpiry(validTo: string | undefined, within: Microseconds, now: number): string | undefined {
  const end = Date.parse(validTo ?? '');
  if (Number.isNaN(end) || end - now > toMilliseconds(within)) return undefined;
  return `certificate ${end <= now ? 'has expired' : 'expires'} on ${new Date(end).toISOString().replace('.000Z', 'Z')}`;
}
