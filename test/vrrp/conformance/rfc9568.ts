/** RFC 9568 (VRRP version 3), with its verified errata: every MUST, MUST NOT, SHOULD and SHOULD NOT, by clause. */
import * as check from './checks.js';
import { byKernel, deviates, type Document, met, notApplicable, type Requirement, type Shown } from './requirement.js';

const receive = (row: string): Shown => ['vrrp/receive.test.ts', row];
const machine = (title: string): Shown => ['vrrp/machine.test.ts', title];
const asMaster = (title: string): Shown => ['vrrp/machine-master.test.ts', title];
const wire = (title: string): Shown => ['network/vrrp-conformance.test.ts', title];
const ipv6 = (title: string): Shown => ['network/vrrp-ipv6.test.ts', title];
const rejections = (title: string): Shown => ['network/vrrp-rejections.test.ts', title];
const election = (title: string): Shown => ['network/vrrp-election.test.ts', title];
const announcements = (title: string): Shown => ['network/vrrp-announcements.test.ts', title];

const takesOver = machine('becomes MASTER when the master down timer fires: advertises first, then takes and announces the addresses (RFC 9568, 6.4.2)');
const answersArp = wire('is answered for by the master alone when a host asks by ARP (6.4.2, 6.4.3)');
const answersSolicitations = wire('of IPv6 is answered for by the master alone when a host asks by Neighbour Solicitation, as a router where it forwards (6.4.2, 6.4.3)');
const header = wire('goes from the primary address to 224.0.0.18 with TTL 255 as protocol 112, in version %s');
const headerIPv6 = ipv6('elect one master from link-local addresses to ff02::12 at hop limit 255 (RFC 9568, 5.1.2); the backup takes over after a crash');
const told = rejections('is counted by its reason and told, once for each, and a master of priority 100 stays master');
const overTheFailover: Shown = ['network/virtual-mac.test.ts', 'show a client the same address, and the switch another port, over a failover (RFC 9568, 7.2, 7.3)'];
const macOfIPv6: Shown = ['network/virtual-mac.test.ts', 'speaks IPv6: a client reaches the link-local and the global address at the virtual MAC'];
const noAnswer: Shown = ['network/virtual-mac.test.ts', 'hear each other when both were master: the weaker one yields, and does not answer with the virtual MAC any more'];
const drops: Shown = ['network/firewall-chain.test.ts', 'drops what is sent to the virtual addresses only, from before they are held until the end; a crash and a reload leave nothing behind'];
const ownMac = 'keepalived-compatible default: the station\'s own MAC address. `virtual_mac: true` is what the RFC asks for';
const noAdvertisements = 'Tandem is no Router Advertisement daemon: a director is no default router of hosts unless its operator runs one (radvd), and then on both';
const noDualMode = 'the mode that speaks both versions (a MAY) is not offered: an instance speaks one version';

const requirements: readonly Requirement[] = [
  { clause: '2.5', level: 'SHOULD', what: 'log, at a bounded rate, when late processing makes a master of a small interval flap', standing: met([['network/vrrp-stalls.test.ts', 'and goes on as the better one takes both instances again within an interval, and tells how long it stood still'], ['network/vrrp-stalls.test.ts', 'and finds a better master on one segment yields on both with nothing but its last word, and tells how long it stood still']]) },
  { clause: '5.1.1.1', level: 'MUST', what: 'the source is the primary IPv4 address of the interface', standing: met([header, ['network/vrrp-dynamic.test.ts', 'whose address changes while there is another one goes on, from the new one']], undefined, 'said of version 3 by 7.2') },
  { clause: '5.1.1.2', level: 'MUST NOT', what: 'forward what is sent to 224.0.0.18, whatever its TTL', standing: byKernel('Linux forwards no link-local multicast; Tandem forwards nothing') },
  { clause: '5.1.1.3', level: 'MUST', what: 'send with TTL 255', standing: met([header], undefined, 'to the group always; to unicast peers as `unicast.ttl` says') },
  { clause: '5.1.1.3', level: 'MUST', what: 'discard a packet whose TTL is not 255', standing: met([receive('its TTL is not 255: it crossed a router (RFC 9568, 5.1.1.3)'), told], undefined, 'by multicast; from unicast peers `unicast.min_ttl` and `max_ttl` bound it') },
  { clause: '5.1.2.2', level: 'MUST NOT', what: 'forward what is sent to ff02::12, whatever its hop limit', standing: byKernel('Linux forwards no link-local multicast; Tandem forwards nothing') },
  { clause: '5.1.2.3', level: 'MUST', what: 'send with hop limit 255', standing: met([headerIPv6, ['vrrp/ipv6.test.ts', 'is what an instance configured like it sends, to the group with hop limit 255']]) },
  { clause: '5.1.2.3', level: 'MUST', what: 'discard a packet whose hop limit is not 255', standing: met([['vrrp/ipv6.test.ts', 'its hop limit is not 255 (RFC 9568, 5.1.2.3)'], ipv6('rejects and counts what it must not believe')]) },
  { clause: '5.2.2', level: 'MUST', what: 'discard an unknown type', standing: met([receive('it is no advertisement (RFC 9568, 5.2.2: unknown types are discarded)')], check.unknownTypeIsDiscarded()) },
  { clause: '5.2.4', level: 'MUST', what: 'the owner of the addresses has priority 255', standing: met([machine('becomes MASTER at once when it owns the addresses: priority 255 (RFC 9568, 6.4.1)'), ['network/vrrp-tracking.test.ts', 'add up, and are clamped; an owner keeps 255']], undefined, 'whoever is given priority 255 is the owner; trackers do not lower it') },
  { clause: '5.2.4', level: 'MUST', what: 'a router that backs up has a priority from 1 to 254', standing: met([['config/values.test.ts', 'priority 0'], ['config/values.test.ts', 'priority 256'], ['network/vrrp-tracking.test.ts', 'add up, and are clamped; an owner keeps 255']]) },
  { clause: '5.2.5', level: 'MUST', what: 'ignore an advertisement that lists no address', standing: met([receive('it lists no address in version 3 (RFC 9568, 5.2.5)'), told, ['config/cross-checks.test.ts', 'no advertised address']], check.noAddressesAreIgnored) },
  { clause: '5.2.6', level: 'MUST', what: 'the reserved bits are zero when sent and ignored when received', standing: met([['vrrp/packet.test.ts', 'ignores the four reserved bits of version 3 (RFC 9568, 5.2.6)']], check.reservedBitsAreZeroAndIgnored) },
  { clause: '5.2.9', level: 'MUST', what: 'the first IPv6 address of the list is the link-local one of the virtual router', standing: deviates('the addresses are listed as the file lists them, as keepalived does: a director whose clients are elsewhere needs no link-local virtual address. Where the first one is not link-local the configuration is warned of', [['config/cross-checks.test.ts', 'a first IPv6 address that is not link-local']]) },
  { clause: '5.2.9', level: 'MUST', what: 'the addresses are of the family of the IP header', standing: met([['config/cross-checks.test.ts', 'addresses of both families'], ['vrrp/ipv6.test.ts', 'is that of its advertised addresses'], ipv6('holds addresses of the other family beside its own, and announces both')], undefined, 'what is held beside them with `advertise: false` may be of the other') },
  { clause: '6.1', level: 'MUST', what: 'Advertisement_Interval is from 1 to 4095 centiseconds (erratum 8301)', standing: met([['config/values.test.ts', 'the shortest interval of version 3'], ['config/defaults.test.ts', 'an advertisement interval of version 3 has centiseconds']], check.timersOfVersion3) },
  { clause: '6.1', level: 'MUST NOT', what: 'drop Neighbour Solicitations and Advertisements when Accept_Mode is false', standing: met([['supervisor/acceptance.test.ts', 'lets Neighbour Solicitations and Advertisements through (RFC 9568, 6.1)']]) },

  // 6.4.1
  { clause: '6.4.1', level: 'MUST', what: 'at start the owner (255) advertises, announces every address, sets Adver_Timer and is master', standing: met([machine('becomes MASTER at once when it owns the addresses: priority 255 (RFC 9568, 6.4.1)')], check.ownerIsMasterAtOnce) },
  { clause: '6.4.1', level: 'MUST', what: 'at start any other is backup and sets Active_Down_Timer to Active_Down_Interval', standing: met([machine('becomes BACKUP at start and waits for the master down interval (RFC 9568, 6.4.1)')], check.othersWaitTheMasterDownInterval) },

  // 6.4.2
  { clause: '6.4.2', level: 'MUST NOT', what: 'a backup answers ARP requests for the addresses', standing: met([answersArp, election('gives the addresses to the higher priority, and only to it')]) },
  { clause: '6.4.2', level: 'MUST NOT', what: 'a backup answers Neighbour Solicitations for the addresses', standing: met([answersSolicitations]) },
  { clause: '6.4.2', level: 'MUST NOT', what: 'a backup sends Router Advertisements for the virtual router', standing: notApplicable(noAdvertisements) },
  { clause: '6.4.2', level: 'MUST', what: 'a backup discards what is sent to the virtual MAC address', standing: met([noAnswer, overTheFailover], undefined, 'without `virtual_mac` no interface has that address; with it, its interface is up only while master') },
  { clause: '6.4.2', level: 'MUST NOT', what: 'a backup accepts packets for the addresses', standing: met([election('gives the addresses to the higher priority, and only to it'), machine('restarts its timer for a higher priority, and knows whom it heard (RFC 9568, 6.4.2)'), machine('keeps them until it hears a better master')], undefined, 'it does not have them. After a crash what was left stays until a better master is heard, so that the addresses are never nowhere') },
  { clause: '6.4.2', level: 'MUST', what: 'a backup that is shut down cancels Active_Down_Timer and initializes', standing: met([machine('resigns, releases or advertises nothing when it is stopped')], check.backupStopsInSilence) },
  { clause: '6.4.2', level: 'MUST', what: 'when Active_Down_Timer fires: advertise, announce every IPv4 address by gratuitous ARP, set Adver_Timer, be master', standing: met([takesOver, announcements('announces every address `repeat` times at once, again after `delay`, then once every `refresh`'), announcements('advertises before it announces')], check.backupTakesOver) },
  { clause: '6.4.2', level: 'MUST', what: '... and for IPv6 join the solicited-node group and send an unsolicited Neighbour Advertisement: R set, S clear, O set', standing: met([answersSolicitations, ipv6('are announced `repeat` times and again after `delay` by Neighbour Advertisements, with the router flag where the host forwards'), ['vrrp/captures.test.ts', 'reads a $kind as one']], undefined, 'R as the host forwards: a host that is no router must not say that it is one (RFC 4861, 4.4)') },
  { clause: '6.4.2', level: 'MUST', what: 'a priority of 0 sets Active_Down_Timer to Skew_Time', standing: met([machine('waits only the skew time when the master resigns by priority 0 (RFC 9568, 6.4.2)'), ['network/vrrp-failures.test.ts', 'by %s: priority 0 on the wire, the address released, the other one takes over within its skew time']], check.resignationLeavesTheSkewTime) },
  { clause: '6.4.2', level: 'MUST', what: 'without preemption, or of a priority that is not lower: learn the interval, recompute, restart Active_Down_Timer', standing: met([machine('restarts its timer for an equal priority, whichever address is higher: no preemption between equals (RFC 9568, 6.4.2)'), machine('learns the interval of the master in version 3 (RFC 9568, 6.4.2)'), machine('takes a lower priority for its master with preempt: false (RFC 9568, 6.4.2: Preempt_Mode)')], check.backupFollowsAnEqualOrHigherPriority) },
  { clause: '6.4.2', level: 'MUST', what: 'with preemption a lower priority is discarded', standing: met([machine('discards a lower priority, so that it preempts when its timer fires (RFC 9568, 6.4.2)'), election('lets the better one preempt')], check.backupDiscardsALowerPriority) },

  // 6.4.3
  { clause: '6.4.3', level: 'MUST', what: 'a master answers ARP requests for the addresses', standing: met([answersArp]) },
  { clause: '6.4.3', level: 'MUST', what: 'a master is a member of the solicited-node groups of the addresses', standing: met([answersSolicitations]) },
  { clause: '6.4.3', level: 'MUST', what: 'a master answers Neighbour Solicitations for the addresses, R set', standing: met([answersSolicitations], undefined, 'the kernel answers, R as net.ipv6.conf.IF.forwarding says') },
  { clause: '6.4.3', level: 'MUST', what: 'a master sends Router Advertisements for the virtual router', standing: deviates(noAdvertisements) },
  { clause: '6.4.3', level: 'MUST', what: 'a master forwards what is sent to the virtual MAC address', standing: byKernel('with net.ipv4.ip_forward and net.ipv6.conf.all.forwarding, which the operator sets') },
  { clause: '6.4.3', level: 'MUST', what: 'a master accepts packets for the addresses if it owns them or Accept_Mode is true', standing: met([ipv6('are reachable at once for a host that knew them at another station'), announcements('teaches the other hosts: they send to it from the first packet on')]) },
  { clause: '6.4.3', level: 'MUST NOT', what: 'accept them otherwise', standing: deviates('Accept_Mode is true unless `accept: false` is given, as in keepalived: IPVS serves an address only on the host that accepts it', [drops]) },
  { clause: '6.4.3', level: 'MUST', what: 'a master that is shut down cancels Adver_Timer, advertises priority 0 and initializes', standing: met([asMaster('resigns by priority 0 and releases the addresses when it is stopped (RFC 9568, 6.4.3)'), ['network/vrrp-failures.test.ts', 'by %s: priority 0 on the wire, the address released, the other one takes over within its skew time']], check.masterStopsWithPriorityZero) },
  { clause: '6.4.3', level: 'MUST', what: 'when Adver_Timer fires: advertise and restart it', standing: met([asMaster('advertises whenever its timer fires (RFC 9568, 6.4.3)'), ['network/vrrp-timing.test.ts', 'do not drift: after 25 intervals the next one is where the first one says']], check.masterAdvertisesEveryInterval) },
  { clause: '6.4.3', level: 'MUST', what: 'a priority of 0 is answered by an advertisement', standing: met([asMaster('answers a resignation at once (RFC 9568, 6.4.3)')], check.masterAnswersAResignation) },
  { clause: '6.4.3', level: 'MUST', what: 'to a higher priority, or an equal one with a higher address, a master yields and learns the interval', standing: met([asMaster('yields to an equal priority with a higher address, compared as numbers (RFC 9568, 6.4.3)'), asMaster('yields to a higher priority, without resigning (RFC 9568, 6.4.3), with a last word that makes the winner announce'), election('leaves an equal priority alone, and two masters of equal priority let the higher address win')], check.masterYields, 'with one last advertisement, which makes the winner announce the addresses once more') },
  { clause: '6.4.3', level: 'MUST', what: 'any other advertisement is discarded and answered by one at once', standing: met([asMaster('answers %s at once and announces the addresses again (RFC 9568, 6.4.3)'), election('are one again: the weaker one yields, the stronger one answers it and announces the addresses again')], check.masterAssertsItself) },

  // 7.1
  { clause: '7.1', level: 'MUST', what: 'verify that the version is 3', standing: met([receive('we speak version 3 (RFC 9568, 7.1)'), told], check.otherVersionsAreDiscarded) },
  { clause: '7.1', level: 'MUST', what: 'verify that the type is 1', standing: met([receive('it is no advertisement (RFC 9568, 5.2.2: unknown types are discarded)')], check.unknownTypeIsDiscarded()) },
  { clause: '7.1', level: 'MUST', what: 'verify that the packet is complete', standing: met([receive('it has no whole VRRP header (RFC 9568, 7.1)'), receive('it lists more addresses than it has (RFC 9568, 7.1)'), ['fuzz/packets.test.ts', 'over IPv4, as a raw socket gives it, is taken or rejected']], check.incompletePacketsAreDiscarded()) },
  { clause: '7.1', level: 'MUST', what: 'verify the checksum (5.2.8: over IPv6 with the pseudo-header)', standing: met([receive('its checksum is wrong in both forms of version 3 (RFC 9568, 7.1)'), ['vrrp/ipv6.test.ts', 'its source is another than the checksum says'], told], check.wrongChecksumsAreDiscarded(), 'over IPv4 with the pseudo-header too, as keepalived and FRR send it; which form we send is `checksum`') },
  { clause: '7.1', level: 'MUST', what: 'verify that the VRID is configured on the interface that it came in by', standing: met([receive('no instance has its VRID (RFC 9568, 7.1)'), told]) },
  { clause: '7.1', level: 'SHOULD', what: 'verify that we do not own the addresses (priority 255), and log it (erratum 8298)', standing: met([['network/vrrp-split-brain.test.ts', 'that does not yield is named with its addresses, and its end is told'], election('leaves an equal priority alone, and two masters of equal priority let the higher address win')], check.ownerPreempts, 'another master is told, whatever its priority; of two owners the higher address wins') },
  { clause: '7.1', level: 'MUST', what: 'verify that Max Advertise Interval is not zero (erratum 8301)', standing: met([receive('its interval is zero in version 3')], check.noIntervalIsDiscarded) },
  { clause: '7.1', level: 'MUST', what: 'verify that an address is listed (erratum 8299)', standing: met([receive('it lists no address in version 3 (RFC 9568, 5.2.5)')], check.noAddressesAreIgnored) },
  { clause: '7.1', level: 'MUST', what: 'verify that the first IPv6 address is link-local (erratum 8300)', standing: deviates('keepalived sends its addresses as they are configured, most often without a link-local one: to discard them would make two masters', [['vrrp/ipv6.test.ts', 'taken as it was recorded, and from a unicast peer within its bounds']]) },
  { clause: '7.1', level: 'MUST', what: 'discard the packet when one of these fails', standing: met([['vrrp/receive.test.ts', 'for every reason that there is'], told]) },
  { clause: '7.1', level: 'SHOULD', what: 'log that, at a bounded rate', standing: met([told]) },
  { clause: '7.1', level: 'SHOULD', what: 'verify that Max Advertise Interval is ours; log a difference, and do not drop the packet', standing: met([rejections('is accepted, learnt, counted and told once (RFC 9568, 7.1)')]) },
  { clause: '7.1', level: 'SHOULD', what: 'log an address list that is not ours, at a bounded rate', standing: met([election('are accepted, reported once, shown in status, and reported when they agree again')]) },

  // 7.2 to 7.4
  { clause: '7.2', level: 'MUST', what: 'fill the fields from the virtual router and compute the checksum', standing: met([['vrrp/captures.test.ts', 'reads what we meant: version $version, $source, VRID $virtualRouterId, $checksum'], ['vrrp/captures.test.ts', 'is what we send: version $version, $source, VRID $virtualRouterId']]) },
  { clause: '7.2', level: 'MUST', what: 'send from the virtual MAC address', standing: deviates(ownMac, [overTheFailover]) },
  { clause: '7.2', level: 'MUST', what: 'send from the primary IPv4, or the link-local IPv6 address of the interface', standing: met([header, headerIPv6, ['vrrp/ipv6.test.ts', 'is a link-local address that is no virtual one and has passed duplicate address detection']], undefined, 'from `unicast.source` where it is given') },
  { clause: '7.2', level: 'MUST', what: 'send as protocol 112 to the multicast group', standing: met([header, headerIPv6], undefined, 'to the peers instead, with `unicast`') },
  { clause: '7.4', level: 'MUST NOT', what: 'derive interface identifiers from the virtual MAC address (RFC 7217, RFC 8981)', standing: notApplicable('Tandem derives none; virtual addresses are configured whole') },

  // 8
  { clause: '8.1.1', level: 'MUST', what: 'an ICMP redirect has the source that the host used', standing: deviates('left to the kernel, which takes the address of its route, or with net.ipv4.icmp_errors_use_inbound_ifaddr=1 that of the inbound interface; a director should send none (net.ipv4.conf.all.send_redirects=0)') },
  { clause: '8.1.2', level: 'MUST', what: 'ARP requests for the addresses are answered with the virtual MAC address', standing: deviates(ownMac, [overTheFailover, answersArp]) },
  { clause: '8.1.2', level: 'MUST NOT', what: 'answer with the physical MAC address', standing: deviates(ownMac, [overTheFailover, answersArp]) },
  { clause: '8.1.2', level: 'SHOULD NOT', what: 'after a restart send ARP with the physical MAC address for an address that is owned', standing: deviates(`${ownMac}; without it hosts learn the station that is master`, [overTheFailover, announcements('teaches the other hosts: they send to it from the first packet on')]) },
  { clause: '8.1.2', level: 'SHOULD', what: 'announce each address by gratuitous ARP when it is put on the interface', standing: met([announcements('announces by an ARP request, sender and target the virtual address, to everybody (RFC 5227, 3; RFC 9568, 8.2.1)'), ['network/vrrp-addresses.test.ts', 'is back within a second, announced and reported']]) },
  { clause: '8.1.2', level: 'MUST', what: 'delay that until address and virtual MAC are there', standing: met([takesOver], undefined, 'the addresses are held first, then announced') },
  { clause: '8.1.2', level: 'SHOULD', what: 'reach a router by an address that is its own, not by a virtual one', standing: notApplicable('an operator\'s habit') },
  { clause: '8.1.3', level: 'MUST', what: 'proxy ARP answers with the virtual MAC address', standing: notApplicable('Tandem does no proxy ARP') },
  { clause: '8.2.1', level: 'SHOULD', what: 'an ICMPv6 redirect has the source that the host used', standing: deviates('left to the kernel, which takes the link-local address of the interface; a director has no reason to send any') },
  { clause: '8.2.2', level: 'MUST', what: 'Neighbour Solicitations are answered with the virtual MAC address, not with the physical one', standing: deviates(ownMac, [macOfIPv6, answersSolicitations]) },
  { clause: '8.2.2', level: 'MUST NOT', what: 'a master\'s own Neighbour Solicitations carry the physical MAC address', standing: deviates(ownMac, [macOfIPv6]) },
  { clause: '8.2.2', level: 'SHOULD NOT', what: 'after a restart send Neighbour Discovery with the physical MAC address for an address that is owned', standing: deviates(ownMac, [macOfIPv6]) },
  { clause: '8.2.2', level: 'SHOULD', what: 'announce each address by an unsolicited Neighbour Advertisement when it is put on the interface', standing: met([ipv6('are announced `repeat` times and again after `delay` by Neighbour Advertisements, with the router flag where the host forwards'), ipv6('are there without duplicate address detection, those of length 128 deprecated; put back when someone else deletes them')]) },
  { clause: '8.2.2', level: 'MUST', what: 'delay Neighbour Discovery until address and virtual MAC are there', standing: met([takesOver], undefined, 'the addresses are held first, then announced') },
  { clause: '8.2.3', level: 'MUST', what: 'backups send the Router Advertisement options of the owner', standing: notApplicable(noAdvertisements) },
  { clause: '8.2.3', level: 'SHOULD NOT', what: 'send Router Advertisement options of services that backups cannot take over', standing: notApplicable(noAdvertisements) },
  { clause: '8.2.4', level: 'SHOULD', what: 'accept unsolicited Neighbour Advertisements, in every state', standing: byKernel('its default (net.ipv6.conf.IF.drop_unsolicited_na=0), which Tandem leaves alone') },
  { clause: '8.3.1', level: 'SHOULD NOT', what: 'forward packets for the addresses without owning them', standing: byKernel('what a master holds is local, and is never forwarded', [election('gives the addresses to the higher priority, and only to it')]) },
  { clause: '8.3.2', level: 'SHOULD', what: 'at most one router of a link has priority 255', standing: notApplicable('an operator\'s choice; two of them are found and told, see the next line') },
  { clause: '8.3.2', level: 'SHOULD', what: 'log that several routers advertise priority 255, at a bounded rate', standing: met([['network/vrrp-split-brain.test.ts', 'that does not yield is named with its addresses, and its end is told'], ['network/vrrp-split-brain.test.ts', 'that yields at once is no split brain']], undefined, 'as any two masters that hear each other: in the log, the status and a counter') },
  { clause: '8.3.2', level: 'SHOULD', what: 'the routers have priorities that differ enough to take over one at a time', standing: notApplicable('an operator\'s choice; equal priorities end with the higher address as master') },
  { clause: '8.4.2', level: 'MUST', what: 'in the mode for both versions a master sends both at the configured rate, and backups follow the rate that is advertised, version 2\'s seconds too', standing: notApplicable(noDualMode) },
  { clause: '8.4.2', level: 'SHOULD', what: 'in that mode ignore version 2 from a master that also sends version 3', standing: notApplicable(noDualMode) },
  { clause: '8.4.2.1.1', level: 'SHOULD NOT', what: 'give a version 2 router a higher priority than one that advertises below a second', standing: notApplicable(noDualMode) },
];

export const rfc9568: Document = { title: 'RFC 9568: version 3, IPv4 and IPv6', requirements };
