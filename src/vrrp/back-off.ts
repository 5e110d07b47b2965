/**
 * Sync groups of which each beats the other in some member, since their priorities are in different orders on the routers, lose to
 * each other for ever when they run in step. One that is beaten right after it took over, twice in a row, therefore holds back before
 * it takes over again. Pure.
 */
import { encodeAddress } from '../network/ip-address.js';
import { type Microseconds, Microseconds as microseconds, minus, plus } from '../time/microseconds.js';

/** Elections that a sync group lost in a row, each soon after it had taken over. */
export interface Defeats {
  readonly count: number;
  readonly at: Microseconds;
}

/** In master down intervals: longer than a group needs to come back after the longest hold-back. */
const inARow = 5;

/** One more defeat now. @param masterSince it took over then @param down the longest master down interval of its members */
export const defeatedOnceMore = (before: Defeats | undefined, masterSince: Microseconds, now: Microseconds, down: Microseconds): Defeats => {
  const soon = minus(now, masterSince) < down;
  const again = soon && before !== undefined && minus(masterSince, before.at) < inARow * down;
  return { count: again ? before.count + 1 : 1, at: now };
};

/** 0 or 1 by address and round: at first the last bit, in which two routers' addresses mostly differ, then as if by chance (FNV-1a, murmur3's finish). */
const bit = (address: string, round: number): number => {
  const octets = encodeAddress(address);
  if (round === 0) return (octets[octets.length - 1] ?? 0) & 1;
  let hash = 0x811c9dc5;
  for (const octet of [...octets, round & 0xff]) hash = Math.imul(hash ^ octet, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) & 1;
};

/**
 * Until when it holds back; undefined = it does not. It would come back a master down interval after the defeat, as keepalived does,
 * which holds nothing back and so goes first. Those that do wait one or two master down intervals more, by the router's address and
 * the number of defeats: sooner or later one of two goes before the other, which hears it in between.
 */
export const holdBackUntil = ({ count, at }: Defeats, source: string, down: Microseconds): Microseconds | undefined =>
  count < 2 ? undefined : plus(at, microseconds(down * (2 + bit(source, count - 2))));
