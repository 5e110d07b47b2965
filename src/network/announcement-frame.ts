/** The frame that announces an address: gratuitous ARP for IPv4, an unsolicited Neighbour Advertisement for IPv6. */
import { readFileSync } from 'node:fs';
import { monotonicNow } from '../time/clock.js';
import { type Microseconds, plus, Seconds } from '../time/microseconds.js';
import { gratuitousArp } from './arp.js';
import { familyOf } from './ip-address.js';
import { neighbourAdvertisement } from './neighbour-advertisement.js';
import type { Link } from './rtnetlink.js';

/** a setting that changes rarely is not read for every frame of a burst */
const validity = Seconds(5);
const known = new Map<string, { readonly forwards: boolean; readonly until: Microseconds }>();

/** net.ipv6.conf.IF.forwarding; false where it cannot be read (no IPv6 in this kernel, or no such interface). */
export const forwards = (interfaceName: string): boolean => {
  const now = monotonicNow();
  const before = known.get(interfaceName);
  if (before && now < before.until) return before.forwards;
  let value = false;
  try {
    value = readFileSync(`/proc/sys/net/ipv6/conf/${interfaceName}/forwarding`, 'latin1').trim() !== '0';
  } catch {
    // then nothing is forwarded
  }
  known.set(interfaceName, { forwards: value, until: plus(now, validity) });
  return value;
};

export const announcementFrame = ({ name, hardwareAddress }: Link, address: string): Buffer =>
  familyOf(address) === 'ipv6' ? neighbourAdvertisement(hardwareAddress, address, forwards(name)) : gratuitousArp(hardwareAddress, address);
