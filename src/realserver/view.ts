/** What `tandem realserver show` tells: what is bound, what is missing. Pure. */
import { sysctlName } from '../ipvs/kernel-needs.js';
import { arpCommands } from '../network/arp-rules.js';
import { carriersOf, type HostFacts, linkNamed } from './facts.js';
import type { Made } from './made.js';
import { type AddressPlace, type Needs, placeKey, portKey } from './needs.js';
import { planOf } from './plan.js';

export interface AddressView extends AddressPlace {
  readonly bound: boolean;
  /** it was not there before; `false` for one that someone else has put there */
  readonly ours: boolean;
  /** other places where it is, e.g. `192.0.2.1/24 on eth0` */
  readonly elsewhere: readonly string[];
}

export interface RealServerView {
  readonly complete: boolean;
  readonly addresses: readonly AddressView[];
  readonly devices: readonly { readonly name: string; readonly state: 'up' | 'down' | 'absent' }[];
  readonly gue_ports: readonly { readonly port: number; readonly family: string; readonly open: boolean }[];
  /** `value` is null where the interface is gone */
  readonly settings: readonly { readonly name: string; readonly wanted: string; readonly value: string | null; readonly right: boolean }[];
  /** `unknown`: arptables could not be asked */
  readonly arp_rules: 'not_needed' | 'right' | 'missing' | 'unknown';
  /** what stands in the way, in sentences */
  readonly problems: readonly string[];
}

export const viewOf = (needs: Needs, facts: HostFacts, made: Made): RealServerView => {
  const ours = new Set(made.addresses.map(placeKey));
  const addresses = needs.addresses.map((place): AddressView => {
    const wanted = needs.addresses.filter(({ address }) => address === place.address);
    const carriers = carriersOf(facts, place.address);
    const right = ({ device, prefixLength }: { readonly device: string; readonly prefixLength: number }): boolean => prefixLength === place.prefixLength && device === place.device;
    return {
      ...place,
      bound: carriers.some(right),
      ours: ours.has(placeKey(place)),
      elsewhere: carriers.filter((carrier) => !right(carrier) && !wanted.some(({ device }) => device === carrier.device && carrier.prefixLength === place.prefixLength)).map(({ device, prefixLength }) => `${place.address}/${prefixLength} on ${device}`),
    };
  });
  const devices = needs.devices.map(({ name }) => {
    const link = linkNamed(facts, name);
    return { name, state: link === undefined ? ('absent' as const) : link.up ? ('up' as const) : ('down' as const) };
  });
  const open = new Set((facts.fouPorts ?? []).map(portKey));
  const ports = needs.ports.map((port) => ({ port: port.port, family: port.family, open: open.has(portKey(port)) }));
  const read = (path: string): string | undefined => facts.settings.get(path);
  const settings = needs.settings.map(({ path, wanted, fits }) => {
    const value = read(path);
    return { name: sysctlName(path), wanted, value: value ?? null, right: value !== undefined && fits(value, read) };
  });
  const rules = needs.arpRules.input.length === 0 ? 'not_needed' : facts.arpRules === undefined ? 'unknown' : arpCommands(facts.arpRules, needs.arpRules).length === 0 ? 'right' : 'missing';
  const { problems } = planOf(needs, facts, made);
  const complete =
    problems.length === 0 &&
    addresses.every(({ bound }) => bound) &&
    devices.every(({ state }) => state === 'up') &&
    ports.every((port) => port.open) &&
    settings.every(({ right, value }) => right || value === null) &&
    (rules === 'right' || rules === 'not_needed');
  return { complete, addresses, devices, gue_ports: ports, settings, arp_rules: rules, problems };
};

const arpSentences = { not_needed: undefined, right: 'ARP rules  right', missing: 'ARP rules  MISSING', unknown: 'ARP rules  unknown: arptables cannot be asked (root is needed)' } as const;

/** One fact a line; what is wrong in capitals. */
export const describeView = ({ complete, addresses, devices, gue_ports: ports, settings, arp_rules: rules, problems }: RealServerView): readonly string[] => {
  const wide = Math.max(0, ...addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`.length));
  return [
    ...addresses.map(({ device, address, prefixLength, bound, ours, elsewhere }) => {
      const more = [...(bound && !ours ? ['not by tandem'] : []), ...elsewhere.map((place) => `BUT ${place}`)];
      return `${`${address}/${prefixLength}`.padEnd(wide)}  ${bound ? `on ${device}` : `MISSING on ${device}`}${more.length === 0 ? '' : `, ${more.join(', ')}`}`;
    }),
    ...devices.map(({ name, state }) => `${name}  ${state === 'up' ? 'up' : state.toUpperCase()}`),
    ...ports.map(({ port, family, open }) => `GUE on UDP port ${port} (${family === 'ipv6' ? 'IPv6' : 'IPv4'})  ${open ? 'open' : 'CLOSED'}`),
    ...settings.map(({ name, wanted, value, right }) => `${name} = ${value ?? 'no such interface'}${right || value === null ? '' : `  WRONG, should be ${wanted}`}`),
    ...(arpSentences[rules] === undefined ? [] : [arpSentences[rules]]),
    ...problems,
    complete ? 'complete' : 'NOT complete',
  ];
};
