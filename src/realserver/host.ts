/** Reads what a host is: links, addresses, settings, rules, the IPVS table. Needs no privileges but for arptables. */
import { existsSync, readFileSync } from 'node:fs';
import { addressOfHeading, readShownServices } from '../ipvs/table-text.js';
import type { ArpRules } from '../network/arp-rules.js';
import type { Arptables } from '../network/arptables.js';
import { decodeFouFamily, decodeGuePort, fouDump, fouFamilyRequest, type FouPort } from '../network/fou.js';
import { NetlinkChannel, NetlinkError } from '../network/netlink-channel.js';
import { addressDump, decodeAddress, decodeLink, linkDump } from '../network/rtnetlink.js';
import type { HostFacts } from './facts.js';
import type { Made } from './made.js';
import type { Needs } from './needs.js';

/** What of the host is to be looked at, beside links, addresses and IPVS. */
export interface Looking {
  readonly settings: readonly string[];
  readonly modules: readonly string[];
  readonly fouPorts: boolean;
  /** absent: the ARP filter is not looked at */
  readonly arptables?: Pick<Arptables, 'list'> | undefined;
}

const settingNames = ['arp_ignore', 'arp_announce', 'rp_filter'] as const;

/** What a plan for these needs, with what is ours already, must know. */
export const lookingFor = (needs: Needs, made: Made, arptables: Pick<Arptables, 'list'>): Looking => ({
  settings: [...needs.settings.map(({ path }) => path), ...made.settings.map(({ path }) => path), ...['all', 'default'].flatMap((device) => settingNames.map((name) => `ipv4/conf/${device}/${name}`))],
  modules: [...needs.devices.map(({ module }) => module), 'fou', 'fou6'],
  fouPorts: needs.ports.length > 0 || made.ports.length > 0,
  arptables: needs.arpRules.input.length > 0 || made.arpRules ? arptables : undefined,
});

/** @throws NetlinkError, ArptablesError */
export const readHost = async ({ settings, modules, fouPorts, arptables }: Looking): Promise<HostFacts> => {
  const [network, ports, arpRules] = await Promise.all([readNetwork(), fouPorts ? readGuePorts() : undefined, arptables?.list() satisfies Promise<ArpRules> | undefined]);
  return {
    ...network,
    settings: new Map(settings.flatMap((path) => { const value = readSetting(path); return value === undefined ? [] : [[path, value] as const]; })),
    services: servicesOfIpvs(),
    modulesMissing: modules.filter((name) => !existsSync(`/sys/module/${name}`)),
    ...(ports && { fouPorts: ports }),
    ...(arpRules && { arpRules }),
  };
};

/** Undefined where there is no such setting or interface. */
export const readSetting = (path: string): string | undefined => {
  try {
    return readFileSync(`/proc/sys/net/${path}`, 'latin1').trim();
  } catch {
    return undefined;
  }
};

/** @throws NetlinkError */
export const readNetwork = async (): Promise<Pick<HostFacts, 'links' | 'addresses'>> => {
  const channel = NetlinkChannel.open('route');
  try {
    const links = (await channel.dump(linkDump())).map(decodeLink).filter((link) => link !== undefined);
    const addresses = (await channel.dump(addressDump())).map(decodeAddress).filter((address) => address !== undefined);
    return { links, addresses };
  } finally {
    channel.close();
  }
};

const readGuePorts = async (): Promise<readonly FouPort[] | undefined> => {
  const channel = NetlinkChannel.open('generic');
  try {
    const family = await fouFamily(channel);
    return family === undefined ? undefined : (await channel.dump(fouDump(family))).flatMap((row) => decodeGuePort(row) ?? []);
  } finally {
    channel.close();
  }
};

/** Its number; undefined where the module is not loaded. @throws NetlinkError */
export const fouFamily = async (channel: NetlinkChannel): Promise<number | undefined> => {
  try {
    const [answer] = await channel.request(fouFamilyRequest());
    return answer && decodeFouFamily(answer);
  } catch (error) {
    if (error instanceof NetlinkError && error.code === 'ENOENT') return undefined;
    throw error;
  }
};

/** The addresses of its services. */
const servicesOfIpvs = (): ReadonlySet<string> => {
  try {
    return new Set([...readShownServices()].map(({ heading }) => addressOfHeading(heading)));
  } catch {
    return new Set(); // a host without IPVS
  }
};

const CAP_NET_ADMIN = 12n;

export const hasNetAdmin = (): boolean => {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0';
  return (BigInt(`0x${effective}`) & (1n << CAP_NET_ADMIN)) !== 0n;
};
