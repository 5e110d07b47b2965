/** What of the host is ours: made or changed by us, to be undone by us. Pure. */
import type { FouPort } from '../network/fou.js';
import { type AddressPlace, type Needs, placeKey, portKey } from './needs.js';
import type { Step } from './step.js';

export interface MadeSetting {
  /** under /proc/sys/net */
  readonly path: string;
  readonly before: string;
  readonly ours: string;
}

export interface Made {
  readonly addresses: readonly AddressPlace[];
  readonly settings: readonly MadeSetting[];
  /** devices that were down */
  readonly raised: readonly string[];
  /** devices that were not there */
  readonly created: readonly string[];
  readonly ports: readonly FouPort[];
  /** there are chains of ours in the ARP filter */
  readonly arpRules: boolean;
}

export const nothingMade: Made = { addresses: [], settings: [], raised: [], created: [], ports: [], arpRules: false };

const without = <T>(items: readonly T[], item: T, key: (each: T) => string): readonly T[] => items.filter((each) => key(each) !== key(item));
const withItem = <T>(items: readonly T[], item: T, key: (each: T) => string): readonly T[] => [...without(items, item, key), item];
const itself = (name: string): string => name;

/** To be recorded before the steps are done: what they will have made is ours, whatever happens on the way. */
export const madeBefore = (made: Made, steps: readonly Step[]): Made =>
  steps.reduce((now: Made, step): Made => {
    switch (step.kind) {
      case 'add_address':
        return { ...now, addresses: withItem(now.addresses, step.place, placeKey) };
      case 'set':
        return { ...now, settings: withItem(now.settings, { path: step.path, before: step.before, ours: step.value }, ({ path }) => path) };
      case 'raise':
        return { ...now, raised: withItem(now.raised, step.device, itself) };
      case 'create_device':
        return { ...now, created: withItem(now.created, step.device, itself) };
      case 'open_port':
        return { ...now, ports: withItem(now.ports, step.port, portKey) };
      case 'arp_rules':
        return { ...now, arpRules: true };
      case 'load_module':
      case 'remove_address':
      case 'put_back':
      case 'lower':
      case 'delete_device':
      case 'close_port':
        return now;
    }
  }, made);

/** After they were done: what was undone is ours no more. */
export const madeAfter = (made: Made, steps: readonly Step[]): Made =>
  steps.reduce((now: Made, step): Made => {
    switch (step.kind) {
      case 'remove_address':
        return { ...now, addresses: without(now.addresses, step.place, placeKey) };
      case 'put_back':
        return { ...now, settings: now.settings.filter(({ path }) => path !== step.path) };
      case 'lower':
        return { ...now, raised: without(now.raised, step.device, itself) };
      case 'delete_device':
        return { ...now, raised: without(now.raised, step.device, itself), created: without(now.created, step.device, itself) };
      case 'close_port':
        return { ...now, ports: without(now.ports, step.port, portKey) };
      case 'arp_rules':
        return { ...now, arpRules: !step.removed };
      case 'load_module':
      case 'add_address':
      case 'set':
      case 'raise':
      case 'create_device':
      case 'open_port':
        return now;
    }
  }, made);

/** When all is done: what is not needed and was not undone is gone, or someone else's by now. */
export const stillNeeded = (made: Made, needs: Needs): Made => {
  const [places, paths, devices, ports] = [needs.addresses.map(placeKey), needs.settings.map(({ path }) => path), needs.devices.map(({ name }) => name), needs.ports.map(portKey)] as const;
  return {
    addresses: made.addresses.filter((place) => places.includes(placeKey(place))),
    settings: made.settings.filter(({ path }) => paths.includes(path)),
    raised: made.raised.filter((name) => devices.includes(name)),
    created: made.created.filter((name) => devices.includes(name)),
    ports: made.ports.filter((port) => ports.includes(portKey(port))),
    arpRules: made.arpRules && needs.arpRules.input.length > 0,
  };
};
