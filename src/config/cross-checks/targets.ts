/** What must hold of the addresses, ports and marks that services answer to. */
import { type Family, familyOf, formatEndpoint } from '../../network/ip-address.js';
import type { Path } from '../document.js';
import type { MarkTarget, ServiceTarget } from '../model.js';
import { onceForEach } from '../once-for-each.js';
import { targetFamily, targetsOf } from '../targets.js';
import type { Context, ReadableFile } from './context.js';
import { familyNames } from './family.js';

type Service = NonNullable<NonNullable<ReadableFile['virtual_servers']>[number]>;

const ways = ['address', 'addresses', 'fwmark'] as const;

/** A service of the kernel's table, in words. */
export const targetWords = (target: ServiceTarget): string => {
  if ('fwmark' in target) return `the firewall mark ${target.fwmark} (${familyNames[target.family]})`;
  return formatEndpoint(target.address, target.port);
};

/** What is marked for a service, as the address services of the same are called with their protocol. */
export const matchWords = ({ match = [] }: MarkTarget): readonly string[] => match.flatMap(({ address, ports, protocol }) => ports.map((port) => `${targetWords({ address, port })} ${protocol}`));

/** The targets of an entry, as far as it can be read: every check of a service and of each of its servers asks for them. */
export const readableTargets = onceForEach(({ address, addresses, fwmark, match, family, port, ports, real_servers }: Service): readonly ServiceTarget[] => {
  if ([address, addresses, fwmark].filter((way) => way !== undefined).length !== 1) return []; // reported as such
  return targetsOf({
    address,
    fwmark,
    family,
    port,
    real_servers,
    match: match?.map((entry) => (entry?.protocol === undefined ? undefined : { addresses: entry.addresses?.flatMap((each) => each ?? []) ?? [], ports: entry.ports?.flatMap((each) => each ?? []) ?? [], protocol: entry.protocol })),
    // an entry of which a part is wrong says nothing yet
    addresses: addresses?.map((entry) => (entry?.addresses === undefined ? undefined : { addresses: entry.addresses.flatMap((each) => each ?? []), ports: entry.ports?.flatMap((each) => each ?? []) })),
    ports: ports?.flatMap((each) => each ?? []),
  });
});

/** Exactly one of address, addresses and fwmark, with the ports that it needs. */
export const checkTargets = (context: Context, service: Service, path: Path): void => {
  const { given, report } = context;
  const [way, ...others] = ways.filter((key) => given([...path, key]));
  if (way === undefined) report(path, { code: 'missing_key', message: 'the service does not say what it answers to', remedy: 'add address and port (or addresses, or fwmark)' });
  for (const other of others) report([...path, other], { code: 'conflict', message: `${other} and ${way ?? ''} exclude each other`, remedy: `keep one of them; several addresses go into addresses: [...]`, at: 'key' });
  if (given([...path, 'match']) && way !== undefined && way !== 'fwmark') report([...path, 'match'], { code: 'conflict', message: 'match belongs to fwmark: it says which packets get the mark', remedy: 'add fwmark in place of address and port, or remove match', at: 'key' });
  if (way === undefined || others.length > 0) return;
  checkPortKeys(context, service, path, way);
  checkOnePacket(context, service, path);
  checkFamilies(context, service, path);
};

const checkPortKeys = (context: Context, service: Service, path: Path, way: (typeof ways)[number]): void => {
  const { given, report } = context;
  const keys = (['port', 'ports'] as const).filter((key) => given([...path, key]));
  if (way === 'fwmark') {
    for (const key of keys) report([...path, key], { code: 'conflict', message: `${key} has no meaning beside fwmark: the rules that set the mark choose the packets`, remedy: `remove ${key}`, at: 'key' });
    checkMatchFamilies(context, service, path);
    if (given([...path, 'protocol'])) report([...path, 'protocol'], { severity: 'warning', code: 'doubtful', message: 'protocol has no effect beside fwmark: the rules that set the mark choose the packets', remedy: 'remove protocol; an item of match may have one', at: 'key' });
    return;
  }
  if (given([...path, 'family'])) report([...path, 'family'], { code: 'conflict', message: 'family belongs to fwmark; an address says its own', remedy: 'remove family', at: 'key' });
  if (keys.length === 2) report([...path, 'ports'], { code: 'conflict', message: 'port and ports exclude each other', remedy: 'keep one of them', at: 'key' });
  if (keys.length > 0) return;
  const lacks = way === 'address' || (service.addresses ?? []).some((entry, index) => entry !== undefined && entry.ports === undefined && !given([...path, 'addresses', index, 'port']) && !given([...path, 'addresses', index, 'ports']));
  if (lacks) report(path, { code: 'missing_key', message: 'port is missing', remedy: 'add port: 80 (or ports: [80, 443])' });
};

/** A service by mark is of one family, and so are the rules that mark for it. */
const checkMatchFamilies = ({ report }: Context, service: Service, path: Path): void => {
  const [target] = readableTargets(service);
  if (target === undefined || !('fwmark' in target)) return;
  const other = target.match?.find(({ address }) => familyOf(address) !== target.family);
  if (other === undefined) return;
  report([...path, 'match'], { code: 'conflict', message: `${other.address} is ${familyNames[familyOf(other.address)]}, the service ${familyNames[target.family]}`, remedy: `make a service of its own for the ${familyNames[familyOf(other.address)]} addresses, with the same fwmark`, at: 'key' });
};

const checkOnePacket = ({ report }: Context, { one_packet: onePacket, fwmark, protocol, persistence }: Service, path: Path): void => {
  if (onePacket !== true) return;
  if (fwmark === undefined && protocol !== undefined && protocol !== 'udp') report([...path, 'one_packet'], { code: 'conflict', message: `one_packet is for UDP; the protocol is ${protocol}`, remedy: 'remove one_packet, or give protocol: udp', at: 'key' });
  if (persistence !== undefined) report([...path, 'one_packet'], { severity: 'warning', code: 'doubtful', message: 'with persistence a client stays with its server, one_packet or not', remedy: 'remove one of the two', at: 'key' });
};

/** A destination is of its service's family, except behind a tunnel (linux/net/netfilter/ipvs/ip_vs_ctl.c, ip_vs_genl_set_cmd). */
const checkFamilies = (context: Context, service: Service, path: Path): void => {
  const { report, given } = context;
  const targets = readableTargets(service);
  const families = new Set(targets.map(targetFamily));
  if (families.size > 1) {
    report([...path, 'addresses'], { code: 'conflict', message: 'a group has addresses of one family', remedy: 'make a service of its own for the IPv6 addresses', at: 'key' });
    return;
  }
  const [family] = families;
  if (family === undefined) return;
  checkPersistenceMask(context, service, path, family);
  const check = (server: Pick<NonNullable<NonNullable<Service['real_servers']>[number]>, 'address' | 'forwarding'> | undefined, part: Path): void => {
    if (server?.address === undefined || familyOf(server.address) === family) return;
    const place = [...path, ...part];
    const method = server.forwarding?.method ?? (given([...place, 'forwarding']) ? undefined : service.forwarding?.method);
    if (method === undefined) return;
    const words = `${server.address} is ${familyNames[familyOf(server.address)]}, the service ${familyNames[family]}`;
    if (method !== 'tun') report([...place, 'address'], { code: 'conflict', message: `${words}: ${method} cannot cross families`, remedy: `give an ${familyNames[family]} address, or forwarding: tun` });
    else if (context.file.ipvs?.sync !== undefined) report([...place, 'address'], { code: 'conflict', message: `${words}: the kernel refuses that beside connection sync`, remedy: `give an ${familyNames[family]} address, or remove ipvs.sync` });
  };
  service.real_servers?.forEach((server, index) => check(server, ['real_servers', index]));
  check(service.sorry_server, ['sorry_server']);
};

const checkPersistenceMask = ({ report, given }: Context, service: Service, path: Path, family: Family): void => {
  const place = [...path, 'persistence'];
  if (family === 'ipv6' && given([...place, 'netmask'])) report([...place, 'netmask'], { code: 'conflict', message: 'netmask is for IPv4; the service is IPv6', remedy: 'give prefix_length: 64', at: 'key' });
  if (family === 'ipv4' && given([...place, 'prefix_length'])) report([...place, 'prefix_length'], { code: 'conflict', message: 'prefix_length is for IPv6; the service is IPv4', remedy: 'give netmask: 255.255.255.0', at: 'key' });
  if (service.persistence?.engine === 'sip' && service.fwmark === undefined && service.protocol !== undefined && service.protocol !== 'udp') {
    report([...place, 'engine'], { code: 'conflict', message: `the engine sip reads UDP packets; the protocol is ${service.protocol}`, remedy: 'remove engine, or give protocol: udp', at: 'key' });
  }
};
