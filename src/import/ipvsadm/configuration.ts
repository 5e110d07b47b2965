/** The imported table as a tandem.yaml, and what of it has no counterpart there. Pure. */
import { Document, isMap, type YAMLMap, YAMLSeq } from 'yaml';
import { IP_VS_SVC_F_SCHED1, IP_VS_SVC_F_SCHED2 } from '../../ipvs/constants.js';
import type { DestinationEntry } from '../../ipvs/destination.js';
import type { Service } from '../../ipvs/service.js';
import { familyOf } from '../../network/ip-address.js';
import { toSeconds } from '../../time/microseconds.js';
import { type Remark, type Rule, warningAt } from './parse.js';
import type { ImportedServer, ImportedService, ImportedTable } from './table.js';

type Forwarding = string | Readonly<Record<string, string | number>>;
type Content = Readonly<Record<string, unknown>>;

const largestWeight = 65_535;

const forwardingOf = ({ forwarding, tunnel }: DestinationEntry): Forwarding => {
  if (forwarding !== 'tun' || !tunnel || tunnel.type === 'ipip') return forwarding;
  return { method: 'tun', type: tunnel.type, ...(tunnel.type === 'gue' && { port: tunnel.port }), ...(tunnel.checksum !== 'none' && { checksum: tunnel.checksum }) };
};

const text = (forwarding: Forwarding): string => JSON.stringify(forwarding);

/** That of most servers, the first of those that are as frequent: the others say theirs. */
const commonForwarding = (servers: readonly ImportedServer[]): Forwarding => {
  const counts = new Map<string, { readonly forwarding: Forwarding; readonly count: number }>();
  for (const { server } of servers) {
    const forwarding = forwardingOf(server);
    counts.set(text(forwarding), { forwarding, count: (counts.get(text(forwarding))?.count ?? 0) + 1 });
  }
  return [...counts.values()].reduce((best, each) => (each.count > best.count ? each : best), { forwarding: 'dr' as Forwarding, count: 0 }).forwarding;
};

const placeOf = (rule: Rule, option: string): Rule | NonNullable<ReturnType<Rule['options']['get']>> => rule.options.get(option) ?? rule;

/** Undefined = the service's. */
const portOf = ({ server, rule }: ImportedServer, service: Service, remarks: Remark[]): number | undefined => {
  const own = 'port' in service ? service.port : 0;
  if (server.port === own) return undefined;
  const why =
    server.port === 0 ? 'port 0 is the port that the client asked for' : 'port' in service && own === 0 ? 'a service of every port maps none' : server.forwarding === 'nat' ? undefined : 'only NAT maps ports: a packet that bears the mark keeps its own';
  if (why === undefined) return server.port;
  remarks.push(warningAt(placeOf(rule, 'real-server'), `port ${server.port} of the real server: ${why}`, `the import has no port there; packets go to the same port as before, but the table shows ${own}`));
  return undefined;
};

const serverContent = (imported: ImportedServer, service: Service, common: Forwarding, remarks: Remark[]): Content => {
  const { server, rule } = imported;
  const port = portOf(imported, service, remarks);
  const forwarding = forwardingOf(server);
  const { weight, upperThreshold: upper = 0, lowerThreshold: lower = 0 } = server;
  if (weight > largestWeight) remarks.push(warningAt(placeOf(rule, 'weight'), `weight ${weight} is more than ${largestWeight}, the largest of Tandem`, `the import has ${largestWeight}; scale the weights of this service down`));
  const dropsLower = lower > 0 && lower >= upper;
  if (dropsLower) remarks.push(warningAt(placeOf(rule, 'l-threshold'), `the lower threshold ${lower} is not below the upper one (${upper})`, 'it is left out; the kernel takes three quarters of the upper one'));
  return {
    address: server.address,
    ...(port !== undefined && { port }),
    weight: Math.min(weight, largestWeight),
    ...(text(forwarding) !== text(common) && { forwarding }),
    ...(upper > 0 && { upper_threshold: upper }),
    ...(lower > 0 && !dropsLower && { lower_threshold: lower }),
  };
};

const nameOf = (service: Service): string => ('fwmark' in service ? `mark-${service.fwmark}${service.family === 'ipv6' ? '-ipv6' : ''}` : `${service.protocol}-${service.address}-${service.port}`);

const persistenceOf = ({ persistence, persistenceEngine, ...service }: Service): Content | undefined => {
  if (!persistence) return undefined;
  const ipv6 = 'fwmark' in service ? service.family === 'ipv6' : familyOf(service.address) === 'ipv6';
  const masked = !['128', '255.255.255.255'].includes(persistence.netmask);
  return {
    timeout: `${toSeconds(persistence.timeout)}s`,
    ...(masked && (ipv6 ? { prefix_length: Number(persistence.netmask) } : { netmask: persistence.netmask })),
    ...(persistenceEngine !== undefined && { engine: persistenceEngine }),
  };
};

/** Without the ones that differ from an earlier one only in a port that the import leaves out. */
const distinct = (servers: readonly ImportedServer[], service: Service, remarks: Remark[]): readonly ImportedServer[] => {
  const seen = new Set<string>();
  return servers.filter((imported) => {
    const { server, rule } = imported;
    const key = `${server.address} ${portOf(imported, service, []) ?? ''}`;
    if (seen.has(key)) remarks.push(warningAt(placeOf(rule, 'real-server'), `${server.address} is a real server of this service already, with another port that does not count`, 'the rule is left out; give the first one the weights of both'));
    return !seen.has(key) && seen.add(key) !== undefined;
  });
};

const flagsOf = ({ schedulerFlags }: Service): readonly string[] => [...((schedulerFlags & IP_VS_SVC_F_SCHED1) === 0 ? [] : ['fallback']), ...((schedulerFlags & IP_VS_SVC_F_SCHED2) === 0 ? [] : ['port'])];

const serviceContent = ({ service, servers }: ImportedService, remarks: Remark[]): Content => {
  const all = [...servers.values()];
  const common = commonForwarding(all);
  const flags = flagsOf(service);
  const persistence = persistenceOf(service);
  return {
    name: nameOf(service),
    ...('fwmark' in service ? { fwmark: service.fwmark, family: service.family } : { address: service.address, port: service.port, ...(service.protocol !== 'tcp' && { protocol: service.protocol }) }),
    scheduler: service.scheduler,
    ...(flags.length > 0 && { scheduler_flags: flags }),
    ...(service.onePacket && { one_packet: true }),
    forwarding: common,
    ...(persistence && { persistence }),
    health_check: 'none',
    real_servers: distinct(all, service, remarks).map((server) => serverContent(server, service, common, remarks)),
  };
};

const header = (file: string): string =>
  [
    ` Made by \`tandem import ipvsadm\` of ${file.replaceAll(/[\u0000-\u001f]/g, ' ')}: the same IPVS table.`,
    '',
    " Not in ipvsadm's rules, so to be added by hand:",
    ' - vrrp.instances: the virtual addresses, and the election of the director that holds them;',
    ' - health checks. ipvsadm checks nothing, so each service has health_check: none, which keeps all of its servers in',
    '   the table, as before. Say how to check in its place, for example health_check: { type: tcp, interval: 5s };',
    ' - thresholds, timeouts and sync daemons, where ipvsadm -S wrote the file: it leaves them out.',
    ' Tandem sets net.ipv4.vs.expire_nodest_conn and net.ipv4.vs.expire_quiescent_template to 1 unless ipvs: says otherwise.',
  ].join('\n');

/** A mapping or list on one line. */
const inline = (node: unknown): void => {
  if (isMap(node) || node instanceof YAMLSeq) node.flow = true;
};

export const writeImported = ({ services, timeouts }: ImportedTable, file: string): { readonly text: string; readonly remarks: readonly Remark[] } => {
  const remarks: Remark[] = [];
  const { tcp, tcpFin, udp } = timeouts;
  const times = { ...(tcp && { tcp: `${toSeconds(tcp)}s` }), ...(tcpFin && { tcp_fin: `${toSeconds(tcpFin)}s` }), ...(udp && { udp: `${toSeconds(udp)}s` }) };
  const document = new Document({
    ...(Object.keys(times).length > 0 && { ipvs: { timeouts: times } }),
    virtual_servers: services.map((service) => serviceContent(service, remarks)),
  });
  document.commentBefore = header(file);
  inline(document.getIn(['ipvs', 'timeouts'], true));
  const list = document.get('virtual_servers', true);
  if (list instanceof YAMLSeq) list.spaceBefore = true;
  services.forEach(({ rule }, index) => {
    const node = document.getIn(['virtual_servers', index], true) as YAMLMap;
    node.commentBefore = ` line ${rule.line}`;
    for (const key of ['forwarding', 'persistence', 'scheduler_flags']) inline(node.get(key, true));
    const servers = node.get('real_servers', true);
    if (servers instanceof YAMLSeq) {
      for (const server of servers.items) inline(server);
      if (servers.items.length === 0) servers.flow = true;
    }
  });
  return { text: document.toString({ lineWidth: 0, flowCollectionPadding: true }), remarks };
};
