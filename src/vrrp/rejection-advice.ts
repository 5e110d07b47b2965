/** What to do about packets that were not accepted, by reason. Pure. */
import type { InstanceStatus } from '../control/status.js';

const advice: Readonly<Record<string, string>> = {
  authentication_failure: 'the other router has another password, or another key with the same ID: make authentication the same on both',
  authentication_missing: 'the other router does not sign: give it the same authentication, or this one authentication.mode permissive meanwhile',
  authentication_unknown_key: 'the other router signs with a key that is not here: add it to authentication.keys, and sign with it only when every router has it',
  authentication_stale: 'the clocks of the two routers differ by more than authentication.time_window (set both right, NTP), or old packets are sent again',
  authentication_replay: "old packets are sent again, or the sender's clock was put back",
  authentication_type: 'one router uses authentication and the other does not: make authentication the same on both',
  advertisement_interval: 'with VRRPv2 both must have the same advertisement_interval',
  version: 'the other router speaks another version of VRRP: make version the same on both',
  checksum: 'the packets are damaged, or their sender forms the checksum differently',
  ttl: 'VRRP packets have TTL 255: these were routed here, or their sender is no VRRP router',
  own_address: 'they come from an address of this host itself: another host has our address, or the network sends our packets back (a loop, or a bridge that reflects)',
  destination: 'one router uses unicast and the other multicast: make unicast the same on both',
  unicast_peer: 'their sender is not in unicast.peers: add it there, or find out who it is',
  unknown_virtual_router_id: 'another virtual router is on this network: no harm, unless its ID was meant to be this one',
  type: 'they are VRRP, but no advertisements: their sender is broken or hostile',
  length: 'their length does not fit what they say they hold: their sender is broken, hostile, or uses authentication that is not known here',
  no_addresses: 'version 3 wants at least one address in an advertisement: let the other router advertise the addresses that it holds',
  too_short: 'they are too short for VRRP: their sender is broken or hostile',
  ip_header: 'their IP header is not sound: their sender is broken or hostile',
};

/** What to do about packets rejected by this reason. */
export const rejectionAdvice = (reason: string): string | undefined => advice[reason];

const beginnings: Readonly<Record<string, string>> = { rejected: 'Rejected so far', unverified: 'Accepted so far without being authentic, which mode: enforce would reject' };

/** A sentence for each reason by which packets were rejected, or would have been. */
export const rejections = ({ counters }: Pick<InstanceStatus, 'counters'>): readonly string[] =>
  Object.entries(counters).flatMap(([counter, count]) => {
    const [kind = '', reason = ''] = counter.split('.', 2);
    const beginning = beginnings[kind];
    if (beginning === undefined || count === 0) return [];
    const what = advice[reason];
    return [`${beginning}: ${count} ${count === 1 ? 'packet' : 'packets'}, ${reason.replaceAll('_', ' ')}${what === undefined ? '' : `: ${what}`}.`];
  });
