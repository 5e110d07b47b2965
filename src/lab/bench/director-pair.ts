/** Two directors of one kind on a segment of their own, and a third host that watches; whichever is master is taken away, and comes back as backup. */
import { type Host, ipIn, Segment } from '../namespaces.js';
import { Daemon, type DaemonName, type InstanceSettings } from './daemons.js';
import { wallClock, Wire } from './wire.js';

/** `kill`: SIGKILL to the whole daemon; `cut`: its cable is pulled; `stop`: SIGTERM */
export type Loss = 'kill' | 'cut' | 'stop';

interface Director {
  readonly host: Host;
  readonly address: string;
  readonly hardwareAddress: string;
  daemon: Daemon;
}

/** One takeover, in milliseconds since the epoch. */
export interface Takeover {
  readonly orderedAt: number;
  /** the master's last advertisement, which is one of priority 0 when it was stopped */
  readonly lastWordAt: number;
  /** the new master's first advertisement */
  readonly firstWordAt: number;
  /** the first gratuitous ARP for each virtual address */
  readonly announcedAt: readonly number[];
  readonly survivor: Host;
}

export class DirectorPair {
  private constructor(
    private readonly name: DaemonName,
    private readonly instances: readonly InstanceSettings[],
    private readonly segment: Segment,
    private readonly directors: readonly Director[],
    readonly wire: Wire,
  ) {}

  /** Settled, with one master of all instances, when it resolves. */
  static async start(name: DaemonName, instances: readonly InstanceSettings[]): Promise<DirectorPair> {
    const segment = new Segment();
    const hosts = [segment.host('a', '10.77.0.1/24'), segment.host('b', '10.77.0.2/24')];
    const wire = await Wire.open(segment.host('c', '10.77.0.9/24'));
    const directors: Director[] = [];
    const pair = new DirectorPair(name, instances, segment, directors, wire);
    for (const [index, host] of hosts.entries()) {
      const daemon = Daemon.of(name, host.namespace, instances);
      directors.push({ host, address: `10.77.0.${index + 1}`, hardwareAddress: hardwareAddressOf(host), daemon });
      await daemon.entered('BACKUP');
      await pair.settled();
    }
    return pair;
  }

  /** Takes the master away at any phase of its interval, and gives it back. */
  async lose(loss: Loss, watch: (survivor: Host) => void = () => undefined): Promise<Takeover> {
    const { wire } = this;
    await new Promise((resolve) => setTimeout(resolve, this.interval * (1 + Math.random())));
    const speaker = wire.advertisements.findLast(({ priority }) => priority > 0)?.source;
    const master = this.directors.find(({ address }) => address === speaker);
    const survivor = this.directors.find((director) => director !== master);
    if (!master || !survivor) throw new Error(`${this.name}: no master`);
    watch(survivor.host);
    const wanted = this.instances.flatMap(({ virtualAddresses }) => virtualAddresses);
    const { mark } = master.daemon;
    const orderedAt = wallClock();
    const ended = loss === 'kill' ? master.daemon.crash() : loss === 'stop' ? master.daemon.stop() : undefined;
    if (loss === 'cut') this.segment.cable(master.host, 'down');
    const announcedAt = await wire.until(() => {
      const first = new Map<string, number>();
      for (const { at, hardwareAddress, address } of wire.announcements) {
        if (at >= orderedAt && hardwareAddress === survivor.hardwareAddress && !first.has(address)) first.set(address, at);
      }
      return wanted.every((address) => first.has(address)) ? [...first.values()] : undefined;
    }, `${this.name}: ${wanted.length} addresses announced after ${loss}`);
    const lastWordAt = wire.advertisements.findLast(({ at, source }) => source === master.address && at < Math.max(...announcedAt))?.at ?? NaN;
    const firstWordAt = wire.advertisements.find(({ at, source }) => source === survivor.address && at > orderedAt)?.at ?? NaN;
    await ended;
    if (loss === 'cut') {
      this.segment.cable(master.host, 'up');
      await master.daemon.entered('BACKUP', mark);
    } else {
      // what a killed one left
      for (const line of ipIn(master.host, '-o', '-4', 'addr', 'show', 'dev', 'e0').split('\n').slice(1)) {
        const [address] = /\d+\.\d+\.\d+\.\d+\/32/.exec(line) ?? [];
        if (address !== undefined) ipIn(master.host, 'addr', 'del', address, 'dev', 'e0');
      }
      master.daemon = Daemon.of(this.name, master.host.namespace, this.instances);
      await master.daemon.entered('BACKUP');
    }
    await this.settled();
    return { orderedAt, lastWordAt, firstWordAt, announcedAt, survivor: survivor.host };
  }

  async stop(): Promise<void> {
    await Promise.all(this.directors.map(({ daemon }) => daemon.stop()));
    this.wire.close();
    this.segment.remove();
  }

  private get interval(): number {
    return Math.max(...this.instances.map(({ interval }) => interval));
  }

  /** Waits until one and the same master has spoken for every instance, four times in a row. */
  private async settled(): Promise<void> {
    this.wire.clear();
    await this.wire.until(() => {
      const last = new Map<number, string[]>();
      for (const { source, virtualRouterId } of this.wire.advertisements) last.set(virtualRouterId, [...(last.get(virtualRouterId) ?? []).slice(-3), source]);
      const lists = [...last.values()];
      return lists.length === this.instances.length && lists.every(({ length }) => length === 4) && new Set(lists.flat()).size === 1 ? true : undefined;
    }, `${this.name}: a master that nobody disputes`);
  }
}

const hardwareAddressOf = (host: Host): string => {
  const [link] = JSON.parse(ipIn(host, '-j', 'link', 'show', 'dev', 'e0')) as { address: string }[];
  return (link?.address ?? '').replaceAll(':', '');
};
