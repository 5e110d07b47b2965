/** When a child that died is started again, and when it counts as hung. Pure. */

/** A child that lived as long as this is taken for sound again. */
export const SOUND_AFTER_MS = 60_000;
const LONGEST_DELAY_MS = 30_000;
/** Deaths in a row after which only the recovery is told: nothing repeats without bound. */
export const TOLD_DEATHS = 6;

/** Milliseconds to wait before the start after `deaths` deaths in a row: 0, 1 s, 2 s, 4 s ... 30 s. */
export const restartDelay = (deaths: number): number => (deaths <= 1 ? 0 : Math.min(LONGEST_DELAY_MS, 1_000 * 2 ** (deaths - 2)));

/** Unanswered pings after which a child is taken for hung and is killed. */
export const PING_LIMIT = 20;
/** Unanswered pings up to which it is taken for responding. */
export const RESPONDING_LIMIT = 5;

/**
 * Counts pings, not time: after a stall of the supervisor itself (a suspended machine, a stopped process) its timer fires once, so one
 * ping more is out, however long the stall was.
 */
export class PingLedger {
  #unanswered = 0;

  sent(): void {
    this.#unanswered++;
  }

  answered(): void {
    this.#unanswered = 0;
  }

  get responding(): boolean {
    return this.#unanswered <= RESPONDING_LIMIT;
  }

  get hung(): boolean {
    return this.#unanswered >= PING_LIMIT;
  }
}
