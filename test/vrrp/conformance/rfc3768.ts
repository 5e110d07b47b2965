/** RFC 3768 (VRRP version 2): every MUST, MUST NOT, SHOULD and SHOULD NOT, by clause. What RFC 9568 says likewise is shown by the same tests. */
import * as check from './checks.js';
import { byKernel, deviates, type Document, met, notApplicable, type Requirement, type Shown } from './requirement.js';

const receive = (row: string): Shown => ['vrrp/receive.test.ts', row];
const machine = (title: string): Shown => ['vrrp/machine.test.ts', title];
const asMaster = (title: string): Shown => ['vrrp/machine-master.test.ts', title];
const header: Shown = ['network/vrrp-conformance.test.ts', 'goes from the primary address to 224.0.0.18 with TTL 255 as protocol 112, in version %s'];
const answersArp: Shown = ['network/vrrp-conformance.test.ts', 'is answered for by the master alone when a host asks by ARP (6.4.2, 6.4.3)'];
const only: Shown = ['network/vrrp-election.test.ts', 'gives the addresses to the higher priority, and only to it'];
const told: Shown = ['network/vrrp-rejections.test.ts', 'is counted by its reason and told, once for each, and a master of priority 100 stays master'];
const password: Shown = ['network/vrrp-rejections.test.ts', '%s on the other side: rejected, counted, told once; both are masters, and neither tells the password'];
const overTheFailover: Shown = ['network/virtual-mac.test.ts', 'show a client the same address, and the switch another port, over a failover (RFC 9568, 7.2, 7.3)'];
const noAnswer: Shown = ['network/virtual-mac.test.ts', 'hear each other when both were master: the weaker one yields, and does not answer with the virtual MAC any more'];
const drops: Shown = ['network/firewall-chain.test.ts', 'drops what is sent to the virtual addresses only, from before they are held until the end; a crash and a reload leave nothing behind'];
const ownMac = 'keepalived-compatible default: the station\'s own MAC address. `virtual_mac: true` is what the RFC asks for';
const oldMedia = 'a medium that Linux does not have any more';

const requirements: readonly Requirement[] = [
  { clause: '5.2.2', level: 'MUST NOT', what: 'forward what is sent to 224.0.0.18, whatever its TTL', standing: byKernel('Linux forwards no link-local multicast; Tandem forwards nothing') },
  { clause: '5.2.3', level: 'MUST', what: 'send with TTL 255', standing: met([header]) },
  { clause: '5.2.3', level: 'MUST', what: 'discard a packet whose TTL is not 255', standing: met([receive('its TTL is not 255: it crossed a router (RFC 9568, 5.1.1.3)'), told]) },
  { clause: '5.3.2', level: 'MUST', what: 'discard an unknown type', standing: met([receive('it is no advertisement (RFC 9568, 5.2.2: unknown types are discarded)')], check.unknownTypeIsDiscardedInVersion2) },
  { clause: '5.3.4', level: 'MUST', what: 'the owner of the addresses has priority 255', standing: met([machine('becomes MASTER at once when it owns the addresses: priority 255 (RFC 9568, 6.4.1)')]) },
  { clause: '5.3.4', level: 'MUST', what: 'a router that backs up has a priority from 1 to 254', standing: met([['config/values.test.ts', 'priority 0'], ['config/values.test.ts', 'priority 256']]) },
  { clause: '5.3.6', level: 'MUST', what: 'discard an authentication type that is unknown or not ours', standing: met([receive('it has a password and we have none (RFC 3768, 7.1)'), receive('it has no password and we have one'), receive('it is authenticated by what RFC 2338 calls an IP authentication header')], check.unknownAuthenticationIsDiscarded) },
  { clause: '5.3.10', level: 'SHOULD', what: 'authentication data are zero when sent and ignored when received', standing: met([['vrrp/captures.test.ts', 'is what we send: version $version, $source, VRID $virtualRouterId']], check.authenticationDataAreZeroAndIgnored, 'of type 0; a password (RFC 2338) is sent and compared where one is configured') },

  { clause: '6.4.1', level: 'MUST', what: 'at start the owner (255) advertises, announces every address, sets Adver_Timer and is master; others are backup for Master_Down_Interval', standing: met([machine('becomes MASTER at once when it owns the addresses: priority 255 (RFC 9568, 6.4.1)'), machine('of version 2 skew by 256ths of a second, whatever the interval (RFC 3768, 6.1)')], check.timersOfVersion2) },
  { clause: '6.4.2', level: 'MUST NOT', what: 'a backup answers ARP requests for the addresses', standing: met([answersArp, only]) },
  { clause: '6.4.2', level: 'MUST', what: 'a backup discards what is sent to the virtual MAC address', standing: met([noAnswer, overTheFailover], undefined, 'without `virtual_mac` no interface has that address; with it, its interface is up only while master') },
  { clause: '6.4.2', level: 'MUST NOT', what: 'a backup accepts packets for the addresses', standing: met([only], undefined, 'it does not have them') },
  { clause: '6.4.2', level: 'MUST', what: 'a backup that is shut down cancels Master_Down_Timer and initializes', standing: met([machine('resigns, releases or advertises nothing when it is stopped')], check.backupStopsInSilence) },
  { clause: '6.4.2', level: 'MUST', what: 'when Master_Down_Timer fires: advertise, announce every address, set Adver_Timer, be master', standing: met([machine('becomes MASTER when the master down timer fires: advertises first, then takes and announces the addresses (RFC 9568, 6.4.2)'), ['network/interop-keepalived.test.ts', 'Tandem is the backup: it follows a stop, yields to the better one, takes over after a crash']], check.backupTakesOver) },
  { clause: '6.4.2', level: 'MUST', what: 'a priority of 0 sets Master_Down_Timer to Skew_Time', standing: met([machine('waits only the skew time when the master resigns by priority 0 (RFC 9568, 6.4.2)'), ['network/interop-keepalived.test.ts', 'Tandem is the backup: it follows a stop, yields to the better one, takes over after a crash']], check.resignationLeavesTheSkewTime) },
  { clause: '6.4.2', level: 'MUST', what: 'without preemption, or of a priority that is not lower: restart Master_Down_Timer', standing: met([machine('restarts its timer for a higher priority, and knows whom it heard (RFC 9568, 6.4.2)'), machine('learns no interval in version 2 (RFC 3768, 6.4.2)'), machine('takes a lower priority for its master with preempt: false (RFC 9568, 6.4.2: Preempt_Mode)')]) },
  { clause: '6.4.2', level: 'MUST', what: 'with preemption a lower priority is discarded', standing: met([machine('discards a lower priority, so that it preempts when its timer fires (RFC 9568, 6.4.2)'), ['network/interop-keepalived.test.ts', 'Tandem is the master: it is followed after its stop, takes back, is followed after its crash']], check.backupDiscardsALowerPriority) },
  { clause: '6.4.3', level: 'MUST', what: 'a master answers ARP requests for the addresses', standing: met([answersArp]) },
  { clause: '6.4.3', level: 'MUST', what: 'a master forwards what is sent to the virtual MAC address', standing: byKernel('with net.ipv4.ip_forward, which the operator sets') },
  { clause: '6.4.3', level: 'MUST NOT', what: 'a master that is not the owner accepts packets for the addresses', standing: deviates('as in RFC 9568 with Accept_Mode true, and as keepalived: IPVS serves an address only on the host that accepts it. `accept: false` is what the RFC asks for', [drops]) },
  { clause: '6.4.3', level: 'MUST', what: 'a master that is the owner accepts them', standing: met([['network/vrrp-announcements.test.ts', 'teaches the other hosts: they send to it from the first packet on']]) },
  { clause: '6.4.3', level: 'MUST', what: 'a master that is shut down cancels Adver_Timer, advertises priority 0 and initializes', standing: met([asMaster('resigns by priority 0 and releases the addresses when it is stopped (RFC 9568, 6.4.3)'), ['network/interop-keepalived.test.ts', 'Tandem is the master: it is followed after its stop, takes back, is followed after its crash']], check.masterStopsWithPriorityZero) },
  { clause: '6.4.3', level: 'MUST', what: 'when Adver_Timer fires: advertise and restart it', standing: met([asMaster('advertises whenever its timer fires (RFC 9568, 6.4.3)')], check.masterAdvertisesEveryInterval) },
  { clause: '6.4.3', level: 'MUST', what: 'a priority of 0 is answered by an advertisement', standing: met([asMaster('answers a resignation at once (RFC 9568, 6.4.3)')], check.masterAnswersAResignation) },
  { clause: '6.4.3', level: 'MUST', what: 'to a higher priority, or an equal one with a higher address, a master yields', standing: met([asMaster('yields to an equal priority with a higher address, compared as numbers (RFC 9568, 6.4.3)'), asMaster('keeps its own interval when it yields in version 2')]) },
  { clause: '6.4.3', level: 'MUST', what: 'any other advertisement is discarded', standing: deviates('answered by an advertisement at once, as RFC 9568 (6.4.3) wants it and keepalived does: the weaker master yields sooner', [asMaster('answers %s at once and announces the addresses again (RFC 9568, 6.4.3)')]) },

  { clause: '7.1', level: 'MUST', what: 'verify that the version is 2', standing: met([receive('we speak version 2 (RFC 9568, 7.1)')]) },
  { clause: '7.1', level: 'MUST', what: 'verify that the packet is complete, with its addresses and authentication data', standing: met([receive('its authentication data are missing (RFC 3768, 5.1)')], check.incompletePacketsAreDiscardedInVersion2) },
  { clause: '7.1', level: 'MUST', what: 'verify the checksum', standing: met([receive('its checksum is wrong in version 2 (RFC 3768, 7.1)')], check.wrongChecksumsAreDiscardedInVersion2) },
  { clause: '7.1', level: 'MUST', what: 'verify that the VRID is configured on the interface', standing: met([receive('no instance has its VRID (RFC 9568, 7.1)'), told]) },
  { clause: '7.1', level: 'MUST', what: 'verify that we are not the owner of the addresses', standing: deviates('as erratum 8298 of RFC 9568: an owner that hears nobody would never find a second one; the two are told, and the higher address wins', [['network/vrrp-split-brain.test.ts', 'that does not yield is named with its addresses, and its end is told']]) },
  { clause: '7.1', level: 'MUST', what: 'verify that the authentication type is ours, and authenticate', standing: met([receive('its password is another'), receive('its password is only the beginning of ours'), password]) },
  { clause: '7.1', level: 'MUST', what: 'discard the packet when one of these fails', standing: met([['vrrp/receive.test.ts', 'for every reason that there is'], told]) },
  { clause: '7.1', level: 'SHOULD', what: 'log that', standing: met([told, password]) },
  { clause: '7.1', level: 'MUST', what: 'drop a packet whose address list is not ours, when that is verified (a MAY) and its sender is not the owner', standing: deviates('it is told and accepted, as RFC 9568 does and keepalived from 2.3.3 on: else every change of the addresses, on one router after the other, would make two masters', [['network/vrrp-election.test.ts', 'are accepted, reported once, shown in status, and reported when they agree again']]) },
  { clause: '7.1', level: 'SHOULD', what: 'log an address list that is not ours', standing: met([['network/vrrp-election.test.ts', 'are accepted, reported once, shown in status, and reported when they agree again']]) },
  { clause: '7.1', level: 'MUST', what: 'verify that Adver Interval is ours, and discard the packet otherwise', standing: met([receive('its interval is not ours in version 2 (RFC 3768, 7.1)')]) },
  { clause: '7.1', level: 'SHOULD', what: 'log that', standing: met([told], undefined, 'as every reason to reject a packet') },

  { clause: '7.2', level: 'MUST', what: 'fill the fields from the virtual router and compute the checksum', standing: met([['vrrp/captures.test.ts', 'reads what we meant: version $version, $source, VRID $virtualRouterId, $checksum'], ['vrrp/captures.test.ts', 'send what we would send as they are: $fields.source, VRID $fields.virtualRouterId']]) },
  { clause: '7.2', level: 'MUST', what: 'send from the virtual MAC address', standing: deviates(ownMac, [overTheFailover]) },
  { clause: '7.2', level: 'MUST', what: 'send from the primary address of the interface, as protocol 112, to the multicast group', standing: met([header]) },

  { clause: '8.1', level: 'MUST', what: 'an ICMP redirect has the source that the host used', standing: deviates('left to the kernel, as RFC 9568, 8.1.1') },
  { clause: '8.2', level: 'MUST', what: 'ARP requests for the addresses are answered with the virtual MAC address', standing: deviates(ownMac, [overTheFailover, answersArp]) },
  { clause: '8.2', level: 'MUST NOT', what: 'answer with the physical MAC address', standing: deviates(ownMac, [overTheFailover, answersArp]) },
  { clause: '8.2', level: 'SHOULD NOT', what: 'after a restart send ARP with the physical MAC address for an address that is owned', standing: deviates(ownMac, [overTheFailover]) },
  { clause: '8.2', level: 'SHOULD', what: 'announce each address by gratuitous ARP, once address and MAC are there', standing: met([['network/vrrp-announcements.test.ts', 'announces by an ARP request, sender and target the virtual address, to everybody (RFC 5227, 3; RFC 9568, 8.2.1)'], ['network/vrrp-announcements.test.ts', 'advertises before it announces']]) },
  { clause: '8.3', level: 'MUST', what: 'proxy ARP answers with the virtual MAC address', standing: notApplicable('Tandem does no proxy ARP') },
  { clause: '8.4', level: 'SHOULD NOT', what: 'forward packets for the addresses without owning them', standing: byKernel('what a master holds is local, and is never forwarded') },
  { clause: '9.1', level: 'SHOULD', what: 'FDDI: the virtual MAC address is a filter, not the station\'s', standing: notApplicable(oldMedia) },
  { clause: '9.2', level: 'MUST', what: 'token ring: functional addresses', standing: notApplicable(oldMedia) },
];

export const rfc3768: Document = { title: 'RFC 3768: version 2, IPv4', requirements };
