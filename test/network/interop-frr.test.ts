/** FRR's vrrpd (Debian's frr 8.4) as the other router: version 3, both families, both roles. */
import { describe, expect, it } from 'vitest';
import { Milliseconds } from '../../src/time/microseconds.js';
import { requireNetworkNamespaces } from '../tiers.js';
import { Frr } from './frr-daemon.js';
import { onMacvlan } from './holder-watch.js';
import { type Cell, tandemIsBackup, tandemIsMaster } from './interop.js';
import { macOf, onStage } from './stage.js';
import { instance } from './vrrp-child.js';

requireNetworkNamespaces();

const v3 = { version: 3, interval: Milliseconds(100), ours: {} } as const;
const ipv4 = ['10.77.0.100'];
// FRR advertises what it is told to, and its macvlan's link-local address is none of that
const ipv6 = ['2001:db8:77::100'];
const frr =
  (addresses: readonly string[], interval: number): Cell['start'] =>
  (host, priority) =>
    Frr.start(host, { priority, interval, addresses });

const cells: readonly Cell[] = [
  { title: 'IPv4 every 100 ms', ...v3, addresses: ipv4, theirSource: '10.77.0.1', ourSource: '10.77.0.2', start: frr(ipv4, 100), theirHolding: onMacvlan('vrrp4-51') },
  { title: 'IPv6 every 100 ms', ...v3, addresses: ipv6, theirSource: 'fe80::a51', ourSource: 'fe80::b', start: frr(ipv6, 100), theirHolding: onMacvlan('vrrp6-51') },
];

describe.concurrent.each(cells)('with FRR, $title', (cell) => {
  it('Tandem is the backup: it follows a stop, yields to the better one, takes over after a crash', { timeout: 60_000 }, onStage((stage) => tandemIsBackup(stage, cell)));
  it('Tandem is the master: it is followed after its stop, takes back, is followed after its crash', { timeout: 60_000 }, onStage((stage) => tandemIsMaster(stage, cell)));
});

describe.concurrent('FRR as backup on a host that answers ARP for what its macvlan has', () => {
  it('is named as the station that answers for what we hold', { timeout: 60_000 }, onStage(async (stage) => {
    const ours = stage.child(stage.b);
    await ours.configure([instance({ priority: 200 })]);
    await ours.line(/^web: holding/);
    const other = stage.with(Frr.start(stage.a, { priority: 100, interval: 100, addresses: ipv4, answersArp: true }));
    await other.becomes('BACKUP');
    const mac = macOf(stage.a);
    expect((await ours.line(/split brain/)).message).toContain(`split brain: ${mac} on e0 answers ARP for 10.77.0.100, which we hold`);
    expect(await ours.status()).toMatchObject({ state: 'MASTER', split_brain: true, conflicts: [{ kind: 'arp', hardware_address: mac, virtual_addresses: ['10.77.0.100'] }] });
  }));
});

describe.concurrent('the checksum of RFC 9568, which FRR 8.4 does not know', () => {
  it('is what it complains about when we are told to send it', { timeout: 60_000 }, onStage(async (stage) => {
    const ours = stage.child(stage.b);
    await ours.configure([instance({ priority: 255, checksum: 'rfc9568' })]);
    await ours.line(/^web: holding/);
    const other = stage.with(Frr.start(stage.a, { priority: 100, interval: 100, addresses: ipv4 }));
    await other.line(/Bad VRRP checksum/);
    expect(await ours.statusThat(({ counters }) => (counters['checksum.pseudo_header'] ?? 0) > 0, 'taking FRR`s all the same')).toMatchObject({ state: 'MASTER' });
  }));
});
