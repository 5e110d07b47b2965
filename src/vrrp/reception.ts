/** What becomes of a received packet: climbed the ladder of checks, counted, compared with ours; what is odd is told once. */
import type { HmacAuthentication } from '../config/model.js';
import type { Report } from '../control/event.js';
import type { QuietConditions } from '../control/quiet-conditions.js';
import { type Microseconds, toMilliseconds } from '../time/microseconds.js';
import { type AuthenticationReason, windowOf } from './authentication.js';
import type { SignedMessage } from './hmac-trailer.js';
import type { Instance } from './instance.js';
import { instanceEvent } from './log.js';
import type { RejectReason } from './packet.js';
import { type Received, receive } from './receive.js';
import type { SplitBrain } from './split-brain.js';

export class Reception {
  constructor(
    private readonly conditions: QuietConditions,
    private readonly splitBrain: SplitBrain,
    private readonly report: Report,
  ) {}

  /**
   * @param here the instances of the interface and family that the packet came in by
   * @returns undefined when it was rejected
   */
  accept(interfaceName: string, here: readonly Instance[], packet: Buffer): Extract<Received<Instance>, { readonly ok: true }> | undefined {
    const received = receive(packet, (virtualRouterId, version) => {
      const candidates = here.filter(({ configuration }) => configuration.virtualRouterId === virtualRouterId);
      return candidates.find(({ configuration }) => configuration.version === version) ?? candidates[0];
    });
    if (!received.ok) {
      if (received.instance) this.rejected(interfaceName, received.reason, received.instance, received.source);
      // another virtual router's, or no VRRP at all: nobody's in particular
      else for (const instance of here) instance.count(`rejected.${received.reason}`);
      return undefined;
    }
    const { instance, advertisement, source, signed } = received;
    const { authentication } = instance.configuration;
    if (authentication?.type === 'hmac' && !this.authentic(interfaceName, instance, source, signed, authentication)) return undefined;
    instance.count('advertisements_received');
    if (advertisement.priority === 0) instance.count('priority_zero_received');
    if (advertisement.version === 3) instance.count(`checksum.${advertisement.checksum}`);
    this.compareAddressLists(instance, source, advertisement.addresses);
    if (advertisement.version === 3) this.compareIntervals(instance, source, advertisement.interval);
    return received;
  }

  /** Verifies it; where it is not authentic the mode says whether it is rejected. @returns false when it is */
  private authentic(interfaceName: string, instance: Instance, source: string, signed: SignedMessage | undefined, authentication: HmacAuthentication): boolean {
    const { configuration, authenticator } = instance;
    const verdict = authenticator.verify(signed, source, authentication, Date.now());
    if (verdict.ok) {
      instance.count('authentication_verified');
      this.compareClocks(instance, source, verdict.clockDifference, windowOf(authentication));
      return true;
    }
    const { reason, detail } = verdict;
    if (authentication.mode === 'enforce') {
      this.rejected(interfaceName, reason, instance, source, detail);
      return false;
    }
    const words = reason.replaceAll('_', ' ');
    instance.count(`unverified.${reason}`);
    this.conditions.note(
      `unverified ${instance.name} ${reason} ${source}`,
      () => instanceEvent('warn', configuration, `accepting packets from ${source} that are not authentic, since authentication.mode is ${authentication.mode}: ${words}: ${detail}`, { source, interface: interfaceName }),
      (count, duration) => instanceEvent('info', configuration, `no more packets from ${source} that are not authentic: ${words}`, { source, count, seconds: Math.round(duration / 1000) }),
    );
    return true;
  }

  /** Beyond half of what is allowed it is time to say so. */
  private compareClocks(instance: Instance, source: string, difference: number | undefined, window: number | undefined): void {
    if (difference === undefined || window === undefined || Math.abs(difference) <= window / 2) return;
    const [amount, limit] = [Math.abs(difference), window].map((milliseconds) => `${(milliseconds / 1000).toFixed(1)} s`);
    const sentence = `the clock of ${source} is ${amount} ${difference < 0 ? 'behind' : 'ahead of'} ours: beyond ${limit} (authentication.time_window) its packets are not authentic; set both clocks right (NTP)`;
    this.conditions.note(
      `clock ${instance.name} ${source}`,
      () => instanceEvent('warn', instance.configuration, sentence, { source, difference_ms: Math.round(difference) }),
      (count, duration) => instanceEvent('info', instance.configuration, `the clock of ${source} is near ours again, or it is not heard any more`, { source, count, seconds: Math.round(duration / 1000) }),
    );
  }

  private rejected(interfaceName: string, reason: RejectReason | AuthenticationReason, instance: Instance, from = 'an unknown sender', detail?: string): void {
    instance.count(`rejected.${reason}`);
    const words = `${reason.replaceAll('_', ' ')}${detail === undefined ? '' : `: ${detail}`}`;
    if (instance.holding) this.splitBrain.rejected(instance, from, reason, words);
    this.conditions.note(
      `rejected ${instance.name} ${reason} ${from}`,
      () => instanceEvent('warn', instance.configuration, `rejecting packets from ${from}: ${words}`, { source: from, interface: interfaceName }),
      (count, duration) => instanceEvent('info', instance.configuration, `no more packets from ${from} to reject: ${reason.replaceAll('_', ' ')}`, { source: from, count, seconds: Math.round(duration / 1000) }),
    );
  }

  private compareAddressLists(instance: Instance, source: string, addresses: readonly string[]): void {
    const agrees = instance.agreesWith(addresses);
    if (!agrees) instance.count('address_list_differs');
    if (agrees === instance.addressListAgrees) return;
    instance.addressListAgrees = agrees;
    const list = addresses.join(' ') || 'none';
    this.report(
      agrees
        ? instanceEvent('info', instance.configuration, `${source} lists the same addresses as we do again`, { source })
        : instanceEvent('warn', instance.configuration, `${source} lists other addresses than we do: ${list}; it is accepted all the same`, { source, ours: instance.advertisedAddresses.join(' ') }),
    );
  }

  /** RFC 9568, 7.1: told, and accepted all the same; a backup learns the master's interval. */
  private compareIntervals(instance: Instance, source: string, interval: Microseconds): void {
    const ours = instance.configuration.advertisementInterval;
    if (interval === ours) return;
    instance.count('advertisement_interval_differs');
    this.conditions.note(
      `interval ${instance.name} ${source} ${interval}`,
      () => instanceEvent('warn', instance.configuration, `${source} advertises every ${toMilliseconds(interval)} ms, ours is every ${toMilliseconds(ours)} ms: make advertisement_interval the same on both; it is accepted all the same`, { source }),
      (count, duration) => instanceEvent('info', instance.configuration, `${source} does not advertise every ${toMilliseconds(interval)} ms any more`, { source, count, seconds: Math.round(duration / 1000) }),
    );
  }

  /** A master of lower priority than ours spoke. */
  lowerPriority(instance: Instance, source: string, priority: number, interval: Microseconds): void {
    instance.count('lower_priority_received');
    this.splitBrain.heardMaster(instance, source, interval, `at priority ${priority}, ours is ${instance.settings.priority}`);
    this.conditions.note(
      `lower ${instance.name} ${source}`,
      () => instanceEvent('warn', instance.configuration, `${source} advertises too, at priority ${priority}: we stay MASTER at ${instance.settings.priority}, answered and announced again`, { source }),
      (count, duration) => instanceEvent('info', instance.configuration, `${source} does not advertise any more`, { source, count, seconds: Math.round(duration / 1000) }),
      1, // a loser's last word is no news
    );
  }
}
