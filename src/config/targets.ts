/** The services of the kernel that an entry of `virtual_servers:` stands for. */
import { type Family, familyOf } from '../network/ip-address.js';
import type { ServiceTarget } from './model.js';
import type { MatchEntry } from './schema/match.js';
import type { AddressEntry } from './schema/targets.js';

/** Of an entry, what says where it answers; wrong or missing parts are undefined. */
export interface TargetKeys {
  readonly address?: string | undefined;
  readonly addresses?: readonly (AddressEntry | undefined)[] | undefined;
  readonly fwmark?: number | undefined;
  readonly match?: readonly (MatchEntry | undefined)[] | undefined;
  readonly family?: Family | undefined;
  readonly port?: number | undefined;
  readonly ports?: readonly number[] | undefined;
  readonly real_servers?: readonly ({ readonly address?: string | undefined } | undefined)[] | undefined;
}

/** In the file's order; empty while the entry does not say what it answers to. */
export const targetsOf = ({ address, addresses, fwmark, match, family, port, ports, real_servers: servers }: TargetKeys): readonly ServiceTarget[] => {
  if (fwmark !== undefined) {
    const marked = match?.flatMap((entry) => entry?.addresses.map((each) => ({ address: each, ports: entry.ports, protocol: entry.protocol })) ?? []);
    const sample = marked?.[0]?.address ?? servers?.[0]?.address;
    return [{ fwmark, family: family ?? (sample === undefined ? 'ipv4' : familyOf(sample)), ...(marked && { match: marked }) }];
  }
  const own = port === undefined ? (ports ?? []) : [port];
  const entries: readonly (AddressEntry | undefined)[] = address === undefined ? (addresses ?? []) : [{ addresses: [address], ports: undefined }];
  return entries.flatMap((entry) => (entry === undefined ? [] : entry.addresses.flatMap((each) => (entry.ports ?? own).map((number) => ({ address: each, port: number })))));
};

export const targetFamily = (target: ServiceTarget): Family => ('fwmark' in target ? target.family : familyOf(target.address));

/** What the packets of clients are sent to; none where someone else's rules mark them. */
export const addressesOf = (targets: readonly ServiceTarget[]): readonly string[] => targets.flatMap((target) => ('address' in target ? [target.address] : (target.match ?? []).map(({ address }) => address)));

/** The one port of all targets; 0 where there are several, every one, or a mark: destinations then keep the port that the client asked for. */
export const commonPort = (targets: readonly ServiceTarget[]): number => {
  const numbers = new Set(targets.map((target) => ('port' in target ? target.port : 0)));
  const [first = 0] = numbers;
  return numbers.size === 1 ? first : 0;
};

/** What a health check probes where nothing else is said: the first port of the targets; 0 = they have none of their own, undefined = nothing is known of them. */
export const probePort = (targets: readonly ServiceTarget[]): number | undefined => {
  const numbers = targets.flatMap((target) => ('port' in target ? [target.port] : (target.match ?? [{ ports: [0] }]).flatMap(({ ports }) => ports)));
  return numbers.find((number) => number !== 0) ?? numbers[0];
};
