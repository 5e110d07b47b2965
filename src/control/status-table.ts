/** `tandem status` for people: a table that fits its width. Pure. */
import { routingLines, routingWarnings } from './routing-status.js';
import type { ConflictStatus, InstanceStatus, LeavingStatus, ProcessStatus, RealServerStatus, Status, VirtualServerStatus, VrrpState } from './status.js';
import { formatEndpoint } from '../network/ip-address.js';
import { formatTable, paint, shorten, wrap, type Cell, type Colour } from './table.js';

export interface TableOptions {
  readonly colours: boolean;
  /** milliseconds since the epoch */
  readonly now: number;
  readonly columns?: number;
}

const stateColours: Readonly<Record<VrrpState, Colour | undefined>> = { MASTER: 'green', BACKUP: undefined, FAULT: 'red', INIT: 'yellow' };

/** `12 s`, `4 m`, `3 h 12 m`, `5 d 4 h` */
export const formatAge = (since: string, now: number): string => {
  const seconds = Math.max(0, Math.floor((now - Date.parse(since)) / 1_000));
  if (Number.isNaN(seconds)) return '-';
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (seconds < 60) return `${seconds} s`;
  if (minutes < 60) return `${minutes} m`;
  if (hours < 24) return `${hours} h ${minutes % 60} m`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
};

const header = (...titles: readonly string[]): readonly Cell[] => titles.map((text) => ({ text, colour: 'dim' }));
const cell = (text: string, colour?: Colour): Cell => ({ text, colour });

const instanceRow = (instance: InstanceStatus, now: number): readonly Cell[] => {
  const { name, state, since, priority, effective_priority: effective, virtual_addresses: addresses } = instance;
  const [first] = addresses;
  const more = addresses.length > 1 ? ` and ${addresses.length - 1} more` : '';
  const master = instance.state === 'MASTER' ? 'this director' : (instance.master ?? 'none heard');
  return [
    cell(name),
    cell(state, stateColours[state]),
    cell(formatAge(since, now)),
    cell(priority === effective ? String(priority) : `${effective} of ${priority}`, priority === effective ? undefined : 'yellow'),
    cell(master),
    cell(first === undefined ? 'none' : `${first.address}${more}`),
  ];
};

const describeConflict = ({ kind, interface: name, address, hardware_address: hardwareAddress, virtual_addresses: claimed }: ConflictStatus): string => {
  if (kind === 'master') return `${address ?? 'another router'} (${hardwareAddress ?? 'hardware address not known yet'}) on ${name} is master too`;
  return `${hardwareAddress ?? 'another station'} on ${name} ${kind === 'arp' ? 'answers ARP' : 'sends Neighbour Advertisements'} for ${claimed[0] ?? 'an address'}${claimed.length > 1 ? ` and ${claimed.length - 1} more` : ''}`;
};

const weight = ({ weight: now, configured_weight: configured }: RealServerStatus): string => {
  if (now === null) return '-';
  return now === configured ? String(now) : `${now} of ${configured}`;
};

const health = ({ healthy, held_until: held }: RealServerStatus): Cell => {
  if (held !== undefined) return cell('HELD', 'red');
  if (healthy === null) return cell('unknown', 'yellow');
  return healthy ? cell('up', 'green') : cell('DOWN', 'red');
};

const policyLines = ({ held_until: held, slow_start: slow }: RealServerStatus): readonly string[] => [
  ...(held === undefined ? [] : [`held down until ${held}: its verdict changed too often`]),
  ...(slow === undefined ? [] : [`starts slowly: ${slow.percent} % of its weight, all of it at ${slow.until}`]),
];

const leavingLines = (leaving: LeavingStatus | undefined): readonly string[] => (leaving === undefined ? [] : [`leaving since ${leaving.since}, deleted by ${leaving.until} at the latest`]);

/** With weight 0 until then; a real server that is configured has its row already. */
const leavingRow = ({ address, port, since }: LeavingStatus, now: number): readonly Cell[] => [cell(`  ${formatEndpoint(address, port)}`), cell(''), cell('0'), cell('leaving', 'yellow'), cell(formatAge(since, now)), cell('')];

const serviceRows = (service: VirtualServerStatus, columns: number, options: TableOptions): readonly (readonly Cell[] | string)[] => {
  const { name, services, scheduler, real_servers: servers, leaving = [] } = service;
  const leavingOf = ({ address, port }: RealServerStatus): LeavingStatus | undefined => leaving.find((each) => each.address === address && each.port === port);
  const configured = new Set(servers.map(leavingOf));
  const up = servers.filter(({ healthy }) => healthy === true).length;
  const marks: readonly (readonly [string, Colour | undefined])[] = [
    [`${up} of ${servers.length} up`, undefined],
    ...(service.quorum_up ? [] : [['QUORUM LOST', 'red'] as const]),
    ...(service.panic ? [['PANIC', 'red'] as const] : []),
    ...(service.sorry_server_active ? [['sorry server', 'yellow'] as const] : []),
  ];
  const room = columns - marks.reduce((length, [text]) => length + 2 + text.length, 0);
  const where = `  ${services[0] ?? ''}${services.length > 1 ? ` and ${services.length - 1} more` : ''}  ${scheduler}`;
  const title = shorten(`${shorten(name, Math.max(12, room - where.length))}${where}`, room);
  return [
    [paint(title, 'bold', options.colours), ...marks.map(([text, colour]) => paint(text, colour, options.colours))].join('  '),
    ...servers.flatMap((server) => [
      [cell(`  ${formatEndpoint(server.address, server.port)}`), cell(server.forwarding), cell(weight(server)), health(server), cell(formatAge(server.since, options.now)), cell(server.check)],
      ...(server.healthy === true ? [] : wrap(server.reason, columns - 6).map((line) => `      ${line}`)),
      ...[...policyLines(server), ...leavingLines(leavingOf(server))].map((line) => `      ${line}`),
    ]),
    ...leaving.filter((each) => !configured.has(each)).flatMap((each) => [leavingRow(each, options.now), ...leavingLines(each).map((line) => `      ${line}`)]),
  ];
};

const processWarning = ({ name, pid, responding, dropped_messages: dropped }: ProcessStatus): readonly string[] => [
  ...(pid === null ? [`the process ${name} is being started again`] : []),
  ...(pid !== null && !responding ? [`the process ${name} does not answer: its part of this status is old`] : []),
  ...(dropped > 0 ? [`${dropped} messages from or to the process ${name} were dropped`] : []),
];

const warnings = ({ instances, virtual_servers: services, processes, static: fixed, email }: Status): readonly string[] => [
  ...instances
    .filter(({ state }) => state !== 'MASTER')
    .map(({ name, state, master }) => `this director is not master of ${name} (${state}; ${master === null ? 'no master is heard' : `the master is ${master}`})`),
  ...instances
    .filter(({ yielding }) => yielding)
    .map(({ name }) => `${name} was handed over by 'tandem failover': it takes over only when the other master fails, or after 'tandem failover ${name} --cancel'`),
  ...instances.flatMap(({ name, trackers }) =>
    trackers.filter(({ state, fault, reverse = false }) => state === (reverse ? 'up' : 'down') && !fault).map(({ type, name: tracked, reason }) => `${name}: ${type} ${tracked} ${reason}`),
  ),
  ...instances.filter(({ state }) => state === 'FAULT').map(({ name, reason }) => `${name} is in FAULT: ${reason}`),
  ...instances.flatMap(({ name, conflicts }) => conflicts.map((conflict) => `${name}: split brain: ${describeConflict(conflict)}`)),
  ...instances.flatMap(({ name, authentication }) =>
    authentication?.type === 'hmac' && authentication.mode !== 'enforce' ? [`${name}: authentication.mode is ${authentication.mode}: packets that are not authentic are accepted`] : [],
  ),
  ...instances.filter((instance) => !instance.address_list_agrees).map(({ name, master }) => `${name}: the master ${master ?? ''} lists other addresses than this director`),
  ...instances
    .filter(({ state, virtual_addresses: addresses }) => state === 'MASTER' && addresses.some(({ held }) => !held))
    .map(({ name, virtual_addresses: addresses }) => {
      const missing = addresses.filter(({ held }) => !held).map(({ address }) => address);
      return `${name} is MASTER, but does not hold ${missing.slice(0, 4).join(', ')}${missing.length > 4 ? ` and ${missing.length - 4} more` : ''}`;
    }),
  ...routingWarnings({ instances, ...(fixed && { static: fixed }) }),
  ...services.filter(({ quorum_up: up }) => !up).map(({ name }) => `${name} has lost its quorum`),
  ...services.flatMap(({ name, sorry_server: sorry }) => (sorry?.healthy === false ? [`${name}: its sorry server ${formatEndpoint(sorry.address, sorry.port)} is down: ${sorry.reason}`] : [])),
  ...services.filter(({ panic = false }) => panic).map(({ name }) => `${name} is in panic: too many real servers failed at once, and stay in the table`),
  ...processes.flatMap(processWarning),
  ...(email?.problem == null ? [] : [`e-mail cannot be delivered to ${email.server}: ${email.problem} (${email.waiting} events wait)`]),
];

/** Lines of at most `columns` (100) characters, without a newline at the end. */
export const formatStatus = (status: Status, options: TableOptions): string => {
  const { colours, now, columns = 100 } = options;
  const warned = warnings(status).flatMap((warning) => wrap(warning, columns - 2).map((line, index) => paint(`${index === 0 ? '! ' : '  '}${line}`, 'yellow', colours)));
  const sync = status.sync === null ? [] : [`connection sync: ${status.sync.role}, id ${status.sync.id}, on ${status.sync.interface}`];
  const instances: readonly (readonly Cell[])[] = status.instances.map((instance) => instanceRow(instance, now));
  const sections: readonly (readonly string[])[] = [
    [
      `${paint(shorten(status.router_id, 40), 'bold', colours)}  tandemd ${status.version}, pid ${status.pid}, up ${formatAge(status.started_at, now)}`,
      `configuration ${shorten(status.config.path, columns - 56)} (${status.config.sha256.slice(0, 12)}), loaded ${formatAge(status.config.loaded_at, now)} ago`,
      ...sync,
      ...routingLines(status).map((line) => shorten(line, columns)),
    ],
    warned,
    instances.length === 0 ? [] : formatTable([header('INSTANCE', 'STATE', 'SINCE', 'PRIORITY', 'MASTER', 'ADDRESSES'), ...instances], [22, 6, 9, 10, 15, 28], colours),
    status.virtual_servers.length === 0
      ? []
      : formatTable(
          [header('VIRTUAL SERVER', 'BY', 'WEIGHT', 'HEALTH', 'SINCE', 'CHECK'), ...status.virtual_servers.flatMap((service) => serviceRows(service, columns, options))],
          [49, 4, 11, 7, 9, 10],
          colours,
        ),
  ];
  return sections
    .filter((section) => section.length > 0)
    .map((section) => section.join('\n'))
    .join('\n\n');
};
