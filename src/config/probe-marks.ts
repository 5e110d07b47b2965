/** The firewall marks by which probes of virtual addresses reach their real servers. Pure. */
import { createHash } from 'node:crypto';
import { type Family, familyOf } from '../network/ip-address.js';
import type { HealthCheckConfiguration, MarkRange, ProbePath, RealServerConfiguration, VirtualServerConfiguration } from './model.js';

/** What IPVS does with packets of a mark. */
export interface MarkedPath extends ProbePath {
  readonly mark: number;
  /** of the virtual addresses */
  readonly family: Family;
}

interface Service {
  readonly realServers: readonly Pick<RealServerConfiguration, 'healthCheck'>[];
}

type Services = readonly Service[];

export const pathOf = (check: HealthCheckConfiguration): ProbePath | undefined => ('through' in check ? check.through : undefined);

/** The same for probes that can share a mark: the packet keeps the virtual address and port, only the way is chosen by the mark. */
const pathKey = (family: Family, { server, forwarding, tunnel }: ProbePath): string => [family, server, forwarding, ...(tunnel ? [tunnel.type, tunnel.port, tunnel.checksum] : [])].join(' ');

/** Of the checks of a service that have one: most have none. */
const keysOf = ({ realServers }: Service): readonly string[] => (realServers.some(isProbe) ? realServers.flatMap(({ healthCheck: check }) => ('through' in check && check.through ? [pathKey(familyOf(check.address), check.through)] : [])) : []);

/** Whether a server's check goes to a virtual address. */
export const isProbe = ({ healthCheck }: Pick<RealServerConfiguration, 'healthCheck'>): boolean => pathOf(healthCheck) !== undefined;

const wantedPlace = (key: string, size: number): number => createHash('sha256').update(key).digest().readUInt32BE(0) % size;

/**
 * By what the way is, not by its place in the file: so a server that comes or goes changes no other's mark (a check with another mark begins
 * anew), and two directors whose files differ do not mean different servers by one mark, which connection sync carries.
 */
const assign = (keys: ReadonlySet<string>, { from, to }: MarkRange): ReadonlyMap<string, number> => {
  const size = to - from + 1;
  const taken = new Set<number>();
  return new Map(
    [...keys].sort().map((key) => {
      let place = wantedPlace(key, size);
      while (taken.has(place)) place = (place + 1) % size;
      taken.add(place);
      return [key, from + place] as const;
    }),
  );
};

/** Each check of a virtual address with its mark; none where there are too few of them, which the checks across the file have reported. */
export const withProbeMarks = (services: readonly VirtualServerConfiguration[], range: MarkRange): readonly VirtualServerConfiguration[] => {
  const keys = new Set(services.flatMap(keysOf));
  if (keys.size === 0 || keys.size > range.to - range.from + 1) return services;
  const marks = assign(keys, range);
  const marked = (server: RealServerConfiguration): RealServerConfiguration => {
    const { healthCheck: check } = server;
    return 'through' in check && check.through ? { ...server, healthCheck: { ...check, mark: marks.get(pathKey(familyOf(check.address), check.through)) } } : server;
  };
  return services.map((service) => (keysOf(service).length > 0 ? { ...service, realServers: service.realServers.map(marked) } : service));
};

/** Each of them once. */
export const markedPaths = (services: Services): readonly MarkedPath[] => {
  const paths = new Map<string, MarkedPath>();
  for (const service of services) {
    if (keysOf(service).length === 0) continue;
    for (const { healthCheck: check } of service.realServers) {
      if (!('through' in check) || !check.through || check.mark === undefined) continue;
      const family = familyOf(check.address);
      paths.set(`${check.mark} ${family}`, { ...check.through, mark: check.mark, family });
    }
  }
  return [...paths.values()];
};
