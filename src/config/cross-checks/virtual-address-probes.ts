/** What must hold of health checks with `probe: virtual_address`, and of the marks that are kept for them. */
import { familyOf } from '../../network/ip-address.js';
import type { Path } from '../document.js';
import { type CheckKeys, inheritedKeys, inheritedType } from '../inherit-check.js';
import { keysOfTypes, type CheckType } from '../schema/health-check.js';
import { addressesOf } from '../targets.js';
import type { Context, ReadableFile } from './context.js';
import { familyNames } from './family.js';
import { readableTargets } from './targets.js';

type Service = NonNullable<NonNullable<ReadableFile['virtual_servers']>[number]>;

interface Probe {
  readonly service: Service;
  readonly server: NonNullable<NonNullable<Service['real_servers']>[number]>;
  readonly keys: CheckKeys;
  /** of the server's check and of its service's, where a key may stand */
  readonly places: readonly Path[];
  /** of `probe` */
  readonly place: Path;
}

const isOfVirtualAddress = (type: CheckType, { probe }: CheckKeys): boolean => probe === 'virtual_address' && keysOfTypes['probe']?.includes(type) === true;

/** The virtual address that a check asks for; undefined where it asks for none, or does not say which. */
export const probedAddress = (service: Service, type: CheckType, keys: CheckKeys): string | undefined => (isOfVirtualAddress(type, keys) ? (keys.address ?? addressesOf(readableTargets(service))[0]) : undefined);

const saysProbe = (entry: Service['health_check']): boolean => entry !== undefined && entry !== 'none' && entry.probe !== undefined;

/** Of a thousand services most ask for nothing of the kind. */
const mayProbe = (service: Service): boolean => saysProbe(service.health_check) || service.real_servers?.some(serverSaysProbe) === true;
const serverSaysProbe = (server: Probe['server'] | undefined): boolean => saysProbe(server?.health_check);
const none: readonly Probe[] = [];

const probesOf = ({ file, given }: Context): readonly Probe[] =>
  (file.virtual_servers ?? []).flatMap((service, index) => {
    if (service === undefined || !mayProbe(service)) return none;
    return (service.real_servers ?? []).flatMap((server, item): readonly Probe[] => {
      if (server === undefined || ![service.health_check, server.health_check].some(saysProbe)) return [];
      const type = inheritedType(service.health_check, server.health_check);
      const keys = inheritedKeys(service.health_check, server.health_check, type);
      const places = [['virtual_servers', index, 'real_servers', item, 'health_check'], ['virtual_servers', index, 'health_check']];
      const place = places.map((each) => [...each, 'probe']).find(given);
      return place === undefined || !isOfVirtualAddress(type, keys) ? [] : [{ service, server, keys, places, place }];
    });
  });

export const checkVirtualAddressProbes = (context: Context): void => {
  const probes = probesOf(context);
  for (const probe of probes) checkProbe(context, probe);
  if (probes.length > 0) checkMarks(context, probes);
};

const checkProbe = ({ given, report }: Context, { service, server, keys, places, place }: Probe): void => {
  const placeOf = (key: string): Path | undefined => places.map((each) => [...each, key]).find(given);
  const at = (key: string): Path => placeOf(key) ?? place;
  const method = (server.forwarding ?? service.forwarding)?.method;
  if (method === 'nat' || method === 'fullnat') {
    const who = server.address === undefined ? '' : `the real server ${server.address} has `;
    report(place, { code: 'conflict', message: `probe: virtual_address is for forwarding dr and tun; ${who}${method}, which hands no packet to the virtual address on`, remedy: 'remove probe (the real server is asked at its own address), or give forwarding: dr or tun' });
    return;
  }
  if (keys.mark !== undefined) report(at('mark'), { code: 'conflict', message: "mark stands beside probe: virtual_address, whose packets bear one of the daemon's own (ipvs.probe_marks)", remedy: 'remove mark, or probe', at: 'key' });
  const targets = readableTargets(service);
  const addresses = addressesOf(targets);
  const address = keys.address ?? addresses[0];
  if (address === undefined) {
    if (targets.length > 0 && placeOf('address') === undefined) report(place, { code: 'missing_key', message: 'probe: virtual_address does not say which: the service goes by a mark that someone else sets', remedy: 'add address: the virtual address to ask for' });
    return;
  }
  const [first] = targets;
  const family = first && ('family' in first ? first.family : familyOf(first.address));
  if (keys.address !== undefined && addresses.length > 0 && !addresses.includes(keys.address)) {
    report(at('address'), { code: 'conflict', message: `${keys.address} is no address of the service, which probe: virtual_address asks for`, remedy: `remove address (${addresses[0] ?? ''} is asked for then), or give another one of the service's` });
  } else if (family !== undefined && familyOf(address) !== family) {
    report(at('address'), { code: 'conflict', message: `${address} is ${familyNames[familyOf(address)]}, the service ${familyNames[family]}`, remedy: `give an ${familyNames[family]} address` });
  }
  if (keys.source === undefined && server.address !== undefined && familyOf(server.address) !== familyOf(address) && placeOf('source') === undefined) {
    report(place, { code: 'missing_key', message: `the real server ${server.address} is ${familyNames[familyOf(server.address)]}, the virtual address ${address} ${familyNames[familyOf(address)]}: which address of this director to ask from cannot be told`, remedy: `add source: an ${familyNames[familyOf(address)]} address of this director that is not virtual` });
  } else if (keys.source !== undefined && addresses.includes(keys.source)) {
    report(at('source'), { code: 'conflict', message: `${keys.source} is a virtual address: the real servers have it too, and would send the answers to themselves`, remedy: 'give an address that only this director has, or remove source' });
  }
};

const wayOf = ({ service, server, keys }: Probe): string => {
  const [first] = readableTargets(service);
  return JSON.stringify([keys.address === undefined ? first && ('family' in first ? first.family : familyOf(first.address)) : familyOf(keys.address), server.address, server.forwarding ?? service.forwarding]);
};

/** The range is not empty, large enough, and nobody else's. */
const checkMarks = (context: Context, probes: readonly Probe[]): void => {
  const { file, report, given } = context;
  const { from, to } = file.ipvs?.probe_marks ?? {};
  if (from === undefined || to === undefined) return;
  const [first] = probes;
  const place: Path = ['ipvs', 'probe_marks'];
  if (from > to) {
    report(place, { code: 'invalid_value', message: `the range from ${from} to ${to} is empty`, remedy: 'give a from that is not above to' });
    return;
  }
  const ways = new Set(probes.map(wayOf)).size;
  if (ways > to - from + 1) {
    const where = given(place) ? place : first?.place;
    if (where !== undefined) report(where, { code: 'conflict', message: `${ways} real servers are asked at virtual addresses, and ipvs.probe_marks has ${to - from + 1} marks: each needs one`, remedy: `give ipvs.probe_marks a to of ${from + ways - 1} or more` });
  }
  const isReserved = (mark: number | undefined): mark is number => mark !== undefined && mark >= from && mark <= to;
  const refuse = (mark: number, where: Path): void => report(where, { code: 'conflict', message: `the mark ${mark} is among those from ${from} to ${to}, which probes of virtual addresses bear`, remedy: 'give another mark, or another range as ipvs.probe_marks' });
  file.virtual_servers?.forEach((service, index) => {
    const path = ['virtual_servers', index];
    if (isReserved(service?.fwmark)) refuse(service.fwmark, [...path, 'fwmark']);
    const entries = [{ entry: service?.health_check, where: [...path, 'health_check'] }, ...(service?.real_servers ?? []).map((server, item) => ({ entry: server?.health_check, where: [...path, 'real_servers', item, 'health_check'] }))];
    for (const { entry, where } of entries) if (entry !== undefined && entry !== 'none' && isReserved(entry.mark)) refuse(entry.mark, [...where, 'mark']);
  });
};
