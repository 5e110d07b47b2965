/** The VRRP sockets of this host, one port for each interface and family that has an instance. */
import type { Family } from '../network/ip-address.js';
import { VrrpPort, type Port } from '../network/vrrp-port.js';
import { VrrpPortIPv6 } from '../network/vrrp-port-ipv6.js';
import type { Link } from '../network/rtnetlink.js';

export interface PortsEvents {
  readonly onPacket: (interfaceName: string, family: Family, packet: Buffer) => void;
  readonly onError: (interfaceName: string, error: Error) => void;
}

const families = ['ipv4', 'ipv6'] as const;
const openers = { ipv4: VrrpPort, ipv6: VrrpPortIPv6 } as const;
const key = (interfaceName: string, family: Family): string => `${interfaceName} ${family}`;

export class Ports {
  private readonly ports = new Map<string, Port>();

  constructor(private readonly events: PortsEvents) {}

  get(interfaceName: string, family: Family): Port | undefined {
    return this.ports.get(key(interfaceName, family));
  }

  /** Opens the port of a link, again when the interface was made anew under the same name. @throws when the kernel refuses */
  ensure(link: Link, family: Family): Port {
    const { name } = link;
    const known = this.get(name, family);
    if (known?.link.index === link.index) return known;
    this.shut(name, family);
    const opened = openers[family].open(link, {
      onPacket: (packet) => this.events.onPacket(name, family, packet),
      onError: (error) => {
        this.ports.delete(key(name, family));
        this.events.onError(name, error);
      },
    });
    this.ports.set(key(name, family), opened);
    return opened;
  }

  close(interfaceName: string): void {
    for (const family of families) this.shut(interfaceName, family);
  }

  /** Closes all that are not in use any more. */
  retain(inUse: readonly { readonly interface: string; readonly family: Family }[]): void {
    const kept = new Set(inUse.map(({ interface: name, family }) => key(name, family)));
    for (const [id, port] of [...this.ports]) {
      if (kept.has(id)) continue;
      port.close();
      this.ports.delete(id);
    }
  }

  private shut(interfaceName: string, family: Family): void {
    this.get(interfaceName, family)?.close();
    this.ports.delete(key(interfaceName, family));
  }
}
