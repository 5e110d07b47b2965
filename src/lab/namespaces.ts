/** Hosts as network namespaces on one virtual switch of this machine: real sockets without a lab kernel (root). */
import { execFileSync } from 'node:child_process';

const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });

let next = 0;

export interface Host {
  /** name of its namespace */
  readonly namespace: string;
  /** what the switch calls its link */
  readonly switchPort: string;
}

/** A switch with hosts; each has one interface, e0, in 10.77.0.0/24. */
export class Segment {
  private readonly prefix = `t${process.pid % 100000}x${next++}`;
  private readonly switchNamespace = `${this.prefix}sw`;
  private readonly namespaces: string[] = [];

  constructor() {
    this.add(this.switchNamespace);
    ip('-n', this.switchNamespace, 'link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0');
    ip('-n', this.switchNamespace, 'link', 'set', 'br0', 'up');
  }

  private add(namespace: string): void {
    ip('netns', 'add', namespace);
    this.namespaces.push(namespace);
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
  }

  /**
   * @param address with length, e.g. `10.77.0.1/24`; undefined = none
   * @param on a host that there is already, of this segment or another: it gets one more interface
   */
  host(name: string, address: string | undefined, interfaceName = 'e0', on?: Host): Host {
    const namespace = on?.namespace ?? `${this.prefix}${name}`;
    if (!on && !this.namespaces.includes(namespace)) this.add(namespace);
    const switchPort = `${name}${interfaceName}`;
    ip('-n', this.switchNamespace, 'link', 'add', switchPort, 'type', 'veth', 'peer', 'name', interfaceName, 'netns', namespace);
    ip('-n', this.switchNamespace, 'link', 'set', switchPort, 'master', 'br0', 'up');
    if (address) ip('-n', namespace, 'addr', 'add', address, 'dev', interfaceName);
    ip('-n', namespace, 'link', 'set', interfaceName, 'up');
    return { namespace, switchPort };
  }

  /** Pulls the cable out of the switch, or puts it back: the host loses its carrier. */
  cable(host: Host, state: 'up' | 'down'): void {
    ip('-n', this.switchNamespace, 'link', 'set', host.switchPort, state);
  }

  /** Takes the switch's port out of the bridge, or puts it back: the host keeps its carrier but hears nobody. */
  isolate(host: Host, isolated: boolean): void {
    if (isolated) ip('-n', this.switchNamespace, 'link', 'set', host.switchPort, 'nomaster');
    else ip('-n', this.switchNamespace, 'link', 'set', host.switchPort, 'master', 'br0');
  }

  remove(): void {
    for (const namespace of this.namespaces) ip('netns', 'del', namespace);
  }
}

/** `ip` inside a host: to look, and to be the someone else who changes things. */
export const ipIn = (host: Host, ...args: string[]): string => ip('-n', host.namespace, ...args);

/** The IPv4 addresses of an interface, with length. */
export const addressesOn = (host: Host, interfaceName = 'e0'): string[] => {
  const [link] = JSON.parse(ipIn(host, '-j', '-4', 'addr', 'show', 'dev', interfaceName)) as { addr_info: { local: string; prefixlen: number }[] }[];
  return (link?.addr_info ?? []).filter(({ local }) => local).map(({ local, prefixlen }) => `${local}/${prefixlen}`);
};
