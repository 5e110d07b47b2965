/** The VRRP sockets of this host, one port for each interface that has an instance. */
import { VrrpPort } from '../network/vrrp-port.js';
import type { Link } from '../network/rtnetlink.js';

export interface PortsEvents {
  readonly onPacket: (interfaceName: string, packet: Buffer) => void;
  readonly onError: (interfaceName: string, error: Error) => void;
}

export class Ports {
  private readonly ports = new Map<string, VrrpPort>();

  constructor(private readonly events: PortsEvents) {}

  get(interfaceName: string): VrrpPort | undefined {
    return this.ports.get(interfaceName);
  }

  /** Opens the port of a link, again when the interface was made anew under the same name. @throws when the kernel refuses */
  ensure(link: Link): VrrpPort {
    const { name } = link;
    const known = this.ports.get(name);
    if (known?.link.index === link.index) return known;
    this.close(name);
    const opened = VrrpPort.open(link, {
      onPacket: (packet) => this.events.onPacket(name, packet),
      onError: (error) => {
        this.ports.delete(name);
        this.events.onError(name, error);
      },
    });
    this.ports.set(name, opened);
    return opened;
  }

  close(interfaceName: string): void {
    this.ports.get(interfaceName)?.close();
    this.ports.delete(interfaceName);
  }

  /** Closes all that are not in use any more. */
  retain(inUse: ReadonlySet<string>): void {
    for (const name of [...this.ports.keys()]) if (!inUse.has(name)) this.close(name);
  }
}
