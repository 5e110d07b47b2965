/** From the file to the configuration that the daemon runs: inheritance and the last defaults. */
import { completeDns, completeSmtp, completeTcp, completeUdp } from './complete-check.js';
import { virtualMacAddress } from '../network/macvlan.js';
import { virtualMacInterface } from '../vrrp/family.js';
import { advertisedFamily } from './cross-checks/family.js';
import { readableTargets } from './cross-checks/targets.js';
import { completeHttp } from './http-check.js';
import { type CheckKeys, inheritedKeys, inheritedType } from './inherit-check.js';
import { Microseconds, Seconds } from '../time/microseconds.js';
import type { AuthenticationConfiguration, ChangeCommands, Configuration, DestinationConfiguration, EmailConfiguration, HealthCheckBase, HealthCheckConfiguration, InstanceConfiguration, IpvsConfiguration, NotifyConfiguration, PersistenceConfiguration, RealServerConfiguration, ScriptHealthCheck, ServiceTarget, SorryServerConfiguration, SyncDaemonConfiguration, TlsSettings, TrackConfiguration, VirtualMacConfiguration, VirtualServerConfiguration, VrrpConfiguration } from './model.js';
import { type Family, familyOf } from '../network/ip-address.js';
import { completeRoute, completeRule, completeTrackedRoute } from './complete-routing.js';
import { onceForEach } from './once-for-each.js';
import { withProbeMarks } from './probe-marks.js';
import { readBySchema } from './schema-read.js';
import { checkDefaults, type CheckType, healthCheckKeys, keysOfTypes } from './schema/health-check.js';
import { sysctls } from './schema/ipvs.js';
import type { Forwarding } from './schema/forwarding.js';
import type { Schema } from './schema/kinds.js';
import type { ConfigurationFile } from './schema.js';
import { addressesOf, commonPort, probePort, targetFamily } from './targets.js';
import { completeAgent, completeAgentBeside, completeFile, completeScript } from './weighing-checks.js';

export interface Surroundings {
  /** the default of router_id */
  readonly hostName: string;
  /** text of each certificate file, by its name in the configuration */
  readonly certificates: ReadonlyMap<string, string>;
  /** key in each key file, octets in hexadecimal, by its name in the configuration */
  readonly keys: ReadonlyMap<string, string>;
}

type InstanceEntry = ConfigurationFile['vrrp']['instances'][number];
type ServiceEntry = ConfigurationFile['virtual_servers'][number];
type ServerEntry = ServiceEntry['real_servers'][number];

/** Of a file that has passed the schema and the checks across it. */
export const complete = (file: ConfigurationFile, surroundings: Surroundings): Configuration => ({
  routerId: file.router_id ?? surroundings.hostName,
  log: file.log,
  control: { group: file.control.group },
  vrrp: {
    instances: file.vrrp.instances.map((entry) => completeInstance(entry, file.vrrp, surroundings.keys)),
    syncGroups: file.vrrp.sync_groups.map(({ name, instances, track, notify }) => ({ name, instances, track: completeTrack(track, 'ipv4'), notify: completeNotify(notify) })),
    notifyFifo: file.vrrp.notify_fifo,
    ...completeStatic(file.static),
    startupDelay: file.vrrp.startup_delay,
  },
  ipvs: completeIpvs(file),
  virtualServers: withProbeMarks(file.virtual_servers.map(completion(surroundings.certificates)), file.ipvs.probe_marks),
  system: file.system,
  scripts: file.scripts.map((entry) => ({ ...entry, timeout: entry.timeout ?? entry.interval })),
  email: file.notify.email && completeEmail(file.notify.email, surroundings),
});

/** RFC 8314 3.3 and RFC 6409 for submission, RFC 5321 for the rest. */
const mailPorts = { starttls: 587, implicit: 465, none: 25 } as const;

const completeEmail = ({ password_file: passwordFile, from, port, ca, user, password, ...rest }: NonNullable<ConfigurationFile['notify']['email']>, { hostName }: Surroundings): EmailConfiguration => ({
  ...rest,
  port: port ?? mailPorts[rest.tls],
  from: from ?? `tandem@${hostName}`,
  ca,
  user,
  password,
  passwordFile,
});

/** Which the file form shows with its name, whether the file gives one or not. */
const completeVirtualMac = (entry: InstanceEntry): VirtualMacConfiguration | undefined => {
  if (entry.virtual_mac === false) return undefined;
  const family = advertisedFamily(entry) ?? 'ipv4';
  const name = entry.virtual_mac === true ? virtualMacInterface(family, entry.virtual_router_id) : entry.virtual_mac.interface;
  return { interface: name, address: virtualMacAddress(family, entry.virtual_router_id) };
};

const completeInstance = (entry: InstanceEntry, defaults: ConfigurationFile['vrrp'], keys: Surroundings['keys']): InstanceConfiguration => ({
  name: entry.name,
  interface: entry.interface,
  version: entry.version ?? defaults.version,
  virtualRouterId: entry.virtual_router_id,
  priority: entry.priority,
  advertisementInterval: entry.advertisement_interval,
  preempt: entry.preempt,
  preemptDelay: entry.preempt_delay,
  checksum: entry.checksum ?? defaults.checksum,
  authentication: entry.authentication && completeAuthentication(entry.authentication, entry.advertisement_interval, keys),
  virtualAddresses: entry.virtual_addresses.map((item) => ({
    address: item.address.address,
    prefixLength: item.address.prefixLength,
    interface: item.interface ?? completeVirtualMac(entry)?.interface ?? entry.interface,
    label: item.label,
    advertise: item.advertise,
    scope: item.scope,
    ...(item.broadcast === undefined ? {} : { broadcast: item.broadcast }),
  })),
  ...(entry.virtual_routes.length === 0 ? {} : { virtualRoutes: entry.virtual_routes.map((route) => completeRoute(route, entryFamily(entry), entry.interface)) }),
  ...(entry.virtual_rules.length === 0 ? {} : { virtualRules: entry.virtual_rules.map((rule) => completeRule(rule, entryFamily(entry))) }),
  garp: entry.garp,
  track: completeTrack(entry.track, entryFamily(entry)),
  unicast: entry.unicast && { source: entry.unicast.source, peers: entry.unicast.peers, ttl: entry.unicast.ttl, minTtl: entry.unicast.min_ttl, maxTtl: entry.unicast.max_ttl },
  notify: completeNotify(entry.notify),
  virtualMac: completeVirtualMac(entry),
  accept: entry.accept,
});

/** Of the addresses that it advertises. */
const entryFamily = ({ virtual_addresses: entries }: InstanceEntry): Family => familyOf(entries.find(({ advertise }) => advertise)?.address.address ?? '');

const completeStatic = ({ addresses, routes, rules }: ConfigurationFile['static']): Pick<VrrpConfiguration, 'static'> =>
  addresses.length + routes.length + rules.length === 0
    ? {}
    : {
        static: {
          addresses: addresses.map(({ address: { address, prefixLength }, interface: name, label, scope, broadcast }) => ({ address, prefixLength, interface: name, label, advertise: false, scope, ...(broadcast === undefined ? {} : { broadcast }) })),
          routes: routes.map((route) => completeRoute(route, 'ipv4', undefined)),
          rules: rules.map((rule) => completeRule(rule, 'ipv4')),
        },
      };

const reversed = (reverse: boolean): { readonly reverse?: true } => (reverse ? { reverse } : {});

/** The checks have seen that what a type needs is there; what stands behind ?? is only what the type asks for. */
const completeAuthentication = (entry: NonNullable<InstanceEntry['authentication']>, interval: Microseconds, files: Surroundings['keys']): AuthenticationConfiguration => {
  if (entry.type === 'pass') return { type: 'pass', password: entry.password ?? '' };
  const keys = (entry.keys ?? []).map(({ id, key, key_file: file }) => (file === undefined ? { id, key: key ?? '' } : { id, key: files.get(file) ?? '', keyFile: file }));
  return {
    type: 'hmac',
    mode: entry.mode,
    keys,
    activeKey: entry.active_key ?? keys[0]?.id ?? 0,
    antiReplay: entry.anti_replay,
    timeWindow: entry.time_window ?? Microseconds(Math.max(3 * interval, Seconds(5))),
  };
};

const completeTrack = ({ interfaces, scripts, files, processes, routes }: InstanceEntry['track'], family: Family): TrackConfiguration | undefined =>
  interfaces.length + scripts.length + files.length + processes.length + routes.length === 0
    ? undefined
    : {
        interfaces: interfaces.map(({ name, weight, reverse, up_delay, down_delay }) => ({ name, weight, ...reversed(reverse), upDelay: up_delay, downDelay: down_delay })),
        scripts: scripts.map(({ name, weight, reverse }) => ({ name, weight, ...reversed(reverse) })),
        files: files.map(({ reverse, ...file }) => ({ ...file, ...reversed(reverse) })),
        processes: processes.map(({ name, weight, reverse, interval }) => ({ name, weight, ...reversed(reverse), interval })),
        ...(routes.length === 0 ? {} : { routes: routes.map((route) => completeTrackedRoute(route, family)) }),
      };

/** Without a command there is nothing to say of time limits and users. */
const completeNotify = (entry: InstanceEntry['notify']): NotifyConfiguration | undefined => {
  if (entry === undefined) return undefined;
  const { master, backup, fault, stop, any, timeout, user } = entry;
  return [master, backup, fault, stop, any].every((command) => command === undefined) ? undefined : { master, backup, fault, stop, any, timeout, user };
};

const completeIpvs = ({ ipvs, vrrp, virtual_servers: services }: ConfigurationFile): IpvsConfiguration => {
  const settings: Record<string, string> = {};
  for (const [name, value] of Object.entries(ipvs)) if (Object.hasOwn(sysctls, name) && typeof value === 'string') settings[name] = value;
  // source NAT is netfilter's, which then has to know IPVS's connections
  if (services.some(usesFullNat)) settings['conntrack'] = '1';
  return {
    sync: ipvs.sync && completeSync(ipvs.sync, vrrp),
    timeouts: { tcp: ipvs.timeouts.tcp, tcpFin: ipvs.timeouts.tcp_fin, udp: ipvs.timeouts.udp },
    onStop: ipvs.on_stop,
    sysctls: settings,
    modprobe: ipvs.modprobe,
    probeMarks: ipvs.probe_marks,
  };
};

const usesFullNat = onceForEach(({ forwarding, real_servers: servers, sorry_server: sorry }: ServiceEntry): boolean => [...servers, ...(sorry ? [sorry] : [])].some(({ forwarding: own = forwarding }) => own.method === 'fullnat'));

const completeSync = (sync: NonNullable<ConfigurationFile['ipvs']['sync']>, vrrp: ConfigurationFile['vrrp']): SyncDaemonConfiguration => ({
  instance: sync.instance,
  interface: sync.interface,
  // the checks have seen that the instance exists; 0 is only what the type asks for
  id: sync.id ?? vrrp.instances.find((instance) => instance.name === sync.instance)?.virtual_router_id ?? 0,
});

/** By the texts of files that it may be completed with: an entry that a reload leaves as it is stays the service that it is. */
const completion = onceForEach((certificates: Surroundings['certificates']) => onceForEach((entry: ServiceEntry): VirtualServerConfiguration => completeService(entry, certificates)));

const completeService = (entry: ServiceEntry, certificates: Surroundings['certificates']): VirtualServerConfiguration => {
  const targets = readableTargets(entry);
  const [address] = addressesOf(targets);
  const ofService = { port: commonPort(targets), probed: probePort(targets) ?? 0, address };
  const { sorry_server: sorry } = entry;
  return {
    name: entry.name,
    targets,
    protocol: entry.protocol,
    scheduler: entry.scheduler,
    schedulerFlags: entry.scheduler_flags,
    onePacket: entry.one_packet,
    persistence: entry.persistence && completePersistence(entry.persistence, targets),
    modules: [...(entry.helper === 'ftp' ? ['ip_vs_ftp'] : []), ...(entry.persistence?.engine === 'sip' ? ['ip_vs_pe_sip'] : [])],
    quorum: completeQuorum(entry.quorum),
    sorryServer: sorry && completeSorryServer(sorry, ofService, entry, certificates),
    onFailure: entry.on_failure,
    ...(entry.on_stop && { onStop: entry.on_stop }),
    initial: entry.initial,
    ...(entry.damping && { damping: entry.damping }),
    ...(entry.panic && { panic: entry.panic }),
    realServers: entry.real_servers.map((server) => completeServer(server, ofService, entry, certificates)),
  };
};

const completeSorryServer = (sorry: NonNullable<ServiceEntry['sorry_server']>, ofService: { readonly port: number; readonly probed: number }, service: ServiceEntry, files: Surroundings['certificates']): SorryServerConfiguration => {
  const { address, port = ofService.port, health_check: own } = sorry;
  return {
    address,
    port,
    ...completeForwarding(sorry.forwarding ?? service.forwarding),
    ...(sorry.on_recovery === 'weight_zero' ? { onRecovery: sorry.on_recovery } : {}),
    ...(own && own !== 'none' ? { healthCheck: completeChecks({ address, health_check: own }, { port: port === 0 ? ofService.probed : port, virtual: undefined, forwarding: completeForwarding(sorry.forwarding ?? service.forwarding) }, { name: service.name }, files).healthCheck } : {}),
  };
};

/** Most services have the very one that stands for none. */
const completeQuorum = onceForEach(({ weight, hysteresis, on_up: onUp, on_down: onDown, timeout, user }: ServiceEntry['quorum']): VirtualServerConfiguration['quorum'] => ({ weight, hysteresis, ...changeCommands({ onUp, onDown, timeout, user }) }));

/** Without a command there is nothing to say of time limits and users. */
const changeCommands = (commands: ChangeCommands): { readonly commands?: ChangeCommands } => (commands.onUp === undefined && commands.onDown === undefined ? {} : { commands });

const completePersistence = ({ timeout, netmask, prefix_length: prefixLength, engine }: NonNullable<ServiceEntry['persistence']>, [first]: readonly ServiceTarget[]): PersistenceConfiguration => ({
  timeout,
  netmask: first && targetFamily(first) === 'ipv6' ? String(prefixLength ?? 128) : (netmask ?? '255.255.255.255'),
  engine,
});

const completeForwarding = ({ method, tunnel, source }: Forwarding): Pick<DestinationConfiguration, 'forwarding' | 'tunnel' | 'sourceNat'> => (method === 'fullnat' ? { forwarding: 'nat', sourceNat: { address: source } } : { forwarding: method, ...(tunnel && { tunnel }) });

/** `port` of the service: 0 where it has several, or every one; `probed` then. `address`: its first. */
const completeServer = (server: ServerEntry, ofService: { readonly port: number; readonly probed: number; readonly address: string | undefined }, service: ServiceEntry, certificates: Surroundings['certificates']): RealServerConfiguration => {
  const port = server.port ?? ofService.port;
  const way = completeForwarding(server.forwarding ?? service.forwarding);
  const { forwarding, ...more } = way;
  const notify = server.notify ?? service.notify;
  const slowStart = server.slow_start ?? service.slow_start;
  const { healthCheck, ...agent } = completeChecks(server, { port: port === 0 ? ofService.probed : port, virtual: ofService.address, forwarding: way }, service, certificates);
  // what most of ten thousand have, and nothing else, takes least memory
  const usual = { address: server.address, port, forwarding, weight: server.weight, healthCheck };
  const rare = {
    ...more,
    ...(server.upper_threshold ? { upperThreshold: server.upper_threshold } : {}),
    ...(server.lower_threshold ? { lowerThreshold: server.lower_threshold } : {}),
    ...(server.on_failure && { onFailure: server.on_failure }),
    ...(slowStart === undefined ? {} : { slowStart }),
    ...(notify && changeCommands({ onUp: notify.up, onDown: notify.down, timeout: notify.timeout, user: notify.user })),
    ...agent,
  };
  return Object.keys(rare).length === 0 ? usual : { ...usual, ...rare };
};

const standard = <T>(schema: Schema<T>, value: unknown): NonNullable<T> => {
  const read = readBySchema(schema, value);
  if (read === undefined || read === null) throw new TypeError(`the default ${String(value)} is none that a file could have`);
  return read;
};
const { interval, timeout, rise, fall, method, path, status, verify } = healthCheckKeys.shape;
/** What a check has that says nothing of it. */
const defaults = {
  interval: standard(interval, checkDefaults.interval),
  timeout: standard(timeout, checkDefaults.timeout),
  rise: standard(rise, checkDefaults.rise),
  fall: standard(fall, checkDefaults.fall),
  method: standard(method, checkDefaults.method),
  path: standard(path, checkDefaults.path),
  status: standard(status, checkDefaults.status),
  verify: standard(verify, checkDefaults.verify),
};

/** Where a check's probe goes. */
interface Probed {
  readonly port: number;
  /** the first virtual address of the service, where it has one */
  readonly virtual: string | undefined;
  readonly forwarding: ReturnType<typeof completeForwarding>;
}

/** What is other in a check of the virtual address; its mark comes when all of them are known. */
const throughServer = (type: CheckType, { probe, address }: CheckKeys, server: string, { virtual = '', forwarding: { forwarding, tunnel } }: Probed): Pick<HealthCheckBase, 'address' | 'mark' | 'through'> | undefined =>
  probe !== 'virtual_address' || !keysOfTypes['probe']?.includes(type) || forwarding === 'nat' ? undefined : { address: address ?? virtual, through: { server, forwarding, ...(tunnel && { tunnel }) } };

/** One for all that have none. */
const unchecked: Pick<RealServerConfiguration, 'healthCheck'> = { healthCheck: { type: 'none' } };

/** The check of a server, and the agent beside it. */
const completeChecks = (server: Pick<ServerEntry, 'address' | 'health_check'>, probed: Probed, service: Pick<ServiceEntry, 'name' | 'health_check'>, files: Surroundings['certificates']): Pick<RealServerConfiguration, 'healthCheck' | 'agentCheck'> => {
  const type = inheritedType(service.health_check, server.health_check);
  if (type === 'none') return unchecked;
  const keys = inheritedKeys(service.health_check, server.health_check, type);
  const base = {
    address: keys.address ?? server.address,
    port: keys.port ?? probed.port,
    source: keysOfTypes['source']?.includes(type) ? keys.source : undefined,
    interval: keys.interval ?? defaults.interval,
    ...(keys.fast_interval === undefined ? {} : { fastInterval: keys.fast_interval }),
    ...(keys.jitter ? { jitter: keys.jitter } : {}),
    timeout: keys.timeout ?? defaults.timeout,
    rise: keys.rise ?? defaults.rise,
    fall: keys.fall ?? defaults.fall,
    ...(keys.mark === undefined || !keysOfTypes['mark']?.includes(type) ? {} : { mark: keys.mark }),
  };
  const through = throughServer(type, keys, server.address, probed);
  const agentCheck = keysOfTypes['agent']?.includes(type) ? completeAgentBeside(base, through ? server.address : base.address, keys) : undefined;
  return { healthCheck: completeCheck(type, { ...base, ...through }, keys, { service: service.name, server: { address: server.address, port: probed.port } }, files), ...(agentCheck && { agentCheck }) };
};

const completeCheck = (type: Exclude<CheckType, 'none'>, base: HealthCheckBase, keys: CheckKeys, of: { readonly service: string; readonly server: ScriptHealthCheck['realServer'] }, files: Surroundings['certificates']): HealthCheckConfiguration => {
  if (type === 'script') return completeScript(base, keys, of.service, of.server);
  if (type === 'file') return completeFile(base, keys);
  if (type === 'agent') return completeAgent(base, keys);
  if (type === 'tcp') return completeTcp(base, keys);
  if (type === 'udp') return completeUdp(base, keys);
  if (type === 'dns') return completeDns(base, keys);
  if (type === 'ping') return { type, ...base, port: 0 };
  const tls: TlsSettings = {
    serverName: keys.server_name,
    verify: keys.verify ?? defaults.verify,
    ca: keys.ca === undefined ? undefined : files.get(keys.ca),
    ...(keys.ca === undefined ? {} : { caPath: keys.ca }),
    ...completeClientCertificate(keys, files),
    ...(keys.expiry_warning === undefined ? {} : { expiryWarning: keys.expiry_warning }),
  };
  if (type === 'tls') return { type, ...base, ...tls };
  if (type === 'smtp') return completeSmtp(base, keys, tls);
  return completeHttp(type, base, tls, keys, defaults);
};

/** The checks across the file have seen that they stand together. */
const completeClientCertificate = ({ client_certificate: certificatePath, client_key: keyPath }: CheckKeys, files: Surroundings['certificates']): Pick<TlsSettings, 'clientCertificate'> =>
  certificatePath === undefined || keyPath === undefined
    ? {}
    : { clientCertificate: { certificate: files.get(certificatePath) ?? '', key: files.get(keyPath) ?? '', certificatePath, keyPath } };
