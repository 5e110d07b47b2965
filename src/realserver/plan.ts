/** From what is needed and what is there to the steps between, in an order in which the host is never heard answering for a virtual address. Pure. */
import type { HostFacts } from './facts.js';
import { carriersOf, linkNamed } from './facts.js';
import { arpCommands } from '../network/arp-rules.js';
import type { Made } from './made.js';
import { type AddressPlace, type Needs, placeKey, portKey } from './needs.js';
import type { Step, StepKind } from './step.js';

export interface Plan {
  readonly steps: readonly Step[];
  /** why nothing can be done as it is, in sentences with the remedy */
  readonly problems: readonly string[];
}

/** After these the host must be looked at again: with a device come its settings. */
export const deviceKinds: ReadonlySet<StepKind> = new Set(['load_module', 'create_device', 'raise', 'open_port']);
const undoing: ReadonlySet<StepKind> = new Set(['remove_address', 'arp_rules', 'put_back', 'close_port', 'lower', 'delete_device']);

/** Only the steps that take away: what others of ours lack is not made by a `remove`. */
export const undoingSteps = ({ steps }: Plan): readonly Step[] => steps.filter(({ kind }) => undoing.has(kind));

export const planOf = (needs: Needs, facts: HostFacts, made: Made): Plan => ({
  steps: [...addressesGoing(needs, facts, made), ...devicesComing(needs, facts), ...settingsComing(needs, facts), ...arpRulesOf(needs, facts, made), ...addressesComing(needs, facts), ...settingsGoing(needs, facts, made), ...devicesGoing(needs, facts, made)],
  problems: problemsOf(needs, facts, made),
});

const isThere = (facts: HostFacts, { device, address, prefixLength }: AddressPlace): boolean => carriersOf(facts, address).some((carrier) => carrier.device === device && carrier.prefixLength === prefixLength);

const addressesGoing = ({ addresses }: Needs, facts: HostFacts, made: Made): readonly Step[] => {
  const wanted = new Set(addresses.map(placeKey));
  return made.addresses.filter((place) => !wanted.has(placeKey(place)) && isThere(facts, place)).map((place) => ({ kind: 'remove_address', place }));
};

const addressesComing = ({ addresses }: Needs, facts: HostFacts): readonly Step[] => addresses.filter((place) => !isThere(facts, place)).map((place) => ({ kind: 'add_address', place }));

const devicesComing = ({ devices, ports, modprobe }: Needs, facts: HostFacts): readonly Step[] => {
  const load = (module: string): Step => ({ kind: 'load_module', module, command: modprobe });
  const absent = devices.filter(({ name }) => linkNamed(facts, name) === undefined);
  const open = new Set((facts.fouPorts ?? []).map(portKey));
  const closed = ports.filter((port) => !open.has(portKey(port)));
  const modules = new Set([...absent.map(({ module }) => module), ...(closed.length > 0 ? ['fou', ...(closed.some(({ family }) => family === 'ipv6') ? ['fou6'] : [])] : [])]);
  return [
    ...[...modules].filter((name) => facts.modulesMissing.includes(name)).map(load),
    ...absent.flatMap(({ name, own }): readonly Step[] => (own ? [{ kind: 'create_device', device: name, link: own }] : [])),
    ...devices.filter(({ name }) => linkNamed(facts, name)?.up !== true).map(({ name }): Step => ({ kind: 'raise', device: name })),
    ...closed.map((port): Step => ({ kind: 'open_port', port })),
  ];
};

const settingsComing = ({ settings, devices }: Needs, facts: HostFacts): readonly Step[] => {
  const read = (path: string): string | undefined => facts.settings.get(path);
  const coming = new Set(devices.filter(({ name }) => linkNamed(facts, name) === undefined).map(({ name }) => name));
  return settings.flatMap(({ path, wanted, fits }): readonly Step[] => {
    const [family = '', folder = '', device = '', name = ''] = path.split('/');
    const before = read(path) ?? (coming.has(device) ? read(`${family}/${folder}/default/${name}`) : undefined);
    // an interface that is gone has no settings
    return before === undefined || fits(before, read) ? [] : [{ kind: 'set', path, before, value: wanted }];
  });
};

const arpRulesOf = ({ arpRules: wanted }: Needs, { arpRules: found }: HostFacts, made: Made): readonly Step[] => {
  const removed = wanted.input.length === 0;
  if (found === undefined || (removed && !made.arpRules)) return [];
  const commands = arpCommands(found, wanted);
  return commands.length === 0 ? [] : [{ kind: 'arp_rules', commands, removed }];
};

const settingsGoing = ({ settings }: Needs, facts: HostFacts, made: Made): readonly Step[] => {
  const wanted = new Set(settings.map(({ path }) => path));
  // what someone else has changed since is theirs
  return made.settings.filter(({ path, ours }) => !wanted.has(path) && facts.settings.get(path) === ours).map(({ path, before, ours }) => ({ kind: 'put_back', path, before: ours, value: before }));
};

const devicesGoing = ({ devices, ports }: Needs, facts: HostFacts, made: Made): readonly Step[] => {
  const [wantedDevices, wantedPorts, ourAddresses] = [new Set(devices.map(({ name }) => name)), new Set(ports.map(portKey)), new Set(made.addresses.map(placeKey))];
  const open = new Set((facts.fouPorts ?? []).map(portKey));
  const going = (names: readonly string[]): readonly string[] => names.filter((name) => !wantedDevices.has(name) && linkNamed(facts, name) !== undefined);
  /** Someone else's IPv4 address is on it: it is theirs too by now. IPv6 ones the kernel makes by itself. */
  const isShared = (name: string): boolean => {
    const index = linkNamed(facts, name)?.index;
    return facts.addresses.some((found) => found.index === index && !found.address.includes(':') && !ourAddresses.has(placeKey({ ...found, device: name })));
  };
  return [
    ...made.ports.filter((port) => !wantedPorts.has(portKey(port)) && open.has(portKey(port))).map((port): Step => ({ kind: 'close_port', port })),
    ...going(made.raised).filter((name) => !made.created.includes(name) && linkNamed(facts, name)?.up === true && !isShared(name)).map((device): Step => ({ kind: 'lower', device })),
    ...going(made.created).map((device): Step => ({ kind: 'delete_device', device })),
  ];
};

const problemsOf = ({ addresses }: Needs, facts: HostFacts, made: Made): readonly string[] => {
  const ours = new Set(made.addresses.map(placeKey));
  return [...new Set(addresses.map(({ address }) => address))].flatMap((address) => {
    const wanted = addresses.filter((place) => place.address === address);
    const elsewhere = carriersOf(facts, address).filter(({ device, prefixLength }) => !wanted.some((place) => place.device === device && place.prefixLength === prefixLength) && !ours.has(placeKey({ device, address, prefixLength })));
    const directs = facts.services.has(address);
    return [
      ...elsewhere.map(({ device, prefixLength }) => inTheWay(address, prefixLength, device, wanted[0]?.device ?? 'lo', directs)),
      ...(directs && elsewhere.length === 0 ? [`${address}: this host is a director for it, a service of its IPVS table answers there and would schedule again what another director hands over: give the service forwarding: fullnat, or list other hosts as its real servers`] : []),
    ];
  });
};

const inTheWay = (address: string, prefixLength: number, device: string, wanted: string, directs: boolean): string => {
  const found = `${address}/${prefixLength} is on ${device} already`;
  if (directs) return `${found}: this host is the director that holds it now. What it schedules to itself IPVS delivers locally, so it needs none of this`;
  if (device === wanted) return `${found}, and there the whole network would be this host's own: ip addr del ${address}/${prefixLength} dev ${device}`;
  return `${found}, and a real server has a virtual address on ${wanted} alone. It may be this host's own address, or this host a director that holds it; if it is left over: ip addr del ${address}/${prefixLength} dev ${device}`;
};
