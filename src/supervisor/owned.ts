/** The record of what is ours in the kernel: written before it is made, narrowed when what is no longer configured is gone. */
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Configuration, VirtualServerConfiguration } from '../config/model.js';
import { onceForEach } from '../config/once-for-each.js';
import type { ChainPlace } from '../network/firewall-chain.js';
import { emptyRouting, isOwnedRoute, isOwnedRule, ownedRouting, uniqueRouting } from './owned-routing.js';
import type { RoutingConfiguration } from '../config/routing-model.js';
import type { LogEvent, OwnedAddress, OwnedService } from './messages.js';
import { chainsOf, placeOf } from './chains.js';
import { inWords } from '../control/in-words.js';
import { probeSelectors } from '../ipvs/probe-services.js';
import { serviceKey } from '../ipvs/service.js';
import { selectorOf } from '../ipvs/table.js';
import { writeAtomically } from './write-atomically.js';

export interface Owned extends RoutingConfiguration {
  readonly addresses: readonly OwnedAddress[];
  readonly services: readonly OwnedService[];
  /** names of macvlans */
  readonly links?: readonly string[] | undefined;
  /** of iptables */
  readonly chains?: readonly OwnedChain[] | undefined;
}

/** A chain of our own. */
export type OwnedChain = ChainPlace;

export const nothingOwned: Owned = { addresses: [], services: [], ...emptyRouting };

/** The record could not be written; `code` is errno's name, e.g. `ENOSPC`. */
export class RecordError extends Error {
  readonly code: string;
  constructor(
    readonly path: string,
    cause: unknown,
  ) {
    super(`cannot write ${path}: ${inWords(cause)}`, { cause });
    this.name = 'RecordError';
    this.code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'UNKNOWN';
  }
}

const addressKey = ({ interface: name, address, prefixLength }: OwnedAddress): string => `${name} ${address}/${prefixLength}`;
const chainKey = ({ family, table, hook, name }: OwnedChain): string => `${family} ${table} ${hook} ${name}`;
const unique = <T>(items: readonly T[], key: (item: T) => string): readonly T[] => {
  const byKey = new Map<string, T>();
  for (const item of items) byKey.set(key(item), item);
  return [...byKey.values()];
};
/** In their order too; most are the very objects, those of services that a reload leaves as they are. */
const areSame = <T>(some: readonly T[], others: readonly T[], key: (item: T) => string): boolean =>
  some.length === others.length &&
  some.every((item, index) => {
    const other = others[index];
    return item === other || (other !== undefined && key(item) === key(other));
  });
const united = <T>(some: readonly T[], others: readonly T[], key: (item: T) => string): readonly T[] => (areSame(some, others, key) ? some : unique([...some, ...others], key));

const keyOfService = onceForEach((service: OwnedService): string => serviceKey(service));
const selectorsOf = onceForEach(({ protocol, targets }: Pick<VirtualServerConfiguration, 'protocol' | 'targets'>): readonly OwnedService[] => targets.map((target) => selectorOf(target, protocol)));

export const servicesOf = (virtualServers: Configuration['virtualServers']): readonly OwnedService[] => unique(virtualServers.flatMap(selectorsOf), keyOfService);

/** Services of the kernel's table that are recorded as ours and are not in the configuration. */
export const leftServices = (owned: readonly OwnedService[], { virtualServers }: Pick<Configuration, 'virtualServers'>): readonly OwnedService[] => {
  const wanted = new Set(virtualServers.flatMap((virtualServer) => selectorsOf(virtualServer).map(keyOfService)));
  return owned.filter((service) => !wanted.has(keyOfService(service)));
};

/** What a configuration makes in the kernel; a reload asks for it several times. */
export const ownedBy = onceForEach((configuration: Pick<Configuration, 'vrrp' | 'virtualServers' | 'system'>): Owned => {
  const { vrrp, virtualServers } = configuration;
  return {
    addresses: unique(
      [...(vrrp.static?.addresses ?? []), ...vrrp.instances.flatMap(({ virtualAddresses }) => virtualAddresses)].map((held) => ({ interface: held.interface, address: held.address, prefixLength: held.prefixLength })),
      addressKey,
    ),
    services: unique([...virtualServers.flatMap(selectorsOf), ...probeSelectors(virtualServers)], keyOfService),
    links: vrrp.instances.flatMap(({ virtualMac }) => (virtualMac ? [virtualMac.interface] : [])),
    chains: chainsOf(configuration).map(placeOf),
    ...ownedRouting(vrrp),
  };
});

/** `owned` without what an earlier owner keeps. */
export const without = (owned: readonly OwnedAddress[], foreign: readonly OwnedAddress[]): readonly OwnedAddress[] => {
  const kept = new Set(foreign.map(addressKey));
  return owned.filter((address) => !kept.has(addressKey(address)));
};

export const union = (a: Owned, b: Owned): Owned => ({
  addresses: united(a.addresses, b.addresses, addressKey),
  services: united(a.services, b.services, keyOfService),
  links: united(a.links ?? [], b.links ?? [], (name) => name),
  chains: united(a.chains ?? [], b.chains ?? [], chainKey),
  ...uniqueRouting(a, b),
});

/** Most reloads leave the services as they are, which are most of it. */
const isUnchanged = ({ services, ...rest }: Owned, { services: now, ...other }: Owned): boolean => areSame(services, now, keyOfService) && JSON.stringify(rest) === JSON.stringify(other);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;
const isOwnedAddress = (value: unknown): value is OwnedAddress =>
  isRecord(value) && typeof value.interface === 'string' && typeof value.address === 'string' && Number.isInteger(value.prefixLength);
const isOwnedService = (value: unknown): value is OwnedService =>
  isRecord(value) &&
  ('fwmark' in value
    ? Number.isInteger(value.fwmark) && (value.family === 'ipv4' || value.family === 'ipv6')
    : (value.protocol === 'tcp' || value.protocol === 'udp' || value.protocol === 'sctp') && typeof value.address === 'string' && Number.isInteger(value.port));

const isOwnedChain = (value: unknown): value is OwnedChain =>
  isRecord(value) && (value.family === 'ipv4' || value.family === 'ipv6') && [value.table, value.hook, value.name].every((part) => typeof part === 'string');

/** The record as text; undefined = it cannot be understood. */
export const parseOwned = (text: string): Owned | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value) || value.version !== 1 || !Array.isArray(value.addresses) || !Array.isArray(value.services)) return undefined;
  const addresses: unknown[] = value.addresses;
  const services: unknown[] = value.services;
  // records of versions before these know neither
  const links: unknown[] = Array.isArray(value.links) ? value.links : [];
  const chains: unknown[] = Array.isArray(value.chains) ? value.chains : [];
  // those of a version that knew none are none
  const routes: unknown = value.routes ?? [];
  const rules: unknown = value.rules ?? [];
  if (!Array.isArray(routes) || !Array.isArray(rules) || !routes.every(isOwnedRoute) || !rules.every(isOwnedRule) || !links.every((link) => typeof link === 'string') || !chains.every(isOwnedChain)) return undefined;
  return addresses.every(isOwnedAddress) && services.every(isOwnedService) ? { addresses, services, routes, rules, links, chains } : undefined;
};

export class OwnedRecord {
  #writes: Promise<unknown> = Promise.resolve();
  /** what the file says, as far as it was written here */
  #written: string | undefined;

  private constructor(
    readonly path: string,
    private owned: Owned,
  ) {}

  /** Reads the record of an earlier run. One that cannot be understood is moved aside and reported. @throws RecordError */
  static async load(runtimeDirectory: string, report: (event: LogEvent) => void): Promise<OwnedRecord> {
    const path = join(runtimeDirectory, 'owned.json');
    const warn = (problem: string, fields: LogEvent['fields']): void =>
      report({ time: Date.now(), level: 'warn', message: `the record of what is ours in the kernel ${problem}: it is taken as empty`, fields });
    try {
      await mkdir(runtimeDirectory, { recursive: true, mode: 0o755 });
    } catch (error) {
      throw new RecordError(runtimeDirectory, error);
    }
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (!missing) warn('cannot be read', { path, error: inWords(error) });
      return new OwnedRecord(path, nothingOwned);
    }
    const owned = parseOwned(text);
    if (owned === undefined) {
      const aside = `${path}.corrupt`;
      await rename(path, aside).catch(() => undefined);
      warn('is damaged', { path, moved_to: aside });
    }
    return new OwnedRecord(path, owned ?? nothingOwned);
  }

  get current(): Owned {
    return this.owned;
  }

  /** Adds to the record before it is made. @throws RecordError, and then the record is as it was */
  widen(more: Partial<Owned>): Promise<void> {
    return this.#change((owned) => union(owned, { ...nothingOwned, ...more }));
  }

  /** The parts given are all that is left. @throws RecordError, and then the record is as it was: too wide, which is safe */
  narrow(parts: Partial<Owned>): Promise<void> {
    return this.#change((owned) => ({ ...owned, ...parts }));
  }

  #change(next: (owned: Owned) => Owned): Promise<void> {
    const write = async (): Promise<void> => {
      const owned = next(this.owned);
      if (this.#written !== undefined && isUnchanged(this.owned, owned)) return;
      const text = `${JSON.stringify({ version: 1, ...owned })}\n`;
      // most reloads change nothing of it, and the disk has its time
      if (text !== this.#written) {
        try {
          await writeAtomically(this.path, text);
        } catch (error) {
          throw new RecordError(this.path, error);
        }
        this.#written = text;
      }
      this.owned = owned;
    };
    const written = this.#writes.then(write, write);
    this.#writes = written.catch(() => undefined);
    return written;
  }
}
