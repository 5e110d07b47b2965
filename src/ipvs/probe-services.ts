/**
 * The services by which probes of virtual addresses reach one real server each: IPVS takes the packets that bear the service's mark, where this
 * host sends them (LOCAL_OUT), and hands them to its one destination by that server's own forwarding method.
 */
import { markedPaths, type MarkedPath } from '../config/probe-marks.js';
import { addressesOf } from '../config/targets.js';
import type { VirtualServerConfiguration } from '../config/model.js';
import type { IpvsClient } from './client.js';
import type { DestinationEntry } from './destination.js';
import type { Operation } from './operation.js';
import type { DesiredService, TableEntry } from './reconcile.js';
import { type MarkSelector, serviceKey, type ServiceSelector } from './service.js';

type Services = readonly Pick<VirtualServerConfiguration, 'realServers' | 'targets'>[];

const selectorOf = ({ family, mark }: MarkedPath): MarkSelector => ({ family, fwmark: mark });

export const probeSelectors = (services: Services): readonly MarkSelector[] => markedPaths(services).map(selectorOf);

/** Port 0 is the port that the probe asks for. One packet: IPVS keeps no connections of UDP, by which a later probe from the same port would be led astray. */
const serviceOf = (path: MarkedPath): DesiredService => ({
  name: `probes through ${path.server}`,
  service: { ...selectorOf(path), scheduler: 'rr', persistence: undefined, onePacket: true, schedulerFlags: 0, persistenceEngine: undefined },
  destinations: [{ address: path.server, port: 0, forwarding: path.forwarding, ...(path.tunnel && { tunnel: path.tunnel }), weight: 1 }],
});

export class ProbeServices {
  readonly desired: readonly DesiredService[];
  /** every address of a service: none of them is what this host is known by */
  readonly virtual: ReadonlySet<string>;
  private readonly byKey: ReadonlyMap<string, DesiredService>;
  private readonly names: ReadonlyMap<string, string>;
  /** They are in the kernel: a probe without its service would reach whichever server the virtual address leads to. */
  inPlace: boolean;

  /** @param before those of the configuration before, whose changes are told too */
  constructor(services: Services, before?: ProbeServices) {
    this.desired = markedPaths(services).map(serviceOf);
    this.byKey = new Map(this.desired.map((each) => [serviceKey(each.service), each]));
    this.names = new Map([...(before?.byKey ?? []), ...this.byKey].map(([key, { name }]) => [key, name]));
    this.virtual = new Set(services.flatMap(({ targets }) => addressesOf(targets)));
    this.inPlace = this.desired.length === 0;
  }

  get selectors(): readonly MarkSelector[] {
    return this.desired.flatMap(({ service }) => ('fwmark' in service ? [{ family: service.family, fwmark: service.fwmark }] : []));
  }

  /** By the keys of the services: what of each was last written; undefined = not known. */
  get known(): readonly (readonly [string, { readonly known: readonly DestinationEntry[] | undefined }])[] {
    return [...this.byKey].map(([key, { destinations }]) => [key, { known: this.inPlace ? destinations : undefined }] as const);
  }

  has(selector: ServiceSelector): boolean {
    return this.byKey.has(serviceKey(selector));
  }

  /** Those that are in the kernel, with what they have there. @throws NetlinkError, IpvsMessageError */
  async read(client: IpvsClient): Promise<readonly TableEntry[]> {
    const present = (await client.getServices()).filter((service) => this.byKey.has(serviceKey(service)));
    return client.readDestinations(present.map((service) => ({ service, known: undefined })));
  }

  /** They serve nobody: they go even where the table stays. What is gone already is no matter. @throws NetlinkError */
  async remove(client: IpvsClient): Promise<void> {
    await client.apply(this.selectors.map((service) => ({ type: 'delete_service', service })));
  }

  /** For the log, before what a change is; empty where it is one for clients. */
  purposeOf({ service }: Operation): string {
    const name = this.names.get(serviceKey(service));
    return name === undefined ? '' : `${name}: `;
  }
}
