/** A configuration in the file's own key names, every default written out. */
import { dnsForm, smtpForm, tcpForm, udpForm } from './check-form.js';
import { formatDuration } from './duration.js';
import { httpForm } from './http-check.js';
import type { ChangeCommands, Configuration, DestinationConfiguration, EmailConfiguration, HealthCheckConfiguration, InstanceConfiguration, IpvsConfiguration, MarkedTraffic, NoHealthCheck, NotifyConfiguration, PersistenceConfiguration, RealServerConfiguration, TlsSettings, TrackConfiguration, VirtualServerConfiguration } from './model.js';
import { portRuns } from './port-runs.js';
import { routeForm, ruleForm, trackedRouteForm } from './routing-form.js';
import { sysctlFlags } from './schema/ipvs.js';
import { Seconds } from '../time/microseconds.js';
import { instanceFamily } from '../vrrp/family.js';
import { mask } from './secrets.js';
import { agentBesideForm, agentForm, fileCheckForm, scriptForm } from './weighing-checks.js';

export type FileValue = string | number | boolean | readonly FileValue[] | FileMapping | undefined;
export interface FileMapping {
  readonly [key: string]: FileValue;
}

/** Passwords are masked. What is unset and has no default is undefined. A service's forwarding stands at its servers. */
export const fileForm = (configuration: Configuration): FileMapping => ({
  router_id: configuration.routerId,
  log: { ...configuration.log },
  control: { group: configuration.control.group },
  vrrp: {
    startup_delay: formatDuration(configuration.vrrp.startupDelay),
    instances: configuration.vrrp.instances.map(instanceForm),
    sync_groups: configuration.vrrp.syncGroups.map(({ name, instances, track, notify }) => ({ name, instances, track: trackForm(track), notify: notifyForm(notify) })),
    notify_fifo: configuration.vrrp.notifyFifo,
  },
  static: configuration.vrrp.static && {
    addresses: configuration.vrrp.static.addresses.map(({ address, prefixLength, interface: name, label, scope, broadcast }) => ({ address: `${address}/${prefixLength}`, interface: name, label, scope: scope ?? 'global', broadcast })),
    routes: configuration.vrrp.static.routes.map(routeForm),
    rules: configuration.vrrp.static.rules.map(ruleForm),
  },
  ipvs: ipvsForm(configuration.ipvs),
  system: { ...configuration.system },
  virtual_servers: configuration.virtualServers.map(serviceForm),
  scripts: configuration.scripts.map((script) => ({ ...script, interval: formatDuration(script.interval), timeout: formatDuration(script.timeout) })),
  notify: configuration.email && { email: emailForm(configuration.email) },
});

const emailForm = ({ password, passwordFile, timeout, verify, ...email }: EmailConfiguration): FileMapping => ({
  ...email,
  verify: email.tls === 'none' ? undefined : verify,
  password: password === undefined ? undefined : mask,
  password_file: passwordFile,
  timeout: formatDuration(timeout),
});

const instanceForm = (instance: InstanceConfiguration): FileMapping => ({
  name: instance.name,
  interface: instance.interface,
  virtual_router_id: instance.virtualRouterId,
  version: instance.version,
  priority: instance.priority,
  advertisement_interval: formatDuration(instance.advertisementInterval),
  preempt: instance.preempt,
  preempt_delay: formatDuration(instance.preemptDelay),
  // version 2 has one checksum only, and so has IPv6
  checksum: instance.version === 3 && instanceFamily(instance) === 'ipv4' ? instance.checksum : undefined,
  authentication: authenticationForm(instance.authentication),
  virtual_addresses: instance.virtualAddresses.map((item) => ({ address: `${item.address}/${item.prefixLength}`, interface: item.interface, label: item.label, advertise: item.advertise, scope: item.scope ?? 'global', broadcast: item.broadcast })),
  virtual_mac: instance.virtualMac ? { interface: instance.virtualMac.interface } : false,
  accept: instance.accept ?? true,
  virtual_routes: instance.virtualRoutes?.map(routeForm),
  virtual_rules: instance.virtualRules?.map(ruleForm),
  garp: { repeat: instance.garp.repeat, delay: formatDuration(instance.garp.delay), refresh: formatDuration(instance.garp.refresh), interval: formatDuration(instance.garp.interval ?? Seconds(0)) },
  track: trackForm(instance.track),
  unicast: instance.unicast && { source: instance.unicast.source, peers: instance.unicast.peers, ttl: instance.unicast.ttl, min_ttl: instance.unicast.minTtl, max_ttl: instance.unicast.maxTtl },
  notify: notifyForm(instance.notify),
});

const authenticationForm = (authentication: InstanceConfiguration['authentication']): FileMapping | undefined => {
  if (authentication === undefined) return undefined;
  if (authentication.type === 'pass') return { type: authentication.type, password: mask };
  const { type, mode, keys, activeKey, antiReplay, timeWindow } = authentication;
  return { type, mode, keys: keys.map(({ id, keyFile }) => (keyFile === undefined ? { id, key: mask } : { id, key_file: keyFile })), active_key: activeKey, anti_replay: antiReplay, time_window: formatDuration(timeWindow) };
};

const trackForm = (track: TrackConfiguration | undefined): FileValue =>
  track && {
    interfaces: track.interfaces.map(({ name, weight, reverse = false, upDelay, downDelay }) => ({ name, weight, reverse, up_delay: formatDuration(upDelay), down_delay: formatDuration(downDelay) })),
    scripts: track.scripts.map(({ name, weight, reverse = false }) => ({ name, weight, reverse })),
    files: track.files.map((file) => ({ ...file, reverse: file.reverse ?? false, interval: formatDuration(file.interval) })),
    processes: track.processes.map(({ name, weight, reverse = false, interval }) => ({ name, weight, reverse, interval: formatDuration(interval) })),
    routes: track.routes?.map(trackedRouteForm),
  };

const notifyForm = (notify: NotifyConfiguration | undefined): FileMapping | undefined => notify && { ...notify, timeout: formatDuration(notify.timeout) };

const ipvsForm = ({ sync, timeouts, onStop, sysctls, modprobe }: IpvsConfiguration): FileMapping => ({
  sync: sync && { instance: sync.instance, interface: sync.interface, id: sync.id },
  timeouts: {
    tcp: timeouts.tcp === undefined ? undefined : formatDuration(timeouts.tcp),
    tcp_fin: timeouts.tcpFin === undefined ? undefined : formatDuration(timeouts.tcpFin),
    udp: timeouts.udp === undefined ? undefined : formatDuration(timeouts.udp),
  },
  on_stop: onStop,
  modprobe,
  ...Object.fromEntries(Object.entries(sysctls).map(([name, value]) => [name, sysctlForm(name, value)])),
});

const sysctlForm = (name: string, value: string): FileValue => (sysctlFlags.has(name) ? value !== '0' : /^\d+$/.test(value) ? Number(value) : value);

export const serviceForm = (service: VirtualServerConfiguration): FileMapping => ({
  name: service.name,
  ...targetsForm(service),
  scheduler: service.scheduler,
  scheduler_flags: service.schedulerFlags,
  one_packet: service.onePacket,
  persistence: service.persistence && persistenceForm(service.persistence),
  helper: service.modules.includes('ip_vs_ftp') ? 'ftp' : undefined,
  quorum: { weight: service.quorum.weight, hysteresis: service.quorum.hysteresis, ...quorumCommandsForm(service.quorum.commands) },
  sorry_server: service.sorryServer && { ...destinationForm(service.sorryServer), forwarding: forwardingForm(service.sorryServer), on_recovery: service.sorryServer.onRecovery ?? 'remove', health_check: service.sorryServer.healthCheck ? checkForm(service.sorryServer.healthCheck, undefined) : 'none' },
  on_failure: service.onFailure,
  on_stop: service.onStop,
  initial: service.initial ?? 'down',
  damping: service.damping && { changes: service.damping.changes, period: formatDuration(service.damping.period), hold: formatDuration(service.damping.hold) },
  panic: service.panic && { threshold: `${service.panic.threshold}%`, within: formatDuration(service.panic.within) },
  real_servers: service.realServers.map(serverForm),
});

const quorumCommandsForm = (commands: ChangeCommands | undefined): FileMapping | undefined => commands && { on_up: commands.onUp, on_down: commands.onDown, timeout: formatDuration(commands.timeout), user: commands.user };

/** The packets of a mark have any protocol. */
const targetsForm = ({ targets, protocol }: VirtualServerConfiguration): FileMapping => {
  const [first, ...more] = targets;
  if (first && 'fwmark' in first) return { fwmark: first.fwmark, family: first.family, match: first.match?.map(matchForm) };
  if (first && more.length === 0) return { address: first.address, port: first.port, protocol };
  return { addresses: targets.flatMap((target) => ('address' in target ? [{ address: target.address, port: target.port }] : [])), protocol };
};

/** Ranges of ports stay short. */
const matchForm = ({ address, ports, protocol }: MarkedTraffic): FileMapping => ({
  address,
  ...(ports.includes(0) ? { port: 0 } : { ports: portRuns(ports).map(([from, to]) => (from === to ? from : `${from}-${to}`)) }),
  protocol,
});

/** For IPv6 the mask is a number of bits. */
const persistenceForm = ({ timeout, netmask, engine }: PersistenceConfiguration): FileMapping => ({
  timeout: formatDuration(timeout),
  ...(netmask.includes('.') ? { netmask } : { prefix_length: Number(netmask) }),
  engine,
});

const forwardingForm = ({ forwarding, tunnel, sourceNat }: Pick<DestinationConfiguration, 'forwarding' | 'tunnel' | 'sourceNat'>): FileValue =>
  sourceNat ? (sourceNat.address === undefined ? 'fullnat' : { method: 'fullnat', source: sourceNat.address }) : tunnel === undefined ? forwarding : { method: forwarding, type: tunnel.type, port: tunnel.port === 0 ? undefined : tunnel.port, checksum: tunnel.checksum };

const destinationForm = ({ address, port }: Pick<DestinationConfiguration, 'address' | 'port'>): FileMapping => ({ address, port });

const serverForm = (server: RealServerConfiguration): FileMapping => ({
  ...destinationForm(server),
  weight: server.weight,
  forwarding: forwardingForm(server),
  upper_threshold: server.upperThreshold,
  lower_threshold: server.lowerThreshold,
  slow_start: server.slowStart === undefined ? undefined : formatDuration(server.slowStart),
  notify: server.commands && { up: server.commands.onUp, down: server.commands.onDown, timeout: formatDuration(server.commands.timeout), user: server.commands.user },
  health_check: checkForm(server.healthCheck, server.agentCheck),
});

const checkForm = (check: HealthCheckConfiguration, agent: RealServerConfiguration['agentCheck']): FileValue => (check.type === 'none' ? 'none' : { ...activeForm(check), ...agentBesideForm(agent) });

const activeForm = (check: Exclude<HealthCheckConfiguration, NoHealthCheck>): FileMapping => {
  if (check.type === 'file') return fileCheckForm(check);
  const base: FileMapping = {
    type: check.type,
    interval: formatDuration(check.interval),
    fast_interval: check.fastInterval && formatDuration(check.fastInterval),
    jitter: check.jitter && formatDuration(check.jitter),
    timeout: formatDuration(check.timeout),
    rise: check.rise,
    fall: check.fall,
    address: check.address,
    port: check.type === 'ping' ? undefined : check.port,
    source: check.source,
    mark: check.mark,
  };
  if (check.type === 'script') return { ...base, ...scriptForm(check) };
  if (check.type === 'agent') return { ...base, ...agentForm(check) };
  if (check.type === 'ping') return base;
  if (check.type === 'tcp') return { ...base, ...tcpForm(check) };
  if (check.type === 'udp') return { ...base, ...udpForm(check) };
  if (check.type === 'dns') return { ...base, ...dnsForm(check) };
  if (check.type === 'smtp') return { ...base, ...smtpForm(check), ...(check.security === 'none' ? {} : tlsForm(check)) };
  if (check.type === 'tls') return { ...base, ...tlsForm(check) };
  return { ...base, ...httpForm(check), ...(check.type === 'https' ? tlsForm(check) : {}) };
};

const tlsForm = ({ serverName, verify, caPath, clientCertificate, expiryWarning }: TlsSettings): FileMapping => ({
  server_name: serverName,
  verify,
  ca: caPath,
  client_certificate: clientCertificate?.certificatePath,
  client_key: clientCertificate?.keyPath,
  expiry_warning: expiryWarning === undefined ? undefined : formatDuration(expiryWarning),
});
