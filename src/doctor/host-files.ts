/** What the host's files say: settings, who manages interfaces, capabilities, kernel modules. Read only. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Configuration } from '../config/model.js';
import { inWords } from '../control/in-words.js';
import type { ProcessStatus } from '../control/status.js';
import { schedulerModule } from '../ipvs/scheduler.js';
import { childEnvironment } from '../supervisor/environment.js';
import { modulesOf } from '../supervisor/service-chains.js';
import type { DaemonFacts, HostFacts, LinkFact, Manager } from './facts.js';

const read = async (path: string): Promise<string | undefined> => {
  try {
    return (await readFile(path, 'latin1')).trim();
  } catch {
    return undefined; // what is not there says nothing
  }
};
const entries = async (path: string): Promise<readonly string[]> => {
  try {
    return await readdir(path);
  } catch {
    return [];
  }
};

const ofInterface = ['rp_filter', 'send_redirects', 'arp_ignore', 'arp_announce', 'forwarding'];

export const readSysctls = async (root = '/proc/sys/net'): Promise<HostFacts['sysctls']> => {
  const paths = ['ipv4/ip_forward', 'ipv6/conf/all/forwarding'];
  for (const name of await entries(join(root, 'ipv4/conf'))) paths.push(...ofInterface.map((key) => `ipv4/conf/${name}/${key}`));
  for (const name of await entries(join(root, 'ipv4/vs'))) paths.push(`ipv4/vs/${name}`);
  const values = await Promise.all(paths.map(async (path) => [path, await read(join(root, path))] as const));
  return Object.fromEntries(values.flatMap(([path, value]) => (value === undefined ? [] : [[path, value]])));
};

const valueOf = (text: string, key: string): string | undefined => new RegExp(`^\\s*${key}\\s*=\\s*(.*?)\\s*$`, 'im').exec(text)?.[1];

/** Both keep a file for each interface that they know of (NetworkManager(8), /run/NetworkManager/devices; sd-network's /run/systemd/netif/links). */
export const readManagers = async (links: readonly LinkFact[], root = '/run'): Promise<readonly Manager[]> => {
  const found: Manager[] = [];
  for (const { name, index } of links) {
    const device = await read(join(root, 'NetworkManager/devices', String(index)));
    if (device !== undefined && valueOf(device, 'managed') === 'true') found.push({ interface: name, name: 'NetworkManager', keeps: false, file: undefined });
    const link = await read(join(root, 'systemd/netif/links', String(index)));
    const state = link === undefined ? undefined : valueOf(link, 'ADMIN_STATE');
    if (link === undefined || state === undefined || state === 'unmanaged') continue;
    const file = valueOf(link, 'NETWORK_FILE');
    found.push({ interface: name, name: 'systemd-networkd', keeps: await keepsAddresses(file), file });
  }
  return found;
};

/** systemd.network(5): KeepConfiguration=, in the file or a drop-in of it. */
const keepsAddresses = async (file: string | undefined): Promise<boolean> => {
  if (file === undefined) return false;
  const folders = ['/etc', '/run', '/usr/lib', '/lib'].map((root) => join(root, 'systemd/network', `${basename(file)}.d`));
  const dropIns = (await Promise.all(folders.map(async (folder) => (await entries(folder)).map((name) => join(folder, name))))).flat();
  const texts = await Promise.all([file, ...dropIns].map(read));
  return texts.some((text) => ['yes', 'true', '1', 'on', 'static'].includes((text && valueOf(text, 'KeepConfiguration')) ?? ''));
};

/** linux/capability.h */
const CAP_NET_ADMIN = 12;
const CAP_NET_RAW = 13;
const needed: Readonly<Record<ProcessStatus['name'], readonly (readonly [number, string])[]>> = {
  tandemd: [],
  vrrp: [[CAP_NET_ADMIN, 'CAP_NET_ADMIN'], [CAP_NET_RAW, 'CAP_NET_RAW']],
  lvs: [[CAP_NET_ADMIN, 'CAP_NET_ADMIN']],
};

/** What the daemon's processes lack; those that are not found are left out. */
export const readCapabilities = async (processes: readonly ProcessStatus[], configuration: Configuration): Promise<DaemonFacts['processes']> => {
  const used = new Set([...(configuration.vrrp.instances.length > 0 ? ['vrrp'] : []), ...(configuration.virtualServers.length > 0 ? ['lvs'] : [])]);
  const found = await Promise.all(
    processes.map(async ({ name, pid }) => {
      const effective = pid === null || !used.has(name) ? undefined : /^CapEff:\s*([0-9a-f]+)$/m.exec((await read(`/proc/${pid}/status`)) ?? '')?.[1];
      const lacks = effective === undefined ? [] : needed[name].flatMap(([number, capability]) => (((BigInt(`0x${effective}`) >> BigInt(number)) & 1n) === 1n ? [] : [capability]));
      return { name, lacks };
    }),
  );
  return found.filter(({ lacks }) => lacks.length > 0);
};

const neededModules = ({ virtualServers }: Configuration): readonly string[] => [
  ...new Set([
    ...(virtualServers.length > 0 && !existsSync('/proc/net/ip_vs') ? ['ip_vs'] : []),
    ...virtualServers.flatMap(({ scheduler, modules }) => [schedulerModule(scheduler), ...modules]),
    ...modulesOf(virtualServers),
  ]),
];

/** Asks modprobe, which loads nothing with --dry-run. A command of another name is not asked: nobody knows what it would do. */
export const findMissingModules = async (configuration: Configuration): Promise<HostFacts['missingModules']> => {
  const [program = '', ...args] = configuration.ipvs.modprobe;
  if (basename(program) !== 'modprobe') return [];
  const absent = neededModules(configuration).filter((name) => !existsSync(`/sys/module/${name}`));
  const found = await Promise.all(absent.map(async (name) => ({ name, problem: await dryRun(program, [...args, '--dry-run', name]) })));
  return found.flatMap(({ name, problem }) => (problem === undefined ? [] : [{ name, problem: `it is not loaded, and ${problem}` }]));
};

const dryRun = (program: string, args: readonly string[]): Promise<string | undefined> =>
  new Promise((resolve) => {
    execFile(program, args, { timeout: 10_000, env: childEnvironment() }, (error, _stdout, stderr) => {
      resolve(error === null ? undefined : `${[program, ...args].join(' ')} says: ${stderr.trim().split('\n').join(' ') || inWords(error)}`);
    });
  });
