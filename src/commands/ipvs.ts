/** `tandem ipvs`: the kernel's IPVS table, connections, timeouts and sync daemons, in ipvsadm's own words. Asks the kernel, not the daemon. */
import { type Command, Option } from 'commander';
import type { ServiceSelector } from '../ipvs/service.js';
import type { Columns } from '../ipvs/view/table.js';
import type { Tools } from './operate.js';

interface Options {
  readonly list?: boolean;
  readonly l?: boolean;
  readonly save?: boolean;
  readonly numeric?: boolean;
  readonly connection?: boolean;
  readonly timeout?: boolean;
  readonly daemon?: boolean;
  readonly stats?: boolean;
  readonly rate?: boolean;
  readonly thresholds?: boolean;
  readonly persistentConn?: boolean;
  readonly tunInfo?: boolean;
  readonly exact?: boolean;
  readonly sort?: boolean;
  readonly nosort?: boolean;
  readonly tcpService?: string;
  readonly udpService?: string;
  readonly sctpService?: string;
  readonly fwmarkService?: string;
  readonly ipv6?: boolean;
}

export const addIpvsCommand = (program: Command, { fail }: Tools): void => {
  program
    .command('ipvs')
    .description("show the kernel's IPVS table as ipvsadm does, with its options; needs CAP_NET_ADMIN, but no daemon")
    .option('-L, --list', 'the table (the default), or one service of it')
    .addOption(new Option('-l').hideHelp())
    .option('-S, --save', 'the table as rules for ipvsadm -R')
    .option('-n, --numeric', 'addresses and ports as numbers, not by name')
    .option('-c, --connection', 'the connections')
    .option('--timeout', 'the timeouts of connections')
    .option('--daemon', 'the connection sync daemons')
    .option('--stats', 'totals: connections, packets, bytes')
    .option('--rate', 'the same a second')
    .option('--thresholds', "the servers' connection thresholds")
    .option('--persistent-conn', 'persistent connections; with -c what persistence engines know')
    .option('--tun-info', "the servers' tunnels")
    .option('--exact', 'totals and rates in full')
    .option('--sort', 'by protocol, address and port (the default)')
    .option('--nosort', "in the kernel's order")
    .option('-t, --tcp-service <address>', 'only this service')
    .option('-u, --udp-service <address>', 'only this service')
    .option('--sctp-service <address>', 'only this service')
    .option('-f, --fwmark-service <mark>', 'only the service of this firewall mark')
    .option('-6, --ipv6', 'with -f: the one of IPv6')
    .action(async (options: Options) => {
      const problem = conflict(options);
      if (problem !== undefined) throw fail(problem, 2);
      process.stdout.write(await show(options, fail));
    });
};

const selecting = ['tcpService', 'udpService', 'sctpService', 'fwmarkService'] as const;
const columns = ['stats', 'rate', 'thresholds', 'persistentConn', 'tunInfo'] as const;
const written: Readonly<Partial<Record<keyof Options, string>>> = {
  tcpService: '-t', udpService: '-u', sctpService: '--sctp-service', fwmarkService: '-f', ipv6: '-6', persistentConn: '--persistent-conn', tunInfo: '--tun-info',
};
const name = (option: keyof Options): string => written[option] ?? `--${option}`;

const conflict = (options: Options): string | undefined => {
  const given = (keys: readonly (keyof Options)[]): readonly (keyof Options)[] => keys.filter((key) => options[key] !== undefined);
  const [first, second] = given(selecting);
  if (first && second) return `${name(first)} and ${name(second)} exclude each other`;
  if (options.ipv6 === true && options.fwmarkService === undefined) return '-6 belongs to -f';
  if (options.save === true && (options.list ?? options.l) === true) return '-L and -S exclude each other';
  const kinds = given(['save', 'connection', 'timeout', 'daemon']);
  const [kind] = kinds;
  if (kind === undefined) return undefined;
  const own: readonly (keyof Options)[] = kind === 'connection' ? ['persistentConn', 'exact', 'nosort'] : [];
  const [other] = [...kinds.slice(1), ...given([...selecting, ...columns, 'exact', 'nosort']).filter((key) => !own.includes(key))];
  return other && `${name(kind)} and ${name(other)} exclude each other`;
};

/** As ipvsadm: the first of several wins. */
const columnsOf = ({ stats, rate, thresholds, persistentConn, tunInfo }: Options): Columns =>
  stats ? 'statistics' : rate ? 'rates' : thresholds ? 'thresholds' : persistentConn ? 'persistent_connections' : tunInfo ? 'tunnels' : 'forwarding';

const selectorOf = async ({ tcpService, udpService, sctpService, fwmarkService, ipv6 }: Options, fail: Tools['fail']): Promise<ServiceSelector | undefined> => {
  if (fwmarkService !== undefined) {
    // ipvsadm shows large marks as negative numbers
    const mark = /^-?\d{1,10}$/.test(fwmarkService) ? Number(fwmarkService) : 0;
    if (mark === 0 || mark < -2_147_483_648 || mark > 4_294_967_295) throw fail(`'${fwmarkService}' is no firewall mark: a number from 1 to 4294967295`, 2);
    return { family: ipv6 === true ? 'ipv6' : 'ipv4', fwmark: mark >>> 0 };
  }
  for (const [protocol, text] of [['tcp', tcpService], ['udp', udpService], ['sctp', sctpService]] as const) {
    if (text === undefined) continue;
    const { resolveEndpoint, UnknownNameError } = await import('../ipvs/view/resolve.js');
    try {
      const { address, port = 0 } = await resolveEndpoint(text, protocol);
      return { protocol, address, port };
    } catch (error) {
      throw error instanceof UnknownNameError ? fail(error.message, 2) : error;
    }
  }
  return undefined;
};

const show = async (options: Options, fail: Tools['fail']): Promise<string> => {
  try {
    if (options.connection === true) return await showConnections(options);
    if (options.daemon === true) return await showDaemons();
    return await showTable(options, fail);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EPERM' || code === 'EACCES') throw fail("the kernel shows IPVS's table to those with CAP_NET_ADMIN only: run it as root", 1);
    if (error instanceof Error && code === 'IPVS_UNAVAILABLE') throw fail(error.message, 1);
    throw error;
  }
};

const showConnections = async ({ numeric: asNumbers, persistentConn }: Options): Promise<string> => {
  const [{ readConnections, connectionAddresses }, { formatConnections }, { IpvsUnavailableError }] = await Promise.all([import('../ipvs/view/read.js'), import('../ipvs/view/connections.js'), import('../ipvs/family.js')]);
  try {
    const connections = readConnections();
    return formatConnections(connections, await namesOf(asNumbers, connectionAddresses(connections)), persistentConn === true);
  } catch (error) {
    throw error instanceof Error && 'code' in error && error.code === 'ENOENT' ? new IpvsUnavailableError({ cause: error }) : error;
  }
};

const showDaemons = async (): Promise<string> => {
  const [{ SyncDaemons }, { formatDaemons }] = await Promise.all([import('../ipvs/sync-daemon.js'), import('../ipvs/view/daemons.js')]);
  const daemons = await SyncDaemons.open();
  try {
    return formatDaemons(await daemons.runningInFull());
  } finally {
    daemons.close();
  }
};

const showTable = async (options: Options, fail: Tools['fail']): Promise<string> => {
  const only = await selectorOf(options, fail);
  const [{ IpvsClient }, { readView, addressesOf }] = await Promise.all([import('../ipvs/client.js'), import('../ipvs/view/read.js')]);
  const client = await IpvsClient.open();
  try {
    if (options.timeout === true) return (await import('../ipvs/view/daemons.js')).formatTimeouts(await client.getTimeouts());
    const view = await readView(client, only);
    if (!view) throw fail(`there is no such service: ${only ? (await import('../ipvs/service.js')).serviceKey(only) : ''}`, 1);
    const names = await namesOf(options.numeric, addressesOf(view.table));
    if (options.save === true) return (await import('../ipvs/view/rules.js')).formatRules(view.table, names);
    const { formatTable } = await import('../ipvs/view/table.js');
    return formatTable(view, { columns: columnsOf(options), names, sorted: options.nosort !== true, exact: options.exact === true });
  } finally {
    client.close();
  }
};

const namesOf = async (asNumbers: boolean | undefined, addresses: readonly string[]) =>
  asNumbers === true ? (await import('../ipvs/view/names.js')).numeric : await (await import('../ipvs/view/resolve.js')).resolveNames(addresses);
