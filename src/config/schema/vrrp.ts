/** The `vrrp:` section: instances and sync groups. */
import { Milliseconds, Seconds } from '../../time/microseconds.js';
import { addressScopes, type AddressScope } from '../model.js';
import { authentication } from './authentication.js';
import { notify, notifyFifo } from './notify.js';
import { list, literal, mapping, textual, union } from './kinds.js';
import { addressLabel, broadcast, duration, flag, interfaceName, ipAddress, named, oneOf, readAddressWithLength, wholeNumber, type AddressWithLength } from './values.js';
import { virtualRoutes, virtualRules } from './routing.js';
import { track } from './track.js';

export const version = () => literal([2, 3], { error: '2 or 3' });
export const checksum = () => oneOf(['pseudo_header', 'rfc9568']);

/** RFC 9568 5.2.7: 12 bits of centiseconds. */
export const version3Interval = { from: Milliseconds(10), to: Milliseconds(40_950), step: Milliseconds(10) };
/** RFC 3768 5.3.7: 8 bits of seconds. */
export const version2Interval = { from: Seconds(1), to: Seconds(255), step: Seconds(1) };

const withLength = () => textual('an address with or without a length, such as 192.0.2.10/24 or 2001:db8::10/64', readAddressWithLength);

interface VirtualAddressEntry {
  readonly address: AddressWithLength;
  readonly interface?: string | undefined;
  readonly label?: string | undefined;
  readonly advertise: boolean;
  readonly scope: AddressScope;
  readonly broadcast?: string | undefined;
}

export const virtualAddress = union(
  [
    textual('an address such as 192.0.2.10/24, or a mapping', (text, fail): VirtualAddressEntry => ({ address: readAddressWithLength(text, fail), advertise: true, scope: 'global' })),
    mapping({
      address: withLength().describe('Address with or without a length; /32 or /128 without. An instance advertises addresses of one family'),
      interface: interfaceName().optional().describe("Interface that carries the address; the instance's own by default"),
      label: addressLabel().optional().describe("Label of the address as `ip addr` shows it; begins with the interface's name"),
      advertise: flag().prefault(true).describe('false: the address is held, but not listed in advertisements'),
      scope: oneOf(addressScopes).prefault('global').describe('Where the address is valid, as `ip addr ... scope`'),
      broadcast: broadcast().optional().describe("Broadcast address, or none; by default the last address of the address's network, none for /31 and /32"),
    }),
  ],
  { error: 'an address such as 192.0.2.10/24, or a mapping such as { address: 192.0.2.10/24, interface: eth1 }' },
);

const garp = mapping({
  repeat: wholeNumber(1, 100).prefault(5).describe('Gratuitous ARPs (IPv6: Neighbour Advertisements) for each address in one burst'),
  delay: duration({ to: Seconds(3_600) }).prefault('5s').describe('A second burst after this; 0 = none'),
  refresh: duration({ to: Seconds(86_400) }).prefault('60s').describe('One gratuitous ARP for each address every so often while master; 0 = never'),
  interval: duration({ to: Seconds(1) }).prefault('0s').describe('At least so long between two of these on one interface, for switches that limit ARP; 0 = as fast as it goes'),
});

const unicast = mapping({
  source: ipAddress().optional().describe("Address of the instance's interface to send from; its primary one by default"),
  peers: list(ipAddress(), 'a list of addresses such as [192.0.2.2]').min(1, { error: "at least one address: another router's" }).describe('Addresses of the other routers; packets of anyone else are rejected'),
  ttl: wholeNumber(1, 255).prefault(255).describe('TTL (IPv6: hop limit) of what is sent'),
  min_ttl: wholeNumber(0, 255).prefault(0).describe('Packets that arrive with a lower TTL are rejected; 255 where the peers are on the same segment'),
  max_ttl: wholeNumber(0, 255).prefault(255).describe('Packets that arrive with a higher TTL are rejected'),
});

const virtualMac = union([flag(), mapping({ interface: interfaceName().describe('Name of the macvlan; vrrp.VRID (IPv6: vrrp6.VRID) by default') })], {
  error: 'true, false, or a mapping such as { interface: vmac51 }',
});

export const instance = mapping({
  name: named().describe('Name of the instance: in the log, in status, and for other parts of this file'),
  interface: interfaceName().describe('Interface on which advertisements are sent and heard'),
  virtual_router_id: wholeNumber(1, 255).describe('VRID, 1..255: the same on all routers of this virtual router, unique on the segment'),
  version: version().optional().describe('VRRP version, 2 or 3; vrrp.version by default'),
  priority: wholeNumber(1, 255).prefault(100).describe('The highest becomes master; 255 = owner of the addresses'),
  advertisement_interval: duration({ from: Milliseconds(10), to: Seconds(255) })
    .prefault('1s')
    .describe('Time between advertisements: 10ms..40.95s in whole centiseconds (version 3), 1s..255s in whole seconds (version 2)'),
  preempt: flag().prefault(true).describe('true: take over from a master of lower priority'),
  preempt_delay: duration({ to: Seconds(86_400) }).prefault('0s').describe('Wait so long after start or recovery before taking over from a master of lower priority'),
  checksum: checksum().optional().describe('VRRPv3 over IPv4: checksum with the pseudo-header, as keepalived and FRR send it, or without (rfc9568); vrrp.checksum by default'),
  authentication: authentication().optional().describe('Of advertisements: pass for VRRPv2, hmac for VRRPv3'),
  virtual_addresses: list(virtualAddress, 'a list of addresses such as [192.0.2.10/24]').min(1, { error: 'at least one address' }).describe('What the master holds: addresses, or mappings'),
  virtual_routes: virtualRoutes().describe('Routes that the master holds beside its addresses'),
  virtual_rules: virtualRules().describe('Routing rules that the master holds beside its addresses'),
  garp: garp.prefault({}).describe('Gratuitous ARP: how the master announces its addresses'),
  unicast: unicast.optional().describe('Advertisements to and from these routers instead of multicast'),
  virtual_mac: virtualMac.prefault(false).describe('true: the addresses have the virtual MAC address 00:00:5e:00:01:VRID (IPv6: 00:00:5e:00:02:VRID), on a macvlan above the interface'),
  accept: flag().prefault(true).describe('false: what is sent to the virtual addresses and is for no virtual server is dropped; the owner (priority 255) always accepts'),
  track: track().describe('What the effective priority depends on; without a weight a failure is FAULT'),
  notify: notify().describe('Commands that are run at transitions of this instance'),
});

export const syncGroup = mapping({
  name: named().describe('Name of the group'),
  instances: list(named(), 'a list of names of instances').min(1, { error: 'at least two names of instances' }).describe('Instances that fail over together'),
  track: track().describe('What the effective priority of every member depends on'),
  notify: notify().describe('Commands that are run at transitions of the group'),
});

export const vrrp = mapping({
  version: version().prefault(3).describe('VRRP version of instances that do not say theirs: 2 (RFC 3768) or 3 (RFC 9568)'),
  checksum: checksum().prefault('pseudo_header').describe('Checksum form of instances that do not say theirs'),
  startup_delay: duration({ to: Seconds(3_600) }).prefault('0s').describe("Wait so long after the daemon's start before taking part at all, e.g. for switches that learn slowly"),
  instances: list(instance, 'a list of instances').prefault([]).describe('Virtual routers'),
  sync_groups: list(syncGroup, 'a list of groups').prefault([]).describe('Instances that fail over together: one fails, all go'),
  notify_fifo: notifyFifo().describe('FIFO that gets a line for each transition, as keepalived writes it; made if it is not there, mode 0600'),
});
