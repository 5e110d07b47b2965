/** The table as `ipvsadm -L` shows it. Pure. */
import { toSeconds } from '../../time/microseconds.js';
import type { Destination } from '../destination.js';
import type { Service, ServiceSelector } from '../service.js';
import type { Counted } from '../statistics.js';
import { familyOf } from '../../network/ip-address.js';
import { rates, totals } from './figures.js';
import { endpointText, type Names } from './names.js';
import { flagNames, inOrder, markText, protocolOf, shownMask, type View } from './words.js';

export type Columns = 'forwarding' | 'tunnels' | 'thresholds' | 'persistent_connections' | 'statistics' | 'rates';

export interface TableOptions {
  readonly columns: Columns;
  readonly names: Names;
  readonly sorted: boolean;
  /** statistics and rates without K, M, G, T */
  readonly exact: boolean;
}

const headings: Readonly<Record<Columns, readonly [string, string]>> = {
  forwarding: ['Prot LocalAddress:Port Scheduler Flags', '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn'],
  tunnels: ['Prot LocalAddress:Port Scheduler Flags', '  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn'],
  thresholds: ['Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn ', '  -> RemoteAddress:Port'],
  persistent_connections: ['Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn ', '  -> RemoteAddress:Port'],
  statistics: ['Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes', '  -> RemoteAddress:Port'],
  rates: ['Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS', '  -> RemoteAddress:Port'],
};

const nameWidth = 28;

/** ipvsadm cuts IPv4 endpoints with long names, and lets IPv6 ones push the columns aside. */
const inColumn = (names: Names, address: string, port: number, protocol: string | undefined): string => {
  const text = endpointText(names, address, port, protocol);
  return familyOf(address) === 'ipv4' ? text.slice(0, nameWidth) : text;
};

const forwardingWords: Readonly<Record<Destination['forwarding'], string>> = { nat: 'Masq', local: 'Local', tun: 'Tunnel', dr: 'Route', bypass: 'Bypass' };
const checksumSigns = { none: '-c', plain: '+c', remote: 'r+c' } as const;

const tunnelText = ({ forwarding, tunnel }: Destination): string => {
  if (forwarding !== 'tun') return 'n/a';
  if (tunnel === undefined || tunnel.type === 'ipip') return 'ipip';
  return [tunnel.type, ...(tunnel.type === 'gue' ? [tunnel.port] : []), checksumSigns[tunnel.checksum]].join(':');
};

const serviceName = (service: ServiceSelector, names: Names): string =>
  'fwmark' in service ? `${markText(service.fwmark)}${service.family === 'ipv6' ? ' IPv6' : ''}` : inColumn(names, service.address, service.port, service.protocol);

const settings = (service: Service): string => {
  const { scheduler, persistence, persistenceEngine, onePacket } = service;
  const flags = flagNames(service);
  const mask = shownMask(service);
  return [
    scheduler,
    ...(flags === undefined ? [] : [`(${flags})`]),
    ...(persistence ? [`persistent ${toSeconds(persistence.timeout)}`] : []),
    ...(mask === undefined ? [] : [`mask ${mask}`]),
    ...(persistenceEngine === undefined ? [] : [`pe ${persistenceEngine}`]),
    ...(onePacket ? ['ops'] : []),
  ].join(' ');
};

const serviceLine = (service: Counted<Service>, { columns, names, exact }: TableOptions): string => {
  const name = `${('fwmark' in service ? 'FWM' : service.protocol.toUpperCase()).padEnd(4)} ${serviceName(service, names)}`;
  const figures = { of: 'service', exact } as const;
  switch (columns) {
    case 'statistics':
      return name.padEnd(5 + nameWidth) + totals(service.statistics, figures);
    case 'rates':
      return name.padEnd(5 + nameWidth) + rates(service.statistics, figures);
    default:
      return `${name} ${settings(service)}`;
  }
};

/** Values in columns of these widths, each followed by a blank but the last. */
const row = (...cells: readonly (readonly [value: string | number, width: number])[]): string => ` ${cells.map(([value, width]) => String(value).padEnd(width)).join(' ')}`;

const destinationLine = (destination: Counted<Destination>, protocol: string | undefined, { columns, names, exact }: TableOptions): string => {
  const name = `  -> ${inColumn(names, destination.address, destination.port, protocol).padEnd(nameWidth)}`;
  const { forwarding, weight, statistics, upperThreshold, lowerThreshold, activeConnections, inactiveConnections, persistentConnections } = destination;
  const connections = [[activeConnections, 10], [inactiveConnections, 10]] as const;
  const figures = { of: 'destination', exact } as const;
  const method = [forwardingWords[forwarding], 7] as const;
  switch (columns) {
    case 'forwarding':
      return name + row(method, [weight, 6], ...connections);
    case 'tunnels':
      return name + row(method, [tunnelText(destination), 13], [weight, 6], ...connections);
    case 'thresholds':
      return name + row([upperThreshold ?? 0, 10], [lowerThreshold ?? 0, 10], ...connections);
    case 'persistent_connections':
      return name + row([weight, 9], [persistentConnections, 11], ...connections);
    case 'statistics':
      return name + totals(statistics, figures);
    case 'rates':
      return name + rates(statistics, figures);
  }
};

export const formatTable = ({ information, table }: View, options: TableOptions): string => {
  const first = information ? [`IP Virtual Server version ${information.version} (size=${information.connectionTableSize})`] : [];
  const lines = inOrder(table, options.sorted).flatMap(({ service, destinations }) => [
    serviceLine(service, options),
    ...destinations.map((destination) => destinationLine(destination, protocolOf(service), options)),
  ]);
  return [...first, ...headings[options.columns], ...lines].map((line) => `${line}\n`).join('');
};
