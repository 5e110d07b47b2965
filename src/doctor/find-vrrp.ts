/** What the VRRP that was heard says against ours: nobody, or a peer that is configured otherwise, or whose clock is wrong. Pure. */
import type { Configuration, InstanceConfiguration } from '../config/model.js';
import { formatDuration } from '../config/duration.js';
import type { InstanceStatus } from '../control/status.js';
import { familyOf } from '../network/ip-address.js';
import { toMilliseconds } from '../time/microseconds.js';
import { Authenticator, windowOf } from '../vrrp/authentication.js';
import { instanceFamily } from '../vrrp/family.js';
import { addressesThatFit, type Advertisement, decodeAdvertisement, peek, type RejectReason } from '../vrrp/packet.js';
import { decodeIPv4Packet, decodeIPv6Packet, receive } from '../vrrp/receive.js';
import { rejectionAdvice } from '../vrrp/rejection-advice.js';
import type { MistakeCode } from './catalogue.js';
import type { Facts } from './facts.js';
import { type Finding, finding } from './finding.js';
import { isOwn } from './heard.js';
import { instanceSource } from './own-addresses.js';

const codes: Readonly<Record<RejectReason | 'authentication_missing' | 'authentication_unknown_key' | 'authentication_stale' | 'authentication_replay', MistakeCode>> = {
  ip_header: 'vrrp_malformed',
  too_short: 'vrrp_malformed',
  type: 'vrrp_malformed',
  length: 'vrrp_malformed',
  no_addresses: 'vrrp_malformed',
  destination: 'vrrp_unicast_differs',
  unicast_peer: 'vrrp_unicast_differs',
  ttl: 'vrrp_ttl',
  version: 'vrrp_version_differs',
  unknown_virtual_router_id: 'vrrp_router_id_differs',
  checksum: 'vrrp_checksum_wrong',
  authentication_type: 'vrrp_authentication_differs',
  authentication_failure: 'vrrp_password_differs',
  authentication_missing: 'vrrp_authentication_differs',
  authentication_unknown_key: 'vrrp_key_differs',
  authentication_stale: 'clock_differs',
  authentication_replay: 'vrrp_key_differs',
  advertisement_interval: 'vrrp_interval_differs',
  own_address: 'vrrp_own_address',
};

/** All that was heard of one sender for one instance, by what became of it. */
interface Heard {
  readonly source: string;
  readonly hardwareAddress: string;
  count: number;
  advertisement: Advertisement | undefined;
  /** milliseconds that its clock is ahead */
  clockDifference: number | undefined;
  detail: string | undefined;
}
type Outcome = 'accepted' | keyof typeof codes;

interface InstanceHeard {
  readonly instance: InstanceConfiguration;
  readonly outcomes: Map<Outcome, Map<string, Heard>>;
}

const plural = (count: number): string => `${count} ${count === 1 ? 'packet' : 'packets'}`;
const station = ({ source, hardwareAddress }: Heard): string => `${source} (${hardwareAddress})`;

export const findInVrrp = (facts: Facts): readonly Finding[] => {
  const { configuration } = facts;
  if (configuration === undefined) return [];
  return [...sort(facts, configuration).flatMap((heard) => judge(facts, heard)), ...strangers(facts, configuration), ...clock(facts, configuration)];
};

/** What was heard, in sentences that are no findings. */
export const observeVrrp = (facts: Facts): readonly string[] => {
  const { configuration, listened } = facts;
  if (configuration === undefined) return [];
  return sort(facts, configuration).map(({ instance, outcomes }) => {
    const accepted = [...(outcomes.get('accepted')?.values() ?? [])];
    const seconds = (listened / 1_000).toFixed(1);
    if (accepted.length === 0) return `${instance.name}: no advertisement of another router within ${seconds} s${stateOf(facts, instance)?.state === 'MASTER' ? ': this director is MASTER, and backups are silent' : ''}`;
    return `${instance.name}: ${accepted.map((heard) => `${station(heard)} advertises, priority ${heard.advertisement?.priority ?? '?'}, ${plural(heard.count)} within ${seconds} s`).join('; ')}`;
  });
};

const stateOf = ({ daemon }: Facts, { name }: InstanceConfiguration): InstanceStatus | undefined => daemon?.status?.instances.find((each) => each.name === name);

/** As the daemon's own reception does it. */
const sort = (facts: Facts, configuration: Configuration): readonly InstanceHeard[] => {
  const entries = configuration.vrrp.instances.map((instance) => ({ instance, outcomes: new Map<Outcome, Map<string, Heard>>(), configuration: instance, source: instanceSource(instance, facts.host, configuration), authenticator: new Authenticator() }));
  for (const heard of facts.vrrp) {
    if (isOwn(heard, facts)) continue;
    const ip = decodeIPv4Packet(heard.packet) ?? decodeIPv6Packet(heard.packet);
    const here = entries.filter(({ instance }) => instance.interface === heard.interface && (ip === undefined || instanceFamily(instance) === familyOf(ip.source)));
    const received = receive(heard.packet, (virtualRouterId, version) => {
      const candidates = here.filter(({ instance }) => instance.virtualRouterId === virtualRouterId);
      return candidates.find(({ instance }) => instance.version === version) ?? candidates[0];
    });
    const entry = received.instance;
    if (entry === undefined) continue;
    const { authentication } = entry.instance;
    let outcome: Outcome = received.ok ? 'accepted' : received.reason;
    let detail: string | undefined;
    let clockDifference: number | undefined;
    if (received.ok && authentication?.type === 'hmac') {
      const verdict = entry.authenticator.verify(received.signed, received.source, authentication, facts.wallClock + heard.at);
      if (verdict.ok) clockDifference = verdict.clockDifference;
      else if (authentication.mode === 'enforce' || verdict.reason === 'authentication_stale') {
        outcome = verdict.reason;
        detail = verdict.detail;
      }
    }
    const senders = entry.outcomes.get(outcome) ?? new Map<string, Heard>();
    entry.outcomes.set(outcome, senders);
    const source = received.source ?? 'an unknown sender';
    const sender: Heard = senders.get(source) ?? { source, hardwareAddress: heard.hardwareAddress, count: 0, advertisement: undefined, clockDifference: undefined, detail: undefined };
    senders.set(source, sender);
    sender.count++;
    sender.detail ??= detail;
    sender.clockDifference ??= clockDifference;
    sender.advertisement = received.ok ? received.advertisement : (sender.advertisement ?? (ip && advertisementOf(ip)));
  }
  return entries;
};

/** What a rejected one says, as far as it can be read. */
const advertisementOf = ({ payload, source, destination }: { readonly payload: Buffer; readonly source: string; readonly destination: string }): Advertisement | undefined => {
  const decoded = decodeAdvertisement(payload, source, destination);
  return decoded.ok ? decoded.advertisement : undefined;
};

const judge = (facts: Facts, { instance, outcomes }: InstanceHeard): readonly Finding[] => {
  const rejected = [...outcomes].flatMap(([outcome, senders]) => (outcome === 'accepted' ? [] : [...senders.values()].map((heard) => rejection(instance, outcome, heard))));
  const accepted = [...(outcomes.get('accepted')?.values() ?? [])];
  const status = stateOf(facts, instance);
  return [...rejected, ...accepted.flatMap((heard) => comparison(facts, instance, heard)), ...(rejected.length > 0 ? [] : masters(instance, accepted, status)), ...(outcomes.size === 0 ? silence(facts, instance, status) : [])];
};

const rejection = (instance: InstanceConfiguration, outcome: keyof typeof codes, heard: Heard): Finding => {
  const { advertisement, count, detail } = heard;
  const { version, authentication } = instance;
  const from = `${plural(count)} of ${station(heard)} rejected`;
  const isHmac = authentication?.type === 'hmac';
  const code = outcome === 'authentication_failure' && isHmac ? 'vrrp_key_differs' : codes[outcome];
  const remedy = `${rejectionAdvice(outcome) ?? 'look at its configuration'}`;
  switch (outcome) {
    case 'version':
      return finding(code, instance.name, `${from}: VRRPv${version === 2 ? 3 : 2}, ours is VRRPv${version}`, `vrrp.instances[].version: the same on both (keepalived: vrrp_version)`);
    case 'advertisement_interval':
      return finding(code, instance.name, `${from}: it advertises every ${advertisement === undefined ? '?' : formatDuration(advertisement.interval)}, ours is every ${formatDuration(instance.advertisementInterval)}`, 'advertisement_interval: the same on both (keepalived: advert_int)');
    case 'authentication_failure':
      return finding(code, instance.name, `${from}: ${isHmac ? (detail ?? '') : 'its password is not ours'}`, isHmac ? 'authentication.keys: the same on both' : 'authentication.password: the same on both, its first eight characters count (keepalived: auth_pass)');
    case 'checksum':
      return finding(code, instance.name, `${from}: their checksum is wrong`, `find what sends or damages them: a sender of another kind, its driver, a broken link (tcpdump -vvni ${instance.interface} vrrp)`);
    default:
      return finding(code, instance.name, `${from}: ${detail ?? outcome.replaceAll('_', ' ')}`, remedy);
  }
};

const comparison = ({ host }: Facts, instance: InstanceConfiguration, heard: Heard): readonly Finding[] => {
  const { advertisement, clockDifference } = heard;
  if (advertisement === undefined) return [];
  const found: Finding[] = [];
  const { advertisementInterval, checksum, authentication } = instance;
  if (advertisement.interval !== advertisementInterval) {
    found.push(finding('vrrp_interval_differs', instance.name, `${station(heard)} advertises every ${formatDuration(advertisement.interval)}, ours is every ${formatDuration(advertisementInterval)}`, 'advertisement_interval: the same on both (keepalived: advert_int)'));
  }
  if (advertisement.version === 3 && instanceFamily(instance) === 'ipv4' && advertisement.checksum !== checksum) {
    found.push(finding('vrrp_checksum_form_differs', instance.name, `${station(heard)} sends the checksum as ${advertisement.checksum}, ours is ${checksum}`, `checksum: ${advertisement.checksum}, or the other router's the same as ours`));
  }
  const mtu = host.links.find(({ name }) => name === instance.interface)?.mtu;
  const listed = instance.virtualAddresses.filter(({ advertise }) => advertise).map(({ address }) => address);
  const ours = instanceFamily(instance) === 'ipv4' ? listed.slice(0, addressesThatFit(mtu, authentication?.type === 'hmac')) : listed;
  const [missing, more] = [ours.filter((address) => !advertisement.addresses.includes(address)), advertisement.addresses.filter((address) => !ours.includes(address))];
  if (advertisement.priority > 0 && missing.length + more.length > 0) {
    const differences = [...(missing.length > 0 ? [`it lacks ${missing.join(', ')}`] : []), ...(more.length > 0 ? [`it has ${more.join(', ')}, which we lack`] : [])].join(', ');
    found.push(finding('vrrp_addresses_differ', instance.name, `${station(heard)} lists other addresses than ours: ${differences}`, 'virtual_addresses: the same on both'));
  }
  const window = authentication?.type === 'hmac' ? windowOf(authentication) : undefined;
  if (clockDifference !== undefined && window !== undefined && Math.abs(clockDifference) > window / 2) {
    found.push(finding('clock_differs', instance.name, `the clock of ${station(heard)} is ${(Math.abs(clockDifference) / 1_000).toFixed(1)} s ${clockDifference < 0 ? 'behind' : 'ahead of'} ours, and beyond ${(window / 1_000).toFixed(1)} s its packets are rejected`, 'run chrony or systemd-timesyncd on both: timedatectl set-ntp true'));
  }
  return found;
};

const masters = (instance: InstanceConfiguration, accepted: readonly Heard[], status: InstanceStatus | undefined): readonly Finding[] => {
  const conflicts = status?.conflicts.filter(({ kind }) => kind === 'master') ?? [];
  const speaking = accepted.filter(({ count, advertisement }) => count >= 3 && (advertisement?.priority ?? 0) > 0);
  const remedy = `find why one does not hear the other: tandem doctor there, and tcpdump -ni ${instance.interface} vrrp on both`;
  if (status?.state === 'MASTER' && speaking.length > 0) return speaking.map((heard) => finding('two_masters', instance.name, `this director is MASTER, and ${station(heard)} advertises priority ${heard.advertisement?.priority ?? '?'} without end (${plural(heard.count)})`, remedy));
  if (conflicts.length > 0) return conflicts.map(({ address, hardware_address: hardwareAddress, since }) => finding('two_masters', instance.name, `${address ?? hardwareAddress ?? 'another router'} is master too since ${since}`, remedy));
  if (speaking.length > 1) return [finding('two_masters', instance.name, `${speaking.map(station).join(' and ')} advertise both`, remedy)];
  return [];
};

const silence = ({ listened, daemon, unseen }: Facts, instance: InstanceConfiguration, status: InstanceStatus | undefined): readonly Finding[] => {
  // a master hears nobody, and whether this is one may be unknown; a silence shorter than two intervals says nothing
  const isDeaf = unseen.some(({ what }) => what === instance.interface);
  if (daemon === undefined || isDeaf || status?.state === 'MASTER' || status?.state === 'FAULT' || listened < 2 * toMilliseconds(instance.advertisementInterval)) return [];
  const whom = instance.unicast ? `from ${instance.unicast.peers.join(', ')}` : 'from anyone';
  return [
    finding('vrrp_not_heard', instance.name, `${status === undefined ? 'this director takes no part' : `this director is ${status.state}`}, and no advertisement of virtual router ${instance.virtualRouterId} came ${whom} by ${instance.interface} within ${(listened / 1_000).toFixed(1)} s`, `look at the other director: tandem status there. If it is MASTER, the network does not carry protocol 112${instance.unicast ? '' : ' or its multicast group (give both unicast: { peers: [...] })'}; tcpdump -ni ${instance.interface} vrrp on both shows what is sent`),
  ];
};

/** A virtual router that is none of ours and lists an address of ours. */
const strangers = (facts: Facts, { vrrp }: Configuration): readonly Finding[] => {
  const found = new Map<string, Finding>();
  for (const heard of facts.vrrp) {
    if (isOwn(heard, facts)) continue;
    const ip = decodeIPv4Packet(heard.packet) ?? decodeIPv6Packet(heard.packet);
    const head = ip && peek(ip.payload);
    if (!ip || !head || vrrp.instances.some(({ interface: name, virtualRouterId }) => name === heard.interface && virtualRouterId === head.virtualRouterId)) continue;
    const listed = advertisementOf(ip)?.addresses ?? [];
    const claimed = vrrp.instances.find((instance) => instance.interface === heard.interface && instance.virtualAddresses.some(({ address }) => listed.includes(address)));
    if (claimed === undefined) continue;
    const seen = `${ip.source} (${heard.hardwareAddress}) advertises ${listed.filter((address) => claimed.virtualAddresses.some((own) => own.address === address)).join(', ')} as virtual router ${head.virtualRouterId}, ours is ${claimed.virtualRouterId}`;
    found.set(`${claimed.name} ${ip.source} ${head.virtualRouterId}`, finding('vrrp_router_id_differs', claimed.name, seen, 'virtual_router_id: the same on both'));
  }
  return [...found.values()];
};

/** Only where the time decides: then a clock that runs free ends in two masters. */
const clock = ({ host }: Facts, { vrrp }: Configuration): readonly Finding[] => {
  const timed = vrrp.instances.filter(({ authentication }) => authentication?.type === 'hmac' && windowOf(authentication) !== undefined);
  if (timed.length === 0 || host.clockSynchronised !== false) return [];
  return [finding('clock_not_synchronised', timed.map(({ name }) => name).join(', '), "the kernel's clock is not synchronised (adjtimex)", 'run chrony or systemd-timesyncd: timedatectl set-ntp true; or authentication.anti_replay: monotonic')];
};
