/** What a takeover will need of each address, made while there is time: its netlink request, and the frame that announces it. */
import type { VirtualAddress } from '../config/model.js';
import { announcementFrame, forwards } from '../network/announcement-frame.js';
import type { NetlinkMessage } from '../network/netlink-channel.js';
import { addressAddition, type Link } from '../network/rtnetlink.js';

/** addresses in one turn of the loop: some 0.5 ms, at first */
const portion = 32;

interface Frame {
  readonly hardwareAddress: Buffer;
  readonly forwards: boolean;
  readonly frame: Buffer;
}

export class Preparation {
  private readonly additions = new WeakMap<VirtualAddress, { readonly index: number; readonly message: NetlinkMessage }>();
  private readonly frames = new WeakMap<object, Frame>();

  /** The request that puts the address on the interface. */
  addition(address: VirtualAddress, index: number): NetlinkMessage {
    const known = this.additions.get(address);
    if (known?.index === index) return known.message;
    const message = addressAddition({ ...address, index });
    this.additions.set(address, { index, message });
    return message;
  }

  frame(address: Pick<VirtualAddress, 'address'>, link: Link): Buffer {
    const { hardwareAddress } = link;
    const forwarding = address.address.includes(':') && forwards(link.name);
    const known = this.frames.get(address);
    if (known && known.forwards === forwarding && known.hardwareAddress.equals(hardwareAddress)) return known.frame;
    const frame = announcementFrame(link, address.address);
    this.frames.set(address, { hardwareAddress, forwards: forwarding, frame });
    return frame;
  }

  /** Makes what is not there yet, a few in every turn of the loop. @param linkOf by the name of an interface; undefined: there is none */
  prepare(addresses: readonly VirtualAddress[], linkOf: (name: string) => Link | undefined): void {
    for (const address of addresses.slice(0, portion)) {
      const link = linkOf(address.interface);
      if (!link) continue;
      this.addition(address, link.index);
      if (link.arp && link.hardwareAddress.length === 6) this.frame(address, link);
    }
    if (addresses.length > portion) setImmediate(() => this.prepare(addresses.slice(portion), linkOf));
  }
}
