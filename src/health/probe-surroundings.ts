/** What the host says about probes of virtual addresses: which of its own addresses they are made from, and whether it drops their answers. */
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { droppedBy, type LinkSetting } from '../network/answers-from-itself.js';
import type { HostAddress } from '../network/host-address.js';
import { hostAddresses } from '../network/host-addresses.js';
import { familyOf } from '../network/ip-address.js';
import { monotonicNow } from '../time/clock.js';
import { Milliseconds, minus, type Microseconds } from '../time/microseconds.js';
import { ownAddress } from './own-address.js';

/** So long what was looked up serves for other probes too. */
const lifetime = Milliseconds(500);

export interface Surroundings {
  /** The address of this host from which it reaches a server; undefined: there is no way. */
  readonly sourceTowards: (server: string) => Promise<string | undefined>;
  /** Where this host holds the virtual address: the setting by which it drops its answers to `source`, as `NAME is VALUE`; undefined: they come in. */
  readonly droppedBy: (virtual: string, source: string, server: string) => string | undefined;
}

export class ProbeSurroundings implements Surroundings {
  private addresses: readonly HostAddress[] = [];
  private readAt: Microseconds | undefined;

  /** @param virtual the addresses of services */
  constructor(
    private readonly virtual: () => ReadonlySet<string>,
    private readonly root = '/proc/sys/net',
  ) {}

  async sourceTowards(server: string): Promise<string | undefined> {
    return ownAddress(server, await routedSource(server), this.host(), this.virtual());
  }

  droppedBy(virtual: string, source: string, server: string): string | undefined {
    if (familyOf(virtual) === 'ipv6') return undefined; // it has no such rule
    const linkOf = (address: string): string | undefined => this.host().find((each) => each.address === address)?.interface;
    const [carrier, link] = [linkOf(virtual), linkOf(source)];
    if (carrier === undefined || link === undefined || linkOf(server) !== undefined) return undefined;
    const setting = (name: string): LinkSetting => ({ all: this.read(`ipv4/conf/all/${name}`), link: this.read(`ipv4/conf/${link}/${name}`) });
    return droppedBy(link, { acceptLocal: setting('accept_local'), rpFilter: setting('rp_filter') }, carrier === link);
  }

  private host(): readonly HostAddress[] {
    const now = monotonicNow();
    if (this.readAt === undefined || minus(now, this.readAt) > lifetime) {
      this.addresses = hostAddresses();
      this.readAt = now;
    }
    return this.addresses;
  }

  private read(path: string): string | undefined {
    try {
      return readFileSync(`${this.root}/${path}`, 'latin1').trim();
    } catch {
      return undefined; // no such interface any more
    }
  }
}

/** By the kernel's routes: nothing is sent. */
const routedSource = (server: string): Promise<string | undefined> => {
  const socket = createSocket(familyOf(server) === 'ipv6' ? 'udp6' : 'udp4');
  return new Promise<string | undefined>((resolve) => {
    socket.on('error', () => resolve(undefined));
    socket.connect(9, server, (...[error]: readonly unknown[]) => resolve(error instanceof Error ? undefined : socket.address().address));
  }).finally(() => socket.close());
};
