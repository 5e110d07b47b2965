/** The kernel's IPVS table and timeouts: read them, change them. (Its sync daemons: sync-daemon.ts.) */
import type { Attribute } from '../network/netlink-attributes.js';
import { NetlinkError } from '../network/netlink-channel.js';
import * as ipvs from './constants.js';
import { decodeDestination, type Destination, type DestinationEntry } from './destination.js';
import { IpvsFamily } from './family.js';
import { type Attributes, IpvsMessageError, required } from './message.js';
import { encodeOperation, type Operation, type OperationFailure } from './operation.js';
import type { TableEntry } from './reconcile.js';
import { decodeService, encodeServiceSelector, type Service, type ServiceSelector } from './service.js';
import { ServiceMemory } from './service-memory.js';
import { shownAsKnown } from './table-text.js';
import { type Counted, decodeInformation, decodeStatistics, type IpvsInformation } from './statistics.js';
import { decodeTimeouts, encodeTimeouts, type TimeoutChange, type Timeouts } from './timeouts.js';

export { IpvsUnavailableError } from './family.js';

const content = (attributes: Attributes, type: number, name: string): Buffer => required(attributes, type, name, 0);

const selection = (service: ServiceSelector): readonly Attribute[] => [{ type: ipvs.IPVS_CMD_ATTR_SERVICE, value: encodeServiceSelector(service) }];

const decodeCountedService = (entry: Attributes): Counted<Service> => {
  const service = content(entry, ipvs.IPVS_CMD_ATTR_SERVICE, 'the service');
  return { ...decodeService(service), statistics: decodeStatistics(service, ipvs.IPVS_SVC_ATTR_STATS64, ipvs.IPVS_SVC_ATTR_STATS) };
};

/** up to so many are asked for without a look at the whole table */
const fewServices = 4;

export interface WantedService {
  readonly service: Service;
  /** what was last read or written; undefined = nothing is known that may be relied on */
  readonly known: readonly DestinationEntry[] | undefined;
}

export class IpvsClient {
  private readonly services = new ServiceMemory();

  private constructor(private readonly family: IpvsFamily) {}

  /** @throws IpvsUnavailableError */
  static async open(): Promise<IpvsClient> {
    return new IpvsClient(await IpvsFamily.open());
  }

  /**
   * All services with their destinations, foreign ones too. Not a snapshot: a service that goes while it is read has no
   * destinations. @throws NetlinkError, IpvsMessageError
   */
  async getTable(): Promise<readonly TableEntry[]> {
    const table: TableEntry[] = [];
    for (const service of await this.getServices()) table.push({ service, destinations: await this.getDestinations(service) });
    return table;
  }

  /**
   * The services asked for that are there, with their destinations. Those that /proc/net/ip_vs shows as they are known are not asked of
   * the kernel one by one, which takes it a dump each.
   * @throws NetlinkError, IpvsMessageError
   */
  async readDestinations(wanted: readonly WantedService[]): Promise<readonly TableEntry[]> {
    const known = wanted.flatMap((each) => (each.known === undefined ? [] : [[each.service, each.known] as const]));
    const same = wanted.length > fewServices && known.length > 0 ? shownAsKnown(known) : new Set();
    const table: TableEntry[] = [];
    for (const { service, known: destinations } of wanted) table.push({ service, destinations: destinations && same.has(service) ? destinations : await this.getDestinations(service) });
    return table;
  }

  /** A service that is as it was at the last call is the same object. @throws NetlinkError, IpvsMessageError */
  async getServices(): Promise<readonly Service[]> {
    const entries = await this.family.dump({ command: ipvs.IPVS_CMD_GET_SERVICE, attributes: [] });
    return this.services.decode(entries.map((entry) => content(entry, ipvs.IPVS_CMD_ATTR_SERVICE, 'the service')));
  }

  async getDestinations(service: ServiceSelector): Promise<readonly Destination[]> {
    const entries = await this.family.dump({
      command: ipvs.IPVS_CMD_GET_DEST,
      attributes: selection(service),
    });
    return entries.map((entry) => decodeDestination(content(entry, ipvs.IPVS_CMD_ATTR_DEST, 'the destination')));
  }

  /** All services with their statistics. @throws NetlinkError, IpvsMessageError */
  async getCountedServices(): Promise<readonly Counted<Service>[]> {
    return (await this.family.dump({ command: ipvs.IPVS_CMD_GET_SERVICE, attributes: [] })).map(decodeCountedService);
  }

  /** Undefined = there is none. @throws NetlinkError, IpvsMessageError */
  async findCountedService(service: ServiceSelector): Promise<Counted<Service> | undefined> {
    try {
      const [entry] = await this.family.request({ command: ipvs.IPVS_CMD_GET_SERVICE, attributes: selection(service) });
      return entry && decodeCountedService(entry);
    } catch (error) {
      if (error instanceof NetlinkError && error.code === 'ESRCH') return undefined;
      throw error;
    }
  }

  /** @throws NetlinkError, IpvsMessageError */
  async getCountedDestinations(service: ServiceSelector): Promise<readonly Counted<Destination>[]> {
    const entries = await this.family.dump({ command: ipvs.IPVS_CMD_GET_DEST, attributes: selection(service) });
    return entries.map((entry) => {
      const destination = content(entry, ipvs.IPVS_CMD_ATTR_DEST, 'the destination');
      return { ...decodeDestination(destination), statistics: decodeStatistics(destination, ipvs.IPVS_DEST_ATTR_STATS64, ipvs.IPVS_DEST_ATTR_STATS) };
    });
  }

  /** @throws NetlinkError, IpvsMessageError */
  async getInformation(): Promise<IpvsInformation> {
    const [answer] = await this.family.request({ command: ipvs.IPVS_CMD_GET_INFO, attributes: [] });
    if (!answer) throw new IpvsMessageError("no answer to the question for IPVS's version");
    return decodeInformation(answer);
  }

  /** In the order given, in as few datagrams as will do; answers what was refused, the rest is done. */
  async apply(operations: readonly Operation[]): Promise<readonly OperationFailure[]> {
    const failures = await this.family.batch(operations, encodeOperation);
    return failures.flatMap(({ index, code }) => {
      const operation = operations[index];
      return operation ? [{ operation, code }] : [];
    });
  }

  /** @throws NetlinkError, IpvsMessageError */
  async getTimeouts(): Promise<Timeouts> {
    const [answer] = await this.family.request({ command: ipvs.IPVS_CMD_GET_CONFIG, attributes: [] });
    if (!answer) throw new IpvsMessageError('no answer to the question for the timeouts');
    return decodeTimeouts(answer);
  }

  /** Asks nothing of the kernel when nothing is to change. @throws NetlinkError */
  async setTimeouts(change: TimeoutChange): Promise<void> {
    const attributes = encodeTimeouts(change);
    if (attributes.length > 0) await this.family.request({ command: ipvs.IPVS_CMD_SET_CONFIG, attributes });
  }

  close(): void {
    this.family.close();
  }
}
