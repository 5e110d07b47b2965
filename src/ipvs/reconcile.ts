/** The difference between the IPVS table that is wanted and the one that the kernel has, as operations in a safe order. */
import type { OwnedService } from '../supervisor/messages.js';
import { type DestinationEntry, destinationKey, sameDestination } from './destination.js';
import type { Operation } from './operation.js';
import { sameSettings, type Service, serviceKey } from './service.js';

export type DesiredDestination = DestinationEntry;

export interface DesiredService {
  /** the virtual server's name in the configuration */
  readonly name: string;
  readonly service: Service;
  readonly destinations: readonly DesiredDestination[];
}

/** A service of the kernel's table with its destinations. */
export interface TableEntry {
  readonly service: Service;
  readonly destinations: readonly DestinationEntry[];
}

/** Of several with one key the last. */
const byKey = (destinations: readonly DestinationEntry[]): ReadonlyMap<string, DestinationEntry> => {
  const found = new Map<string, DestinationEntry>();
  for (const destination of destinations) found.set(destinationKey(destination), destination);
  return found;
};

/** For later: by then other connections may have begun. */
export const withoutConnections = ({ service, destinations }: TableEntry): TableEntry => ({
  service,
  destinations: destinations.map(({ address, port, forwarding, tunnel, weight, upperThreshold, lowerThreshold }) => ({ address, port, forwarding, tunnel, weight, upperThreshold, lowerThreshold })),
});

/**
 * Additions, then edits that do not lower a weight, then edits that do, then deletions: what is usable before as well as after
 * is usable all the time, and what replaces it is in before it goes (sorry server in, last server out; and back).
 */
const reconcileDestinations = (service: Service, desired: readonly DestinationEntry[], actual: readonly DestinationEntry[]): readonly Operation[] => {
  if (desired === actual) return []; // as it was made, and found again
  const wanted = byKey(desired);
  if (actual.length === 0) return Array.from(wanted.values(), (destination) => ({ type: 'add_destination', service, destination }));
  const present = byKey(actual);
  const additions: Operation[] = [];
  const raises: Operation[] = [];
  const lowerings: Operation[] = [];
  for (const [key, destination] of wanted) {
    const before = present.get(key);
    if (!before) additions.push({ type: 'add_destination', service, destination });
    else if (!sameDestination(before, destination)) {
      (destination.weight < before.weight ? lowerings : raises).push({ type: 'edit_destination', service, destination, before });
    }
  }
  const deletions = actual
    .filter((destination) => !wanted.has(destinationKey(destination)))
    .map((destination): Operation => ({ type: 'delete_destination', service, destination }));
  return [...additions, ...raises, ...lowerings, ...deletions];
};

/**
 * What makes the kernel's table the desired one. A service that is wanted is taken as it is found, whoever made it; one that is
 * not wanted is deleted if it is recorded as ours, otherwise left alone. What is right already yields no operation.
 */
export const reconcile = (desired: readonly DesiredService[], actual: readonly TableEntry[], owned: readonly OwnedService[]): readonly Operation[] => {
  const present = new Map(actual.map((entry) => [serviceKey(entry.service), entry]));
  const wanted = new Set(desired.map(({ service }) => serviceKey(service)));
  const operations: Operation[] = [];
  for (const { service, destinations } of desired) {
    const entry = present.get(serviceKey(service));
    if (!entry) operations.push({ type: 'add_service', service });
    else if (!sameSettings(entry.service, service)) operations.push({ type: 'edit_service', service, before: entry.service });
    for (const operation of reconcileDestinations(service, destinations, entry?.destinations ?? [])) operations.push(operation);
  }
  for (const key of new Set(owned.map((selector) => serviceKey(selector)))) {
    const entry = present.get(key);
    if (entry && !wanted.has(key)) operations.push({ type: 'delete_service', service: entry.service });
  }
  return operations;
};
