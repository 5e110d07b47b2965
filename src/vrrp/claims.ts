/** Hears on one interface who else claims addresses of one family, and asks for them: ARP or Neighbour Discovery behind one face. */
import { ArpWatch } from '../network/arp-watch.js';
import { type Family, isLinkLocal } from '../network/ip-address.js';
import type { NetworkMonitor } from '../network/monitor.js';
import { NeighbourWatch } from '../network/neighbour-watch.js';
import type { Link } from '../network/rtnetlink.js';

/** A station says that an address is its own. */
export interface Claim {
  readonly address: string;
  /** `02:00:00:00:00:01` */
  readonly hardwareAddress: string;
  /** false: it announces unasked */
  readonly answers: boolean;
}

export interface Claims {
  /** Hears about these from now on; others may pass too. */
  listen(addresses: readonly string[]): void;
  heard(): readonly Claim[];
  /**
   * @param hardwareAddress of the interface, as it is now
   * @throws with `code`, as a packet socket does
   */
  ask(hardwareAddress: Buffer, address: string): void;
  close(): void;
}

const ofIPv4 = (link: Link): Claims => {
  const watch = new ArpWatch(link);
  return {
    listen: (addresses) => watch.listen(addresses),
    heard: () => watch.heard().map(({ senderAddress, senderHardwareAddress, operation }) => ({ address: senderAddress, hardwareAddress: senderHardwareAddress, answers: operation === 'reply' })),
    ask: (hardwareAddress, address) => watch.ask(hardwareAddress, address),
    close: () => watch.close(),
  };
};

const ofIPv6 = (link: Link, monitor: NetworkMonitor): Claims => {
  const watch = new NeighbourWatch(link);
  let ours: ReadonlySet<string> = new Set();
  /** the answer is to reach this station whoever else has what we hold */
  const source = (): string | undefined => monitor.addressesOf(link.index).find(({ address, tentative }) => !tentative && isLinkLocal(address) && !ours.has(address))?.address;
  return {
    listen: (addresses) => {
      ours = new Set(addresses);
    },
    heard: () => watch.heard().map(({ target, hardwareAddress, solicited }) => ({ address: target, hardwareAddress, answers: solicited })),
    ask: (hardwareAddress, address) => {
      const from = source();
      // without one only what others announce is heard
      if (from !== undefined) watch.ask(hardwareAddress, from, address);
    },
    close: () => watch.close(),
  };
};

/** @throws SystemCallError: EPERM without CAP_NET_RAW, ENODEV when there is no such interface */
export const openClaims = (family: Family, link: Link, monitor: NetworkMonitor): Claims => (family === 'ipv4' ? ofIPv4(link) : ofIPv6(link, monitor));
