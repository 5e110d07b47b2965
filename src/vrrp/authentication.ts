/** Authentication of one instance by HMAC: signs what it sends, verifies what it hears, and knows who was heard how. Pure: it is told the time. */
import type { HmacAuthentication } from '../config/model.js';
import type { HeardSender, HmacStatus } from '../control/status.js';
import { toMilliseconds } from '../time/microseconds.js';
import { isAuthentic, keyIdOf, makeTrailer, sequenceOf, type SignedMessage } from './hmac-trailer.js';
import { ahead, isNewer, nextSequence, sequenceAt } from './sequence.js';

/** Why an advertisement is not authentic; counted as `rejected.<reason>`, or where the mode lets it pass as `unverified.<reason>`. */
export type AuthenticationReason = 'authentication_missing' | 'authentication_unknown_key' | 'authentication_failure' | 'authentication_stale' | 'authentication_replay';

export type Verdict =
  /** `clockDifference`: milliseconds that the sender's clock is ahead of ours; undefined where clocks do not matter */
  | { readonly ok: true; readonly clockDifference: number | undefined }
  /** `detail`: a half sentence with the figures */
  | { readonly ok: false; readonly reason: AuthenticationReason; readonly detail: string };

/** senders at once: without a key nobody gets a mark, but whoever forges senders would fill the memory of who was heard */
const sendersAtMost = 16;

/** The newest at the end; the oldest goes when there are too many. */
const put = <Value>(map: Map<string, Value>, key: string, value: Value): void => {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > sendersAtMost && oldest !== undefined) map.delete(oldest);
};

const inSeconds = (milliseconds: number): string => `${(Math.abs(milliseconds) / 1_000).toFixed(1)} s`;

export class Authenticator {
  private sent: bigint | undefined;
  /** sequence number of the newest authentic advertisement, by sender */
  private readonly marks = new Map<string, bigint>();
  private readonly heard = new Map<string, HeardSender>();

  /**
   * The trailer for a message; undefined when none is sent.
   * @param wallClock milliseconds since the epoch
   */
  trailer(message: Buffer, source: string, configuration: HmacAuthentication, wallClock: number): Buffer | undefined {
    const { mode, keys, activeKey } = configuration;
    const active = keys.find(({ id }) => id === activeKey);
    if (mode === 'receive_only' || !active) return undefined;
    this.sent = nextSequence(this.sent, wallClock, windowOf(configuration));
    return makeTrailer(message, source, { id: active.id, key: Buffer.from(active.key, 'hex') }, this.sent);
  }

  /**
   * @param signed undefined = it has no trailer
   * @param wallClock milliseconds since the epoch
   */
  verify(signed: SignedMessage | undefined, source: string, configuration: HmacAuthentication, wallClock: number): Verdict {
    const verdict = this.judge(signed, source, configuration, wallClock);
    put(this.heard, source, {
      address: source,
      key: signed ? keyIdOf(signed.trailer) : null,
      verified: verdict.ok,
      reason: verdict.ok ? null : verdict.reason.replaceAll('_', ' '),
      clock_difference_ms: verdict.ok && verdict.clockDifference !== undefined ? Math.round(verdict.clockDifference) : null,
      at: new Date(wallClock).toISOString(),
    });
    return verdict;
  }

  private judge(signed: SignedMessage | undefined, source: string, configuration: HmacAuthentication, wallClock: number): Verdict {
    if (!signed) return { ok: false, reason: 'authentication_missing', detail: 'they are not signed' };
    const id = keyIdOf(signed.trailer);
    const known = configuration.keys.find((key) => key.id === id);
    if (!known) return { ok: false, reason: 'authentication_unknown_key', detail: `they are signed with key ${id}, which authentication.keys does not have` };
    if (!isAuthentic(signed, source, Buffer.from(known.key, 'hex'))) {
      return { ok: false, reason: 'authentication_failure', detail: `their signature does not fit our key ${id}: the other router has another key ${id}, or they are forged` };
    }
    const sequence = sequenceOf(signed.trailer);
    const now = sequenceAt(wallClock);
    const window = windowOf(configuration);
    const difference = ahead(sequence, now);
    if (window !== undefined && Math.abs(difference) > window) {
      const side = difference < 0 ? 'behind' : 'ahead of';
      return { ok: false, reason: 'authentication_stale', detail: `their time stamp is ${inSeconds(difference)} ${side} our clock, more than time_window (${inSeconds(window)}): the clocks differ, set both right (NTP), or old packets are sent again` };
    }
    const mark = this.marks.get(source);
    // our clock was put back: what was heard before says nothing any more, and would shut the sender out until that time comes again
    const isStranded = mark !== undefined && window !== undefined && ahead(mark, now) > window;
    if (mark !== undefined && !isStranded && !isNewer(sequence, mark)) {
      return { ok: false, reason: 'authentication_replay', detail: `their sequence number is ${inSeconds(ahead(mark, sequence))} behind the last one: old packets are sent again, or the sender's clock was put back` };
    }
    put(this.marks, source, sequence);
    return { ok: true, clockDifference: window === undefined ? undefined : difference };
  }

  status({ mode, activeKey, keys, antiReplay, timeWindow }: HmacAuthentication): HmacStatus {
    return {
      type: 'hmac',
      mode,
      active_key: activeKey,
      keys: keys.map(({ id }) => id),
      anti_replay: antiReplay,
      time_window_ms: antiReplay === 'time' ? toMilliseconds(timeWindow) : null,
      heard: [...this.heard.values()],
    };
  }
}

/** Milliseconds; undefined where time does not count. */
export const windowOf = ({ antiReplay, timeWindow }: HmacAuthentication): number | undefined => (antiReplay === 'time' ? toMilliseconds(timeWindow) : undefined);
