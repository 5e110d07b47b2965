// Reconciliation of the IPVS table: what must hold for every table and every wish, in a model of the kernel.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DestinationEntry, destinationKey, sameDestination } from '../../src/ipvs/destination.js';
import type { Operation } from '../../src/ipvs/operation.js';
import { type DesiredService, reconcile, type TableEntry } from '../../src/ipvs/reconcile.js';
import { type AddressService, sameSettings, type Service, serviceKey } from '../../src/ipvs/service.js';
import { Seconds } from '../../src/time/microseconds.js';
import { destination, inKernel, service } from './samples.js';

type Table = Map<string, { service: Service; destinations: Map<string, DestinationEntry> }>;

const tableOf = (entries: readonly { service: Service; destinations: readonly DestinationEntry[] }[]): Table =>
  new Map(entries.map((entry) => [serviceKey(entry.service), { service: entry.service, destinations: new Map(entry.destinations.map((one) => [destinationKey(one), one])) }]));

/** Does as the kernel does, and refuses what it refuses (net/netfilter/ipvs/ip_vs_ctl.c). */
const carryOut = (table: Table, operation: Operation): void => {
  const key = serviceKey(operation.service);
  const entry = table.get(key);
  if (operation.type === 'add_service') {
    if (entry) throw new Error('EEXIST');
    table.set(key, { service: operation.service, destinations: new Map() });
    return;
  }
  if (!entry) throw new Error('ESRCH');
  switch (operation.type) {
    case 'edit_service':
      entry.service = operation.service;
      return;
    case 'delete_service':
      table.delete(key);
      return;
    case 'add_destination':
      if (entry.destinations.has(destinationKey(operation.destination))) throw new Error('EEXIST');
      entry.destinations.set(destinationKey(operation.destination), operation.destination);
      return;
    case 'edit_destination':
      if (!entry.destinations.has(destinationKey(operation.destination))) throw new Error('ENOENT');
      entry.destinations.set(destinationKey(operation.destination), operation.destination);
      return;
    case 'delete_destination':
      if (!entry.destinations.delete(destinationKey(operation.destination))) throw new Error('ENOENT');
  }
};

const usable = (table: Table, key: string): boolean => [...(table.get(key)?.destinations.values() ?? [])].some(({ weight }) => weight > 0);
const snapshot = (entry: unknown): string => JSON.stringify(entry, (_, value: unknown) => (value instanceof Map ? [...value] : value));

const destinations = fc.uniqueArray(
  fc.record({ last: fc.integer({ min: 1, max: 5 }), weight: fc.integer({ min: 0, max: 2 }), forwarding: fc.constantFrom('dr' as const, 'nat' as const, 'tun' as const) }),
  { selector: ({ last }) => last, maxLength: 5 },
).map((list) => list.map(({ last, ...change }) => destination(last, change)));
const persistence = fc.option(fc.constantFrom(60, 360).map((seconds) => ({ timeout: Seconds(seconds), netmask: '255.255.255.255' })), { nil: undefined });
const services = fc.record({ port: fc.integer({ min: 1, max: 4 }), protocol: fc.constantFrom('tcp' as const, 'udp' as const), scheduler: fc.constantFrom('rr', 'wrr'), persistence }).map(service);
const entries = fc.uniqueArray(fc.record({ service: services, destinations }), { selector: (entry) => serviceKey(entry.service), maxLength: 6 });

interface Case {
  readonly desired: readonly DesiredService[];
  readonly actual: readonly TableEntry[];
  readonly owned: readonly { protocol: 'tcp' | 'udp'; address: string; port: number }[];
}
const selector = ({ protocol, address, port }: AddressService) => ({ protocol: protocol === 'udp' ? ('udp' as const) : ('tcp' as const), address, port });
const cases: fc.Arbitrary<Case> = fc.record({ wish: entries, found: entries, owned: fc.array(services, { maxLength: 5 }) }).map(({ wish, found, owned }) => ({
  desired: wish.map((entry) => ({ name: serviceKey(entry.service), ...entry })),
  actual: found.map(inKernel),
  owned: owned.map(selector),
}));

describe('reconcile, for any table and any wish', () => {
  it('makes what is wanted so, deletes of the rest what is recorded as ours, and touches nothing else', () => {
    fc.assert(
      fc.property(cases, ({ desired, actual, owned }) => {
        const table = tableOf(actual);
        const before = tableOf(actual);
        for (const operation of reconcile(desired, actual, owned)) carryOut(table, operation);
        const wanted = tableOf(desired);
        for (const [key, entry] of wanted) {
          const made = table.get(key);
          expect(made && sameSettings(made.service, entry.service)).toBe(true);
          expect([...(made?.destinations.keys() ?? [])].sort()).toEqual([...entry.destinations.keys()].sort());
          for (const [name, one] of entry.destinations) {
            const there = made?.destinations.get(name);
            expect(there && sameDestination(there, one)).toBe(true);
          }
        }
        const ours = new Set(owned.map(serviceKey));
        for (const [key, entry] of before) {
          if (wanted.has(key)) continue;
          if (ours.has(key)) expect(table.has(key)).toBe(false);
          else expect(snapshot(table.get(key))).toBe(snapshot(entry));
        }
        expect([...table.keys()].every((key) => wanted.has(key) || before.has(key))).toBe(true);
      }),
    );
  });

  it('has nothing left to do when it has been done', () => {
    fc.assert(
      fc.property(cases, ({ desired, actual, owned }) => {
        const table = tableOf(actual);
        for (const operation of reconcile(desired, actual, owned)) carryOut(table, operation);
        const after = [...table.values()].map((entry) => inKernel({ service: entry.service, destinations: [...entry.destinations.values()] }));
        expect(reconcile(desired, after, owned)).toEqual([]);
      }),
    );
  });

  it('never leaves a service without a usable destination on the way from one to another', () => {
    fc.assert(
      fc.property(cases, ({ desired, actual, owned }) => {
        const table = tableOf(actual);
        const wanted = tableOf(desired);
        const kept = [...table.keys()].filter((key) => usable(table, key) && usable(wanted, key));
        for (const operation of reconcile(desired, actual, owned)) {
          carryOut(table, operation);
          for (const key of kept) expect(usable(table, key)).toBe(true);
        }
      }),
    );
  });

  it('touches no destination and no service that is right', () => {
    fc.assert(
      fc.property(cases, ({ desired, actual, owned }) => {
        const before = tableOf(actual);
        const wanted = tableOf(desired);
        for (const operation of reconcile(desired, actual, owned)) {
          const key = serviceKey(operation.service);
          const [old, next] = [before.get(key), wanted.get(key)];
          if (operation.type === 'edit_service') expect(old && next && sameSettings(old.service, next.service)).toBe(false);
          if (operation.type === 'edit_destination' || operation.type === 'delete_destination') {
            const name = destinationKey(operation.destination);
            const [was, will] = [old?.destinations.get(name), next?.destinations.get(name)];
            expect(was !== undefined && will !== undefined && sameDestination(was, will)).toBe(false);
          }
        }
      }),
    );
  });
});
