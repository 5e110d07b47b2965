/**
 * Sequence numbers of authenticated advertisements: 32 bits of seconds since the epoch, 16 of 1/65536 s, 16 of a counter.
 * They wrap in 2106, so that they are compared as RFC 1982 does. Wall clocks are milliseconds since the epoch. Pure.
 */

export const sequenceAt = (wallClock: number): bigint => BigInt.asUintN(64, (BigInt(Math.floor(wallClock / 1_000)) << 32n) | (BigInt(Math.floor(((wallClock % 1_000) * 65_536) / 1_000)) << 16n));

/** Milliseconds that `sequence` is ahead of `other`; negative when it is behind. */
export const ahead = (sequence: bigint, other: bigint): number => (Number(BigInt.asIntN(64, sequence - other) >> 16n) * 1_000) / 65_536;

export const isNewer = (sequence: bigint, other: bigint): boolean => BigInt.asIntN(64, sequence - other) > 0n;

/**
 * What to send next: the time, or one more than the last where the clock has not gone on since, or was put back.
 * @param window milliseconds: a clock that was put back by more is followed at once, since receivers that go by the time have
 * forgotten numbers so far ahead; undefined = they go by growth alone, so it grows whatever the clock does
 */
export const nextSequence = (last: bigint | undefined, wallClock: number, window: number | undefined): bigint => {
  const now = sequenceAt(wallClock);
  if (last === undefined || isNewer(now, last)) return now;
  return window !== undefined && ahead(last, now) > window ? now : BigInt.asUintN(64, last + 1n);
};
