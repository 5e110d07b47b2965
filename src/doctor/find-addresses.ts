/** Virtual addresses in the wrong network, of the wrong mask, held by the wrong director, or answered for by the wrong station. Pure. */
import { forwardingName } from '../config/forwarding-name.js';
import type { Configuration, InstanceConfiguration, VirtualAddress } from '../config/model.js';
import type { HostAddress } from '../ipvs/kernel-needs.js';
import { isLinkLocal } from '../network/ip-address.js';
import type { Facts, Station } from './facts.js';
import { type Finding, finding } from './finding.js';
import { sendersOf } from './heard.js';
import { isWithin, lengthOf, reserved } from './networks.js';
import { carrierOf, ownAddresses } from './own-addresses.js';

interface Placed {
  readonly instance: InstanceConfiguration;
  readonly virtual: VirtualAddress;
  /** interface whose network it belongs to */
  readonly carrier: string;
}

const placedOf = ({ vrrp }: Configuration): readonly Placed[] => vrrp.instances.flatMap((instance) => instance.virtualAddresses.map((virtual) => ({ instance, virtual, carrier: carrierOf(virtual.interface, instance) })));
const written = ({ address, prefixLength }: Pick<HostAddress, 'address' | 'prefixLength'>): string => `${address}/${prefixLength}`;

export const findInAddresses = (facts: Facts): readonly Finding[] => {
  const { configuration } = facts;
  if (configuration === undefined) return [];
  const placed = placedOf(configuration);
  const own = ownAddresses(facts.host, configuration);
  return [...placed.flatMap((each) => networks(each, own)), ...holders(facts, configuration, placed), ...claims(facts, configuration, placed)];
};

const networks = ({ instance, virtual, carrier }: Placed, own: readonly HostAddress[]): readonly Finding[] => {
  const { address, prefixLength } = virtual;
  // the owner's address is the interface's own, and a link-local one is on every link
  if (isLinkLocal(address) || instance.priority === 255) return [];
  const around = own.filter((each) => each.prefixLength < lengthOf(address) && isWithin(address, each.address, each.prefixLength));
  const here = around.filter((each) => each.interface === carrier);
  const elsewhere = around.find((each) => each.interface !== carrier);
  const whole = prefixLength === lengthOf(address);
  const kind = reserved(address, whole ? (here[0]?.prefixLength ?? 32) : prefixLength);
  if (kind !== undefined) return [finding('vip_reserved', instance.name, `${written(virtual)} is the ${kind} address of its network`, 'virtual_addresses: take a free address of the network')];
  if (here.length > 0) {
    if (whole || here.some((each) => each.prefixLength === prefixLength)) return [];
    const [network] = here;
    return network === undefined ? [] : [finding('vip_mask_differs', instance.name, `${written(virtual)} on ${carrier}, whose own address is ${written(network)}`, `virtual_addresses: ${address}/${network.prefixLength}, or ${address}/${lengthOf(address)}`)];
  }
  if (elsewhere !== undefined) return [finding('vip_on_other_interface', instance.name, `${written(virtual)} is to be held on ${carrier}, but is in the network of ${elsewhere.interface} (${written(elsewhere)})`, `virtual_addresses: { address: ${written(virtual)}, interface: ${elsewhere.interface} }, or another address`)];
  // with a mask it brings its network along
  if (!whole) return [];
  const networksHere = own.filter((each) => each.interface === carrier && !isLinkLocal(each.address)).map(written).join(', ');
  return [finding('vip_outside_network', instance.name, `${address} is in none of the networks of ${carrier} (${networksHere || 'it has none'})`, `give it the mask of its network (${address}/24), or take an address of the network of ${carrier}; if routers lead it here, this is as it should be`)];
};

const holders = ({ host, daemon }: Facts, configuration: Configuration, placed: readonly Placed[]): readonly Finding[] =>
  placed.flatMap(({ instance, virtual }): readonly Finding[] => {
    if (daemon === undefined) return [];
    const status = daemon.status?.instances.find(({ name }) => name === instance.name);
    const there = host.addresses.find(({ address }) => address === virtual.address);
    const isMaster = status?.state === 'MASTER';
    if (there !== undefined && there.interface !== 'lo' && !isMaster && instance.priority < 255 && !isRealServerAddress(configuration, virtual.address)) {
      const who = status === undefined ? (daemon.status === undefined ? 'tandemd does not run here' : `tandemd does not know ${instance.name}`) : `${instance.name} is ${status.state} here`;
      return [finding('vip_held_by_backup', instance.name, `${written(there)} is on ${there.interface}, though ${who}`, `ip addr del ${written(there)} dev ${there.interface}, and take it out of the host's own network configuration`)];
    }
    if (isMaster && there === undefined) return [finding('vip_not_held', instance.name, `${instance.name} is MASTER here, and ${virtual.address} is on no interface`, `journalctl -u tandemd tells why it could not be added; tandem status shows what is held`)];
    return [];
  });

const isRealServerAddress = ({ virtualServers }: Configuration, address: string): boolean => virtualServers.some(({ realServers }) => realServers.some((server) => server.address === address));

/** Who answers for the virtual addresses, beside the master that is heard. */
const claims = (facts: Facts, configuration: Configuration, placed: readonly Placed[]): readonly Finding[] => {
  const { stations, host, daemon } = facts;
  const own = new Set(host.links.map(({ hardwareAddress }) => hardwareAddress));
  const servers = realServerStations(configuration, stations);
  return placed.flatMap(({ instance, virtual, carrier }): readonly Finding[] => {
    const station = stations.find(({ interface: name, address }) => name === carrier && address === virtual.address);
    if (station === undefined) return [];
    const masters = new Set(sendersOf(facts, instance).map(({ hardwareAddress }) => hardwareAddress));
    const isMaster = daemon?.status?.instances.find(({ name }) => name === instance.name)?.state === 'MASTER';
    // that of the virtual router (RFC 9568, 7.3) is the other director's, whatever it sends its advertisements from
    const virtualMacs = [1, 2].map((family) => `00:00:5e:00:0${family}:${instance.virtualRouterId.toString(16).padStart(2, '0')}`);
    const others = station.hardwareAddresses.filter((hardwareAddress) => !own.has(hardwareAddress) && (isMaster || !virtualMacs.includes(hardwareAddress)));
    const wrong = others.flatMap((hardwareAddress): readonly Finding[] => {
      const server = servers.get(hardwareAddress);
      // a director may be a real server too
      if (server !== undefined && !masters.has(hardwareAddress)) {
        const method = server.forwarding === 'tun' ? 'its tunnel interface' : 'lo';
        return [finding('vip_answered_by_real_server', `${instance.name} ${server.address}`, `the real server ${server.address} (${hardwareAddress}) answers ${virtual.address.includes(':') ? 'Neighbour Solicitations' : 'ARP'} for ${virtual.address} on ${carrier}`, `on ${server.address}: sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2, and the address on ${method} only (tandem realserver apply does it)`)];
      }
      // a router that is heard is another master, of which the advertisements tell
      if (!masters.has(hardwareAddress) && (isMaster || masters.size > 0)) {
        return [finding('vip_answered_by_stranger', instance.name, `${hardwareAddress} on ${carrier} answers for ${virtual.address}${isMaster ? ', which this director holds' : ', which another router advertises'}`, `find the host with that hardware address (bridge fdb, the switch's table, ip neigh) and take ${virtual.address} from it; if it is the other director, find why it does not hear this one: tandem doctor there`)];
      }
      return [];
    });
    const nobody = station.hardwareAddresses.length === 0 && !isMaster && masters.size > 0;
    return nobody && wrong.length === 0 ? [finding('vip_not_answered', instance.name, `nobody on ${carrier} answers for ${virtual.address}, though ${[...masters].join(', ')} advertises on ${instance.interface}`, 'tandem status on the other director shows whether it holds the address; arp_ignore there must not be above 2')] : wrong;
  });
};

const realServerStations = ({ virtualServers }: Configuration, stations: readonly Station[]): ReadonlyMap<string, { readonly address: string; readonly forwarding: string }> => {
  const found = new Map<string, { readonly address: string; readonly forwarding: string }>();
  for (const { realServers, sorryServer } of virtualServers) {
    for (const server of sorryServer ? [...realServers, sorryServer] : realServers) {
      const station = stations.find(({ address, hardwareAddresses }) => address === server.address && hardwareAddresses.length > 0);
      const [hardwareAddress] = station?.hardwareAddresses ?? [];
      if (hardwareAddress !== undefined) found.set(hardwareAddress, { address: server.address, forwarding: forwardingName(server) });
    }
  }
  return found;
};
