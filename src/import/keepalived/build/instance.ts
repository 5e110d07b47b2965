/** An instance of the result. */
import { mostAdvertisedIPv6 } from '../../../config/cross-checks/family.js';
import { type Family, familyOf } from '../../../network/ip-address.js';
import { Microseconds, Milliseconds, Seconds } from '../../../time/microseconds.js';
import type { AddressDraft, GroupDraft, InstanceDraft } from '../drafts.js';
import { inline, inlineList, list, mapping, type OutputEntry, type OutputItem, type OutputMapping } from '../output.js';
import { shortPlace, type Place } from '../place.js';
import { nameOf } from '../values.js';
import { addressOutput, familyOfDraft, withoutDoubles } from './addresses.js';
import { authenticationOutput } from './authentication.js';
import { commandOutput, commandTimeout, commonUser, doubt, durationOutput, interfaceName, type BuildContext } from './context.js';
import { itemsOf, routeOutput, ruleOutput, type Preferences } from './routes.js';
import { trackOutput } from './track.js';

/** What several sections of the result need to know of it. */
export interface BuiltInstance {
  readonly name: string;
  readonly virtualRouterId: number;
  readonly item: OutputItem;
}

const version3 = { step: Milliseconds(10), most: Milliseconds(40_950) };

/** keepalived rounds what a version cannot say. */
const intervalOf = (context: BuildContext, { interval }: InstanceDraft, version: 2 | 3): Microseconds | undefined => {
  if (interval === undefined) return undefined;
  const step = version === 2 ? Seconds(1) : version3.step;
  const rounded = Microseconds(Math.max(step, Math.min(Math.round(interval.value / step) * step, version === 2 ? Seconds(255) : version3.most)));
  if (rounded !== interval.value) doubt(context, interval.place, `VRRP version ${version} cannot say this interval, and keepalived rounds it`, `it is imported as ${durationOutput(rounded) ?? ''}${version === 2 ? '; give version: 3 on both directors for shorter ones' : ''}`);
  return rounded;
};

interface Addresses {
  readonly family: Family;
  readonly items: readonly OutputItem[];
}

/** @param carrier name of the interface that carries addresses without one; empty: a macvlan whose name follows from the family */
const addressesOf = (context: BuildContext, draft: InstanceDraft, carrier: string): Addresses | undefined => {
  const [first, ...others] = withoutDoubles(context, [...draft.addresses, ...draft.excluded]);
  if (first === undefined) {
    doubt(context, draft.place, `the instance ${draft.name} has no address, and an instance of Tandem holds at least one`, 'it is left out; give it an address, and import again');
    return undefined;
  }
  const onlyExcluded = draft.addresses.length === 0;
  if (onlyExcluded) doubt(context, draft.place, `the instance ${draft.name} advertises no address`, 'the first one is advertised, as RFC 9568 asks for; change over both directors at once');
  const family = familyOfDraft(first);
  const listed = new Set(draft.addresses);
  const isOdd = (each: AddressDraft): boolean => listed.has(each) && familyOfDraft(each) !== family;
  const all = [first, ...others].filter((each) => {
    if (isOdd(each)) doubt(context, each.place, `${each.network.address} is not of the family of ${draft.name}'s first address`, 'it is left out, as keepalived leaves it out; make an instance of its own for it, or put it into virtual_ipaddress_excluded');
    return !isOdd(each);
  });
  const isAdvertised = (each: AddressDraft): boolean => (onlyExcluded ? each === first : listed.has(each));
  let advertised = 0;
  const most = family === 'ipv6' ? mostAdvertisedIPv6 : 255;
  // on its own interface means on the macvlan above it
  const placed = (each: AddressDraft): AddressDraft => (draft.virtualMac !== undefined && each.interface === draft.interface ? (({ interface: _, ...rest }) => rest)(each) : each);
  const items = all.map((each) => addressOutput(context, placed(each), { carrier, writesCarrier: false, advertise: isAdvertised(each) && ++advertised <= most }));
  return { family, items };
};

const garpOf = (draft: InstanceDraft, { global }: BuildContext['file']): OutputMapping => {
  const garp = { repeat: global.minGarp === true ? 1 : 5, delay: global.minGarp === true ? Seconds(0) : Seconds(5), refresh: Seconds(0), interval: Seconds(0), ...global.garp, ...draft.garp };
  return inline({
    repeat: garp.repeat === 5 ? undefined : garp.repeat,
    delay: garp.delay === Seconds(5) ? undefined : durationOutput(garp.delay),
    refresh: garp.refresh === Seconds(60) ? undefined : durationOutput(garp.refresh),
    interval: garp.interval === 0 ? undefined : durationOutput(garp.interval),
  });
};

const unicastOf = (context: BuildContext, { unicast, name, place }: InstanceDraft, family: Family): OutputMapping | undefined => {
  const peers = unicast.peers.filter((peer) => {
    const fits = familyOf(peer.address) === family && peer.address !== unicast.source;
    if (!fits) doubt(context, peer.place, peer.address === unicast.source ? `${peer.address} is this director itself` : `${peer.address} is not of the family of the virtual addresses`, 'it is left out of the peers');
    return fits;
  });
  const unique = [...new Map(peers.map((peer) => [peer.address, peer])).values()];
  if (unique.length === 0) {
    if (unicast.place !== undefined || unicast.source !== undefined) doubt(context, unicast.place ?? unicast.sourcePlace ?? place, `${name} has no unicast peers: keepalived sends by multicast then`, 'it is imported with multicast; give unicast_peer the other director, and import again');
    return undefined;
  }
  const bound = (values: readonly (number | undefined)[], fallback: number, widest: (...numbers: number[]) => number): number | undefined => {
    const all = values.map((value) => value ?? fallback);
    if (new Set(all).size > 1) doubt(context, unicast.place ?? place, 'the peers have different limits of the TTL', 'the widest is imported, for all of them');
    const value = widest(...all);
    return value === fallback ? undefined : value;
  };
  const source = unicast.source !== undefined && familyOf(unicast.source) !== family ? undefined : unicast.source;
  return inline({ source, peers: inlineList(unique.map(({ address }) => address)), ttl: unicast.ttl, min_ttl: bound(unique.map(({ minTtl }) => minTtl), 0, Math.min), max_ttl: bound(unique.map(({ maxTtl }) => maxTtl), 255, Math.max) });
};

/** With initial state MASTER keepalived clears both, unless strict, where the state follows from the priority; with priority 255 preemption is always on. */
const preemptionOf = (context: BuildContext, draft: InstanceDraft, priority: number, strict: boolean): { readonly preempt: boolean; readonly delay: Microseconds | undefined } => {
  const { preempt, preemptDelay, state } = draft;
  const void_ = priority === 255 ? 'priority 255' : state === 'MASTER' && !strict ? 'state MASTER' : undefined;
  if (void_ !== undefined && preempt?.on === false) doubt(context, preempt.place, `nopreempt has no effect with ${void_}: keepalived clears it`, 'it is imported as preempt: true; write preempt: false if it is meant');
  if (void_ !== undefined && preemptDelay !== undefined) doubt(context, preemptDelay.place, `preempt_delay has no effect with ${void_}: keepalived clears it`, 'it is left out; write preempt_delay if it is meant');
  const isOff = void_ === undefined && preempt?.on === false;
  if (void_ === undefined && (isOff || strict) && preemptDelay !== undefined) doubt(context, preemptDelay.place, `preempt_delay has no effect with ${isOff ? 'nopreempt' : 'vrrp_strict'}: keepalived clears it`, 'it is left out');
  return { preempt: !isOff, delay: void_ === undefined && !isOff && !strict ? preemptDelay?.value : undefined };
};

export const notifyOutput = (context: BuildContext, { master, backup, fault, stop, any, place }: InstanceDraft['notify'], fallback: Place): OutputMapping | undefined => {
  const commands = [master, backup, fault, stop, any];
  if (commands.every((command) => command === undefined)) return undefined;
  const user = commonUser(context, commands, place ?? fallback);
  return mapping({
    master: commandOutput(master),
    backup: commandOutput(backup),
    fault: commandOutput(fault),
    stop: commandOutput(stop),
    any: commandOutput(any),
    timeout: commandTimeout,
    user: user === 'root' ? undefined : user,
  });
};

export const instanceOutput = (context: BuildContext, draft: InstanceDraft, group: GroupDraft | undefined, preferences: Preferences): BuiltInstance | undefined => {
  const { file, findings } = context;
  const { global } = file;
  if (draft.id === undefined) {
    findings.error(draft.place, { code: 'missing_key', message: `the instance ${draft.name} has no virtual_router_id`, remedy: 'give it one from 1 to 255, alike on both directors; keepalived does not run without it' });
    return undefined;
  }
  if (draft.interface === undefined) {
    if (draft.unicast.peers.length === 0) {
      findings.error(draft.place, { code: 'missing_key', message: `the instance ${draft.name} has no interface`, remedy: 'give it one; keepalived does not run without it' });
      return undefined;
    }
    doubt(context, draft.place, `the instance ${draft.name} has no interface, which keepalived admits with unicast`, `it is imported with ${global.defaultInterface}: give the one that leads to the peers`);
  }
  const name = nameOf(draft.name);
  if (name !== draft.name) doubt(context, draft.place, `${draft.name} is no name that Tandem can have`, `it is imported as ${name}; scripts that are told the name must know`);
  const interfaceOf = interfaceName(context, draft.interface ?? global.defaultInterface, draft.interfacePlace ?? draft.place);
  const macInterface = draft.virtualMac?.name;
  // the macvlan's name is not known to addresses that name none: they go where the instance puts them
  const addresses = addressesOf(context, draft, macInterface ?? (draft.virtualMac === undefined ? interfaceOf : ''));
  if (addresses === undefined) return undefined;
  const { family } = addresses;
  const version = family === 'ipv6' ? 3 : (draft.version ?? global.version);
  if (family === 'ipv6' && draft.version === 2) doubt(context, draft.versionPlace ?? draft.place, 'IPv6 is VRRP version 3', 'it is imported as version: 3');
  const owner = draft.priority === undefined && draft.state === 'MASTER';
  const priority = draft.priority ?? (owner ? 255 : 100);
  const strict = draft.strict ?? global.strict ?? false;
  const { preempt, delay } = preemptionOf(context, draft, priority, strict);
  // strict: VRRPv2 knows no Accept_Mode that could be set
  const accepts = strict && version === 2 ? false : (draft.accept?.on ?? !strict);
  if (draft.accept?.on === false && priority === 255) doubt(context, draft.accept.place, 'the owner of the addresses (priority 255) always accepts what is sent to them', 'no_accept is left out');
  const withoutPseudoHeader = draft.checksumWithoutPseudoHeader ?? global.checksumWithoutPseudoHeader ?? false;
  const checksum = withoutPseudoHeader !== (global.checksumWithoutPseudoHeader ?? false) && version === 3 && family === 'ipv4' ? (withoutPseudoHeader ? 'rfc9568' : 'pseudo_header') : undefined;
  const interval = intervalOf(context, draft, version);
  const macName = macInterface !== undefined && Buffer.byteLength(macInterface) <= 15 ? inline({ interface: macInterface }) : true;
  const ownDelay = file.delays.has(interfaceOf);
  if (ownDelay) doubt(context, draft.interfacePlace ?? draft.place, `the delays of ${interfaceOf} are not imported for the instance's own interface, which counts at once`, 'nothing is to be done, unless the interface flaps');
  const value = mapping({
    name,
    interface: { value: interfaceOf, place: draft.interfacePlace },
    virtual_router_id: { value: draft.id, place: draft.idPlace },
    version: version === global.version ? undefined : { value: version, comment: family === 'ipv6' ? 'IPv6' : undefined },
    priority: owner ? { value: 255, comment: "keepalived's default with state MASTER", place: draft.place } : { value: draft.priority === undefined ? undefined : priority, place: draft.priorityPlace },
    advertisement_interval: interval === undefined || interval === Seconds(1) ? undefined : { value: durationOutput(interval), place: draft.interval?.place },
    preempt: preempt ? undefined : false,
    preempt_delay: durationOutput(delay === 0 ? undefined : delay),
    checksum,
    authentication: authenticationOutput(context, draft, version, strict),
    virtual_addresses: list(addresses.items),
    virtual_routes: itemsOf(context, draft.routes, (statement) => routeOutput(context, statement, family, interfaceOf)),
    virtual_rules: itemsOf(context, draft.rules, (statement) => ruleOutput(context, statement, family, preferences)),
    garp: { value: garpOf(draft, file), comment: draft.garp.refresh === undefined && global.garp.refresh === undefined ? "keepalived's default; Tandem's is a refresh every 60s" : undefined },
    unicast: { value: unicastOf(context, draft, family), place: draft.unicast.place },
    virtual_mac: draft.virtualMac === undefined ? undefined : { value: macName, place: draft.virtualMac.place },
    accept: accepts || priority === 255 ? undefined : false,
    track: trackOutput(context, draft.track, { group: group?.track, ignoresWeights: group !== undefined && group.keepsWeights !== true, ownInterface: interfaceOf }),
    notify: notifyOutput(context, draft.notify, draft.place),
  });
  return { name, virtualRouterId: draft.id, item: { value: withoutEmpty(value), place: draft.place, above: `${shortPlace(draft.place)}: vrrp_instance ${draft.name}` } };
};

/** `garp: {}` says nothing. */
const withoutEmpty = (value: OutputMapping): OutputMapping => ({ ...value, entries: value.entries.filter(({ value: inner }: OutputEntry) => !(typeof inner === 'object' && inner.kind === 'mapping' && inner.entries.length === 0)) });
