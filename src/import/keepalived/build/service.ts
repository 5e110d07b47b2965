/** Virtual servers of the result. */
import { familyOf, type Family } from '../../../network/ip-address.js';
import type { ChangeDraft, ForwardingDraft, RealServerDraft, ServiceDraft, VirtualServerGroupDraft } from '../drafts.js';
import { inline, inlineList, list, mapping, type Output, type OutputEntry, type OutputItem, type OutputMapping } from '../output.js';
import { shortPlace, type Place } from '../place.js';
import { nameOf } from '../values.js';
import { commandOutput, commandTimeout, commonUser, doubt, type BuildContext } from './context.js';
import { healthCheckOutput } from './health-check.js';

/** What one service of the result answers to. */
interface Target {
  readonly name: string;
  readonly keys: Readonly<Record<string, Output | undefined>>;
  readonly family: Family;
  /** the one port of all its addresses; undefined = several; 0 = every one */
  readonly port: number | undefined;
  readonly isMark: boolean;
  /** where probes go that say no port: that of its first address */
  readonly probed: number;
}

const largestWeight = 65_535;

/** `192.0.2.10:80/tcp`; of IPv6 `2001:db8::10@80/tcp`, since a name has no brackets. */
const addressName = (address: string, port: number, protocol: string): string => nameOf(`${address}${familyOf(address) === 'ipv6' ? '@' : ':'}${port === 0 ? 'any' : port}/${protocol}`);

const firstFamily = ({ servers, family }: ServiceDraft): Family => family ?? familyOf(servers[0]?.address ?? '');

const targetsOf = (context: BuildContext, draft: ServiceDraft, protocol: string): readonly Target[] => {
  const { target } = draft;
  switch (target.kind) {
    case 'address':
      return [{ name: addressName(target.address, target.port, protocol), keys: { address: target.address, port: target.port }, family: familyOf(target.address), port: target.port, isMark: false, probed: target.port }];
    case 'mark':
      return [markTarget(target.mark, firstFamily(draft), draft)];
    case 'group': {
      const group = context.file.serverGroups.find(({ name }) => name === target.name);
      if (group !== undefined) return groupTargets(context, group, draft);
      context.findings.warn(draft.place, { code: 'unknown_reference', message: `there is no virtual_server_group ${target.name}`, remedy: 'this virtual_server is left out, as keepalived leaves it out' });
      return [];
    }
  }
};

const markTarget = (mark: number, family: Family, { target }: ServiceDraft): Target => ({
  name: target.kind === 'group' ? nameOf(`${target.name}-fwmark-${mark}${family === 'ipv6' ? '-ipv6' : ''}`) : `fwmark-${mark}${family === 'ipv6' ? '-ipv6' : ''}`,
  keys: { fwmark: mark, family: family === 'ipv6' ? 'ipv6' : undefined },
  family,
  port: 0,
  isMark: true,
  probed: 0,
});

const groupTargets = (context: BuildContext, group: VirtualServerGroupDraft, draft: ServiceDraft): readonly Target[] => {
  const targets: Target[] = [];
  for (const family of ['ipv4', 'ipv6'] as const) {
    const entries = group.addresses.filter((entry) => entry.family === family);
    const [first, ...others] = entries;
    if (first === undefined) continue;
    const port = others.every((entry) => entry.port === first.port) ? first.port : undefined;
    const addresses = list(entries.map(({ range, port: own, place }) => ({ value: port === undefined ? inline({ address: range, port: own }) : range, place })));
    targets.push({ name: nameOf(`${group.name}${targets.length === 0 ? '' : '-ipv6'}`), keys: { addresses, port }, family, port, isMark: false, probed: first.port });
  }
  targets.push(...group.marks.map(({ mark, family }) => markTarget(mark, family ?? firstFamily(draft), draft)));
  if (targets.length > 1) doubt(context, group.place, `the group ${group.name} has ${group.marks.length > 0 ? 'firewall marks beside addresses' : 'addresses of both families'}, which are services of their own here`, 'nothing is to be done; each has its own quorum and its own line in status, equal checks are made once');
  if (targets.length === 0) doubt(context, group.place, `the group ${group.name} is empty`, 'it is left out, and so is its virtual_server');
  return targets;
};

const forwardingOutput = ({ method, type, port, checksum }: ForwardingDraft): Output =>
  type === undefined || type === 'ipip' ? method : inline({ method, type, port: type === 'gue' ? (port ?? 6080) : undefined, checksum: checksum === 'none' || (checksum === 'remote' && type !== 'gue') ? undefined : checksum });

const sameForwarding = (a: ForwardingDraft, b: ForwardingDraft): boolean => JSON.stringify(forwardingOutput(a)) === JSON.stringify(forwardingOutput(b));

const changesOutput = (context: BuildContext, { up, down }: ChangeDraft, place: Place, [upKey, downKey]: readonly [string, string]): Readonly<Record<string, Parameters<typeof mapping>[0][string]>> => {
  if (up === undefined && down === undefined) return {};
  const user = commonUser(context, [up, down], place);
  return { [upKey]: commandOutput(up), [downKey]: commandOutput(down), timeout: commandTimeout, user: user === 'root' ? undefined : user };
};

interface BuiltServer {
  readonly keys: Readonly<Record<string, Parameters<typeof mapping>[0][string]>>;
  readonly check: OutputMapping | 'none';
  readonly place: Place;
}

const serverOutput = (context: BuildContext, server: RealServerDraft, service: ServiceDraft, target: Target, forwarding: ForwardingDraft, defaultForwarding: ForwardingDraft): BuiltServer => {
  const { address, place, upperThreshold: upper } = server;
  const mapsPorts = forwarding.method === 'nat';
  const own = server.port === 0 ? undefined : server.port;
  const differs = own !== undefined && own !== target.port;
  // DR and TUN keep the port whatever the real server's says: it matters to the probe only. So does that of a service of every port
  const keepsPort = differs && mapsPorts && (target.isMark || target.port !== 0);
  if (differs && !keepsPort && !target.isMark) doubt(context, place, `the port ${own} of the real server has no effect: ${mapsPorts ? 'the service has every port' : 'DR and TUN keep that of the service'}`, 'it is imported for the health check only');
  const weight = server.weight ?? service.weight ?? 1;
  if (weight > largestWeight) doubt(context, place, `the weight ${weight} is more than ${largestWeight}, which a scheduler makes nothing of`, `it is imported as ${largestWeight}: divide the weights of all`);
  const lower = server.lowerThreshold !== undefined && server.lowerThreshold > 0 && server.lowerThreshold >= (upper ?? 0) ? undefined : server.lowerThreshold;
  if (lower !== server.lowerThreshold) doubt(context, place, 'lthreshold is not below uthreshold', 'it is left out');
  const checkPort = own !== undefined && !keepsPort && differs ? own : undefined;
  const check = healthCheckOutput(context, server, service, checkPort);
  const notify = changesOutput(context, server.commands, place, ['up', 'down']);
  return {
    keys: {
      address,
      port: keepsPort ? own : undefined,
      weight: weight === 1 ? undefined : Math.min(weight, largestWeight),
      forwarding: sameForwarding(forwarding, defaultForwarding) ? undefined : forwardingOutput(forwarding),
      upper_threshold: upper === 0 ? undefined : upper,
      lower_threshold: lower === 0 ? undefined : lower,
      notify: Object.keys(notify).length === 0 ? undefined : mapping(notify),
    },
    check: check !== 'none' && needsPort(check, server, target) ? withoutCheck(context, server) : check,
    place,
  };
};

/** Two real servers of one address whose ports do not count are one destination of the kernel. */
const withoutDoubles = (context: BuildContext, built: readonly BuiltServer[]): readonly BuiltServer[] => {
  const seen = new Set<string>();
  return built.filter(({ keys, place }) => {
    const key = `${String(keys['address'])} ${String(keys['port'] ?? '')}`;
    const isNew = !seen.has(key);
    seen.add(key);
    if (!isNew) doubt(context, place, `${String(keys['address'])} is a real server of this service already, since its port does not count here`, 'it is left out');
    return isNew;
  });
};

/** A probe over TCP or UDP of a service of every port, with no port of its own. */
const needsPort = (check: OutputMapping, { port }: RealServerDraft, target: Target): boolean => {
  const keys = new Map(check.entries.map(({ key, value }) => [key, value]));
  const type = keys.get('type');
  return type !== 'ping' && type !== 'script' && !keys.has('port') && !port && target.probed === 0;
};

const withoutCheck = (context: BuildContext, { checks, place }: RealServerDraft): 'none' => {
  doubt(context, checks[0]?.place ?? place, 'the check has no port to probe: neither it, nor the real server, nor the service has one', 'the server is imported without a check; give connect_port, and import again');
  return 'none';
};

const quorumOutput = (context: BuildContext, draft: ServiceDraft): OutputMapping | undefined => {
  const total = draft.servers.reduce((sum, server) => sum + Math.min(server.weight ?? draft.weight ?? 1, largestWeight), 0);
  const wanted = draft.quorum?.weight ?? 1;
  const weight = draft.servers.length > 0 && wanted > total ? Math.max(total, 0) : wanted;
  if (weight !== wanted && draft.quorum !== undefined) doubt(context, draft.quorum.place, `the quorum ${wanted} is more than all weights together (${total}): keepalived lowers it`, `it is imported as ${weight}`);
  let hysteresis = draft.hysteresis?.weight ?? 0;
  if (draft.hysteresis !== undefined && hysteresis >= weight) {
    hysteresis = Math.max(0, weight - 1);
    doubt(context, draft.hysteresis.place, `the hysteresis ${draft.hysteresis.weight} is not below the quorum ${weight}: keepalived lowers it`, `it is imported as ${hysteresis}`);
  }
  const commands = changesOutput(context, draft.quorumCommands, draft.place, ['on_up', 'on_down']);
  const value = mapping({ weight: weight === 1 || (draft.quorum === undefined && weight === 0) ? undefined : weight, hysteresis: hysteresis === 0 ? undefined : hysteresis, ...commands });
  return value.entries.length === 0 ? undefined : { ...value, flow: Object.keys(commands).length === 0 };
};

const persistenceOf = (context: BuildContext, draft: ServiceDraft, target: Target, protocol: string): Output | undefined => {
  const timeout = draft.persistence?.seconds ?? (draft.netmask !== undefined || draft.engine !== undefined || (target.port === 0 && !target.isMark) ? 360 : undefined);
  if (timeout === undefined) return undefined;
  if (draft.persistence === undefined && draft.netmask === undefined && draft.engine === undefined) doubt(context, draft.place, 'a service of every port is persistent: keepalived makes it so', 'it is imported with 360s');
  const isLength = draft.netmask !== undefined && /^\d+$/.test(draft.netmask);
  const mask = draft.netmask === undefined ? {} : target.family === 'ipv6' ? (isLength ? { prefix_length: Number(draft.netmask) } : {}) : isLength ? {} : { netmask: draft.netmask === '255.255.255.255' ? undefined : draft.netmask };
  const engine = draft.engine === undefined || (protocol !== 'udp' && !target.isMark) ? undefined : draft.engine;
  return inline({ timeout: `${timeout}s`, ...mask, engine });
};

const serviceOutput = (context: BuildContext, draft: ServiceDraft, target: Target, name: string, protocol: string): OutputItem => {
  const forwarding: ForwardingDraft = draft.forwarding ?? { method: 'nat' };
  const built = withoutDoubles(context, draft.servers.map((server) => serverOutput(context, server, draft, target, server.forwarding ?? forwarding, forwarding)));
  const [firstCheck] = built.map(({ check }) => check);
  const shared = firstCheck !== undefined && built.length > 1 && built.every(({ check }) => JSON.stringify(plain(check)) === JSON.stringify(plain(firstCheck)));
  const servers = built.map(({ keys, check, place }): OutputItem => {
    const value = mapping({ ...keys, health_check: shared ? undefined : flowing(check) });
    const simple = keys['notify'] === undefined && (shared || check === 'none');
    return { value: { ...value, flow: simple }, place };
  });
  const inhibited = draft.servers.filter(({ inhibit }) => inhibit ?? draft.inhibit ?? false);
  if (inhibited.length > 0 && inhibited.length < draft.servers.length) doubt(context, inhibited[0]?.place ?? draft.place, 'some real servers of this service have inhibit_on_failure; in Tandem all have it or none', 'on_failure: weight_zero is imported, for all of them');
  const alpha = draft.servers.map((server) => server.checks[0]?.alpha ?? server.alpha ?? draft.alpha ?? false);
  if (alpha.includes(true) && alpha.includes(false)) doubt(context, draft.place, 'some real servers of this service have alpha; in Tandem all have it or none', 'initial: down is imported, for all of them');
  const { scheduler = 'wlc', sorry } = draft;
  const flags = [...draft.flags];
  const hashes = scheduler === 'sh' || scheduler === 'mh';
  if (flags.length > 0 && !hashes) doubt(context, draft.place, `the scheduler ${scheduler} has no flags`, 'they are left out');
  const onePacket = draft.onePacket !== undefined && (protocol === 'udp' || target.isMark);
  if (draft.onePacket !== undefined && !onePacket) doubt(context, draft.onePacket, 'ops is for UDP', 'it is left out');
  const sorryForwarding = draft.sorryForwarding ?? forwarding;
  const sorryPort = sorry?.port === 0 || sorry?.port === target.port || (sorryForwarding.method !== 'nat') || (!target.isMark && target.port === 0) ? undefined : sorry?.port;
  const value = mapping({
    name,
    ...target.keys,
    protocol: target.isMark ? undefined : draft.protocol === undefined ? { value: protocol, comment: "keepalived's default; Tandem's is tcp" } : protocol === 'tcp' ? undefined : protocol,
    scheduler,
    scheduler_flags: flags.length > 0 && hashes ? inlineList(flags) : undefined,
    one_packet: onePacket ? true : undefined,
    forwarding: draft.forwarding === undefined ? { value: 'nat', comment: "keepalived's default" } : forwardingOutput(forwarding),
    persistence: persistenceOf(context, draft, target, protocol),
    quorum: { value: quorumOutput(context, draft), place: draft.quorum?.place },
    sorry_server: sorry === undefined ? undefined : { value: inline({ address: sorry.address, port: sorryPort, forwarding: sameForwarding(sorryForwarding, forwarding) ? undefined : forwardingOutput(sorryForwarding), on_recovery: draft.sorryInhibit === true ? 'weight_zero' : undefined }), place: sorry.place },
    on_failure: inhibited.length > 0 ? 'weight_zero' : undefined,
    initial: alpha.includes(true) || draft.servers.length === 0 ? undefined : { value: 'up', comment: 'as keepalived without alpha' },
    health_check: shared ? flowing(firstCheck) : undefined,
    real_servers: servers.length === 0 ? undefined : list(servers),
  });
  return { value, place: draft.place, above: `${shortPlace(draft.place)}: virtual_server ${targetWords(draft.target)}` };
};

const targetWords = (target: ServiceDraft['target']): string => (target.kind === 'address' ? `${target.address} ${target.port === 0 ? '' : target.port}`.trim() : target.kind === 'mark' ? `fwmark ${target.mark}` : `group ${target.name}`);

/** Only what becomes text: places do not make two checks different. */
const plain = (value: Output): unknown => {
  if (typeof value !== 'object') return value;
  return value.kind === 'list' ? value.items.map(({ value: item }) => plain(item)) : value.entries.map(({ key, value: item }: OutputEntry) => [key, plain(item)]);
};

/** On one line where it is short. */
const flowing = (check: OutputMapping | 'none'): Output => (check === 'none' || check.entries.some(({ value }) => typeof value === 'object' && value.flow !== true) ? check : { ...check, flow: JSON.stringify(plain(check)).length < 260 });

export const servicesOutput = (context: BuildContext): readonly OutputItem[] => {
  const names = new Set<string>();
  const taken = new Set<string>();
  return context.file.services.flatMap((draft) => {
    const protocol = draft.protocol ?? 'udp';
    if (draft.protocol === undefined && draft.target.kind !== 'mark') doubt(context, draft.place, 'without protocol keepalived takes UDP', 'it is imported as udp; give protocol: tcp if that was a mistake');
    return targetsOf(context, draft, protocol).flatMap((target): readonly OutputItem[] => {
      const key = JSON.stringify([plain(mapping(target.keys)), target.isMark ? '' : protocol]);
      if (taken.has(key)) {
        context.findings.warn(draft.place, { code: 'duplicate', message: `there is a virtual_server ${target.name} already`, remedy: 'this one is left out' });
        return [];
      }
      taken.add(key);
      const base = draft.snmpName === undefined ? target.name : nameOf(draft.snmpName);
      let name = base;
      for (let count = 2; names.has(name); count++) name = `${base.slice(0, 58)}-${count === 2 && !base.endsWith(protocol) ? protocol : count}`;
      names.add(name);
      return [serviceOutput(context, draft, target, name, protocol)];
    });
  });
};
