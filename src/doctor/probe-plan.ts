/** What to ask of which real server, and from which address: IPv4 over Ethernet, and IP in IP. Pure. */
import { destinationsOf } from '../config/forwarding-name.js';
import type { Configuration, DestinationConfiguration, VirtualServerConfiguration } from '../config/model.js';
import { probePort } from '../config/targets.js';
import { familyOf } from '../network/ip-address.js';
import type { HostFacts, Station } from './facts.js';
import { isWithin } from './networks.js';
import { ownAddresses, virtualAddressesOf } from './own-addresses.js';

interface Common {
  readonly service: string;
  readonly realServer: string;
  /** 0 = none to ask */
  readonly port: number;
  readonly interface: string;
}
export interface DirectPlan extends Common {
  readonly kind: 'direct';
  readonly vip: string;
  readonly source: string;
  readonly hardwareAddress: string;
}
export interface TunnelPlan extends Common {
  readonly kind: 'tunnel';
  readonly vip: string;
  readonly source: string;
  /** MTU of the interface, octets */
  readonly size: number;
}
export interface RoutePlan extends Common {
  readonly kind: 'route';
  readonly hardwareAddress: string;
  readonly near: string;
  readonly far: string;
}
export type Plan = DirectPlan | TunnelPlan | RoutePlan;

/** The first addresses of a service stand for the others. */
const addressesAtMost = 4;
/** so that it stays quick; they come in the file's order */
export const plansAtMost = 400;

const vipsOf = ({ targets }: VirtualServerConfiguration): readonly { readonly address: string; readonly port: number }[] => {
  const all = targets.flatMap((target) => ('address' in target ? [target] : (target.match ?? []).map(({ address, ports }) => ({ address, port: ports[0] ?? 0 }))));
  return [...new Map(all.filter(({ address }) => familyOf(address) === 'ipv4').map((each) => [each.address, each])).values()].slice(0, addressesAtMost);
};

/** Each real server and address once, whatever services have them. */
export const planProbes = (configuration: Configuration, host: HostFacts, stations: readonly Station[]): readonly Plan[] => {
  const plans = configuration.virtualServers.flatMap((service) => destinationsOf(service).flatMap((destination) => plansOf(configuration, host, stations, service, destination)));
  return [...new Map(plans.map((plan) => [`${plan.kind} ${plan.realServer} ${plan.kind === 'route' ? '' : plan.vip}`, plan])).values()];
};

const plansOf = (configuration: Configuration, host: HostFacts, stations: readonly Station[], service: VirtualServerConfiguration, destination: DestinationConfiguration): readonly Plan[] => {
  const { address: realServer, forwarding, tunnel, sourceNat } = destination;
  if (familyOf(realServer) !== 'ipv4' || host.addresses.some(({ address }) => address === realServer)) return [];
  const own = ownAddresses(host, configuration).filter(({ address, interface: name }) => familyOf(address) === 'ipv4' && name !== 'lo');
  const common = { service: service.name, realServer };
  if (forwarding === 'tun') {
    const route = host.routes.find(({ to }) => to === realServer);
    const link = host.links.find(({ name }) => name === route?.interface);
    const source = own.find(({ interface: name }) => name === link?.name);
    if (!link || !source || (tunnel !== undefined && tunnel.type !== 'ipip')) return [];
    return vipsOf(service).map(({ address, port }) => ({ ...common, kind: 'tunnel', vip: address, port, interface: link.name, source: source.address, size: link.mtu }));
  }
  const near = own.find(({ address, prefixLength }) => prefixLength < 32 && isWithin(realServer, address, prefixLength));
  const [hardwareAddress] = stations.find((station) => station.address === realServer && station.interface === near?.interface)?.hardwareAddresses ?? [];
  if (!near || hardwareAddress === undefined) return [];
  if (forwarding === 'dr') return vipsOf(service).map(({ address, port }) => ({ ...common, kind: 'direct', vip: address, port, interface: near.interface, source: near.address, hardwareAddress }));
  if (sourceNat) return [];
  // the gateway must be here: an answer by way of the other director would say nothing
  const virtual = virtualAddressesOf(configuration);
  const gateways = host.addresses.filter(({ address, interface: name }) => virtual.has(address) && name !== 'lo' && isWithin(address, near.address, near.prefixLength));
  if (configuration.vrrp.instances.length > 0 && gateways.length === 0) return [];
  const far = own.find(({ interface: name, address }) => name !== near.interface && !isWithin(address, realServer, near.prefixLength));
  return far ? [{ ...common, kind: 'route', port: destination.port === 0 ? (probePort(service.targets) ?? 0) : destination.port, interface: near.interface, hardwareAddress, near: near.address, far: far.address }] : [];
};
