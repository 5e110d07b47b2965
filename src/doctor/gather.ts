/** Looks at everything that the doctor judges, as much as possible at once. Changes nothing. */
import { existsSync } from 'node:fs';
import { destinationsOf } from '../config/forwarding-name.js';
import type { Configuration } from '../config/model.js';
import { ControlError, request } from '../control/client.js';
import { inWords } from '../control/in-words.js';
import type { Status } from '../control/status.js';
import { SyncDaemons } from '../ipvs/sync-daemon.js';
import { describeHardwareAddress } from '../network/arp.js';
import { NetworkMonitor } from '../network/monitor.js';
import type { InterfaceAddress, Link } from '../network/rtnetlink.js';
import { askStations, type Question } from './ask-stations.js';
import { clockSynchronised } from './clock.js';
import type { DaemonFacts, Facts, HostFacts, PeerTable, ProbeResult, Role, Station, SyncFacts, Unseen } from './facts.js';
import { dumpFirewall } from './firewall-dump.js';
import { findMissingModules, readCapabilities, readManagers, readSysctls } from './host-files.js';
import { type Heard, listen } from './listen.js';
import { isWithin } from './networks.js';
import { carrierOf, ownAddresses } from './own-addresses.js';
import { planProbes, plansAtMost } from './probe-plan.js';
import { ServerProbes } from './probe-servers.js';
import { lookUpRoutes } from './route-lookup.js';

export interface Wanted {
  /** undefined: what the host looks like decides */
  readonly role: Role | undefined;
  readonly configuration: Configuration | undefined;
  readonly file: Facts['file'];
  readonly runtimeDirectory: string;
  /** of listening, milliseconds; undefined: as the advertisement intervals ask for */
  readonly wait: number | undefined;
  readonly peer: PeerTable | undefined;
}

const shortestWait = 3_000;
const longestWait = 10_000;
const statusTimeout = 5_000;

/** Three intervals of the slowest instance, so that a lost packet is no silence. */
const waitFor = ({ vrrp }: Configuration): number => {
  const slowest = Math.max(0, ...vrrp.instances.map(({ advertisementInterval }) => advertisementInterval / 1_000));
  return vrrp.instances.length === 0 ? 0 : Math.min(longestWait, Math.max(shortestWait, 3 * slowest + 500));
};

export const gather = async ({ role: given, configuration, file, runtimeDirectory, wait, peer }: Wanted): Promise<Facts> => {
  const links: Link[] = [];
  const addresses: InterfaceAddress[] = [];
  const monitor = new NetworkMonitor((change) => {
    if (change.type === 'link' && change.link) links.push(change.link);
    else if (change.type === 'address_added') addresses.push(change.address);
  });
  try {
    await monitor.refresh();
    const daemon = await askDaemon(runtimeDirectory, configuration);
    const unseen: Unseen[] = [];
    const host = await readHost(configuration, links, addresses, (index) => monitor.nameOf(index));
    const role = given ?? roleOf(configuration, host, daemon);
    const listened = role === 'director' && configuration ? (wait ?? waitFor(configuration)) : 0;
    const wallClock = Date.now();
    const asking = role === 'director' && configuration ? ask(configuration, host, monitor) : Promise.resolve({ stations: [], probes: [], unseen: [] });
    const firewall = dumpFirewall();
    const heard: Heard = role === 'director' && configuration ? await listen(configuration, host.links, listened, asking) : { vrrp: [], sync: [], unseen: [] };
    const { stations, probes, unseen: unasked } = await asking;
    const { facts: firewallFacts, unseen: unread } = await firewall;
    unseen.push(...heard.unseen, ...unasked, ...unread);
    const sync = role === 'director' && configuration?.ipvs.sync ? await readSync(heard, unseen) : undefined;
    // what the daemon says now is set against what was heard until now
    const later = role === 'director' ? await askDaemon(runtimeDirectory, configuration, unseen) : undefined;
    return { role, configuration, file, listened, host: { ...host, addresses: await addressesNow() }, firewall: firewallFacts, daemon: later, vrrp: heard.vrrp, wallClock, sync, stations, probes, peer, unseen: distinct(unseen) };
  } finally {
    monitor.close();
  }

  async function addressesNow(): Promise<HostFacts['addresses']> {
    await monitor.refresh();
    return links.flatMap(({ index, name }) => monitor.addressesOf(index).map(({ address, prefixLength }) => ({ interface: name, address, prefixLength })));
  }
};

/** One for each thing and remedy, the first. */
const distinct = (unseen: readonly Unseen[]): readonly Unseen[] => [...new Map([...unseen].reverse().map((each) => [`${each.what} ${each.remedy}`, each])).values()].reverse();

/** A host without a daemon that has a real server's address is one. */
const roleOf = (configuration: Configuration | undefined, host: HostFacts, daemon: DaemonFacts | undefined): Role => {
  if (configuration === undefined) return 'real_server';
  const own = new Set(host.addresses.map(({ address }) => address));
  const serves = configuration.virtualServers.some((service) => destinationsOf(service).some(({ address }) => own.has(address)));
  return serves && daemon !== undefined && daemon.status === undefined ? 'real_server' : 'director';
};

/** Undefined: it may run, but this user may not ask it. */
const askDaemon = async (runtimeDirectory: string, configuration: Configuration | undefined, unseen: Unseen[] = []): Promise<DaemonFacts | undefined> => {
  try {
    const reply = await request(runtimeDirectory, { command: 'status' }, statusTimeout);
    if (!reply.ok) return { status: undefined, problem: reply.error, processes: [] };
    const status = reply.status as Status;
    return { status, problem: undefined, processes: configuration ? await readCapabilities(status.processes, configuration) : [] };
  } catch (error) {
    if (error instanceof ControlError && error.code === 'PERMISSION') {
      unseen.push({ what: 'tandemd', problem: error.message, remedy: 'run tandem doctor as root' });
      return undefined;
    }
    if (error instanceof ControlError) return { status: undefined, problem: error.message, processes: [] };
    throw error;
  }
};

const readHost = async (configuration: Configuration | undefined, links: readonly Link[], addresses: readonly InterfaceAddress[], nameOf: (index: number) => string): Promise<HostFacts> => {
  const facts = links.map(({ name, index, hardwareAddress, up, running, mtu }) => ({ name, index, hardwareAddress: hardwareAddress.length === 6 && hardwareAddress.some((octet) => octet !== 0) ? describeHardwareAddress(hardwareAddress) : '', up, running, mtu }));
  const servers = configuration === undefined ? [] : configuration.virtualServers.flatMap((service) => destinationsOf(service).map(({ address }) => address));
  const [sysctls, managers, missingModules, routes] = await Promise.all([readSysctls(), readManagers(facts), configuration ? findMissingModules(configuration) : [], lookUpRoutes([...new Set(servers)], nameOf)]);
  return {
    links: facts,
    addresses: addresses.map(({ index, address, prefixLength }) => ({ interface: nameOf(index), address, prefixLength })),
    sysctls,
    managers,
    missingModules,
    clockSynchronised: clockSynchronised(),
    routes,
  };
};

/** The virtual addresses on the segments that they belong to, and the real servers of those segments. */
const questionsOf = (configuration: Configuration, host: HostFacts): readonly Question[] => {
  const virtual = configuration.vrrp.instances.flatMap((instance) => instance.virtualAddresses.map((each) => ({ interface: carrierOf(each.interface, instance), address: each.address })));
  const own = ownAddresses(host, configuration).filter(({ interface: name }) => name !== 'lo');
  const mine = new Set(host.addresses.map(({ address }) => address));
  const servers = configuration.virtualServers
    .flatMap((service) => destinationsOf(service).map(({ address }) => address))
    .filter((address) => !mine.has(address))
    .flatMap((address) => own.filter((network) => isWithin(address, network.address, network.prefixLength)).map((network) => ({ interface: network.interface, address })));
  return [...new Map([...virtual, ...servers].map((question) => [`${question.interface} ${question.address}`, question])).values()];
};

const ask = async (configuration: Configuration, host: HostFacts, monitor: NetworkMonitor): Promise<{ readonly stations: readonly Station[]; readonly probes: readonly ProbeResult[]; readonly unseen: readonly Unseen[] }> => {
  const { stations, unseen } = await askStations(questionsOf(configuration, host), monitor);
  const plans = planProbes(configuration, host, stations);
  if (plans.length === 0) return { stations, probes: [], unseen };
  const left = plans.length - plansAtMost;
  const more: readonly Unseen[] = left > 0 ? [{ what: 'real servers', problem: `${left} of ${plans.length} pairs of real server and virtual address were not asked: too many for one run`, remedy: 'run tandem doctor on the real servers too' }] : [];
  let probes: ServerProbes | undefined;
  try {
    probes = new ServerProbes(host, stations);
    return { stations, probes: await probes.run(plans.slice(0, plansAtMost)), unseen: [...unseen, ...more] };
  } catch (error) {
    return { stations, probes: [], unseen: [...unseen, { what: 'real servers', problem: `real servers cannot be asked: ${inWords(error)}`, remedy: 'run tandem doctor as root (CAP_NET_RAW)' }] };
  } finally {
    probes?.close();
  }
};

/** Only where IPVS is there: a question would load it. */
const readSync = async (heard: Heard, unseen: Unseen[]): Promise<SyncFacts | undefined> => {
  if (!existsSync('/proc/net/ip_vs')) return undefined;
  try {
    const daemons = await SyncDaemons.open();
    try {
      return { daemons: await daemons.running(), heard: heard.sync };
    } finally {
      daemons.close();
    }
  } catch (error) {
    unseen.push({ what: 'connection sync', problem: `the kernel's sync daemons cannot be read: ${inWords(error)}`, remedy: 'run tandem doctor as root (CAP_NET_ADMIN)' });
    return undefined;
  }
};
