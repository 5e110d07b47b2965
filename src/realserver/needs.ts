/** What wishes come to on the host: devices, addresses, settings, rules. Pure. */
import { type Need } from '../ipvs/kernel-needs.js';
import { silenceRules, type WantedArpRules } from '../network/arp-rules.js';
import type { FouPort } from '../network/fou.js';
import { familyOf } from '../network/ip-address.js';
import { dropsTunnelled, silentIgnores } from './arp-silence.js';
import { RealServerError } from './error.js';
import { receiverOf, type TunnelDevice } from './tunnels.js';
import type { VipWish, Wishes } from './wishes.js';

/** An address of one host alone, on a device. */
export interface AddressPlace {
  readonly device: string;
  readonly address: string;
  /** 32, or 128 */
  readonly prefixLength: number;
}

export interface Needs {
  readonly devices: readonly TunnelDevice[];
  readonly ports: readonly FouPort[];
  readonly addresses: readonly AddressPlace[];
  readonly settings: readonly Need[];
  readonly arpRules: WantedArpRules;
  /** command that loads a kernel module */
  readonly modprobe: readonly string[];
}

export const portKey = ({ family, port }: FouPort): string => `${family} ${port}`;
export const placeKey = ({ device, address }: AddressPlace): string => `${device} ${address}`;

const distinct = <T>(items: readonly T[], key: (item: T) => string): readonly T[] => [...new Map(items.map((item) => [key(item), item])).values()];

const arpSettings = (device: string): readonly Need[] => [
  {
    path: `ipv4/conf/${device}/arp_ignore`,
    wanted: '1',
    fits: (value) => silentIgnores.some((silent) => silent === value),
    why: 'ARP requests are answered only for addresses of the interface itself, not for those of lo or a tunnel',
  },
  {
    path: `ipv4/conf/${device}/arp_announce`,
    wanted: '2',
    fits: (value) => value === '2',
    why: "the host's own ARP requests never have a virtual address as sender",
  },
];

const reversePath = (device: string): Need => ({
  path: `ipv4/conf/${device}/rp_filter`,
  wanted: '2',
  // 2 on the device outdoes 1 on all, so that no other interface loses its filter
  fits: (value, read) => !dropsTunnelled((path) => (path === `ipv4/conf/${device}/rp_filter` ? value : read(path)), device),
  why: 'what comes out of the tunnel is from clients that the tunnel does not lead to, and a strict filter drops it',
});

const isIPv4 = ({ address }: { readonly address: string }): boolean => familyOf(address) === 'ipv4';

/**
 * @param wishes of every set that is in force together
 * @throws RealServerError USAGE where they contradict each other
 */
export const needsOf = (wishes: readonly Wishes[]): Needs => {
  const vips = wishes.flatMap((each) => each.vips);
  const received = vips.flatMap((vip) => (vip.method === 'tun' ? [{ vip, ...receiverOf(vip) }] : []));
  const devices = distinct(received.map(({ device }) => device), ({ name, own }) => `${name} ${own?.local ?? ''}`);
  const twice = devices.find(({ name }, index) => devices.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) throw new RealServerError('USAGE', `${twice.name} can unwrap what is sent to one address of this host, and two are asked for: name one with --address`);
  const gre = received.filter(({ vip }) => vip.tunnel?.type === 'gre');
  const mixed = gre.find(({ vip }) => gre.some((other) => other.vip.realServer === vip.realServer && other.vip.tunnel?.checksum !== vip.tunnel?.checksum));
  // what is sent to an address goes to the tunnel with that local address before one for any, and is dropped there when the checksum is not as expected
  if (mixed !== undefined) throw new RealServerError('USAGE', `GRE with a checksum and without cannot both be unwrapped at ${mixed.vip.realServer ?? 'one address'}: give the services one kind`);

  const tunnelsOf = (vip: VipWish): readonly string[] => received.filter((each) => each.vip.address === vip.address).map(({ device }) => device.name);
  const places = vips.flatMap((vip) => {
    const tunnels = tunnelsOf(vip);
    // of a tunnel without an address the reverse path filter lets nothing pass
    return (tunnels.length === 0 ? ['lo'] : tunnels).map((device) => ({ device, address: vip.address, prefixLength: isIPv4(vip) ? 32 : 128 }));
  });

  const quiet = wishes.filter(({ arpMethod, vips: those }) => arpMethod === 'sysctl' && those.some(isIPv4));
  const settings = [
    ...(quiet.length === 0 ? [] : ['all', 'lo', ...quiet.flatMap(({ interfaces }) => interfaces.map(({ name }) => name))].flatMap(arpSettings)),
    ...received.filter(({ vip }) => isIPv4(vip)).map(({ device }) => reversePath(device.name)),
  ];

  const ruled = wishes.filter(({ arpMethod }) => arpMethod === 'arptables');
  const rules = distinct(
    ruled.flatMap(({ vips: those, interfaces }) => those.filter(isIPv4).map(({ address }) => ({ address, interfaces }))),
    ({ address }) => address,
  ).map(({ address, interfaces }) => silenceRules(address, interfaces.flatMap(({ name, source }) => (source === undefined ? [] : [{ name, source }]))));

  return {
    devices,
    ports: distinct(received.flatMap(({ port }) => port ?? []), portKey),
    addresses: distinct(places, placeKey),
    settings: distinct(settings, ({ path }) => path),
    arpRules: { input: rules.flatMap(({ input }) => input), output: rules.flatMap(({ output }) => output) },
    modprobe: wishes.at(-1)?.modprobe ?? [],
  };
};
