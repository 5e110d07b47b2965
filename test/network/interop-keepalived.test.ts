/** A real keepalived as the other router: versions, families, multicast and unicast, both roles. */
import { describe, expect, it, vi } from 'vitest';
import type { UnicastConfiguration } from '../../src/config/model.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { requireNetworkNamespaces } from '../tiers.js';
import { type Cell, rejections, tandemIsBackup, tandemIsMaster } from './interop.js';
import { Keepalived, type KeepalivedOptions } from './keepalived-daemon.js';
import { addressesOn } from './namespaces.js';
import { onStage } from './stage.js';
import { instance } from './vrrp-child.js';

requireNetworkNamespaces();
// the stories of version 2 last longest, and most of that is waiting
vi.setConfig({ maxConcurrency: 10 });

const ipv4 = { addresses: ['10.77.0.100'], theirSource: '10.77.0.1', ourSource: '10.77.0.2' };
const ipv6 = { addresses: ['fe80::100', '2001:db8:77::100'], theirSource: 'fe80::a', ourSource: 'fe80::b' };
const to = (peer: string): { unicast: UnicastConfiguration } => ({ unicast: { source: undefined, peers: [peer], ttl: 255, minTtl: 0, maxTtl: 255 } });
const unicast = (source: string, peer: string): string => `unicast_src_ip ${source}\n unicast_peer {\n ${peer}\n }`;

const keepalived =
  (options: Omit<KeepalivedOptions, 'priority' | 'addresses'>, { addresses }: { readonly addresses: readonly string[] }): Cell['start'] =>
  (host, priority) =>
    new Keepalived(host, { ...options, priority, addresses: addresses.map((address) => `${address}/${address.includes(':') ? 128 : 32}`) });

const v2 = { version: 2, interval: Seconds(1) } as const;
const v3 = { version: 3, interval: Milliseconds(100) } as const;

const cells: readonly Cell[] = [
  { title: 'version 2', ...v2, ...ipv4, ours: {}, start: keepalived({ version: 2, interval: 1 }, ipv4) },
  {
    title: 'version 2 with a password',
    ...v2,
    ...ipv4,
    ours: { authentication: { type: 'pass', password: 's3cret' } },
    start: keepalived({ version: 2, interval: 1, password: 's3cret' }, ipv4),
  },
  { title: 'version 2, unicast', ...v2, ...ipv4, ours: to('10.77.0.1'), start: keepalived({ version: 2, interval: 1, more: unicast('10.77.0.1', '10.77.0.2') }, ipv4) },
  { title: 'version 3 every 100 ms', ...v3, ...ipv4, ours: {}, start: keepalived({ version: 3, interval: 0.1 }, ipv4) },
  { title: 'version 3 every 100 ms, unicast', ...v3, ...ipv4, ours: to('10.77.0.1'), start: keepalived({ version: 3, interval: 0.1, more: unicast('10.77.0.1', '10.77.0.2') }, ipv4) },
  { title: 'version 3 every 100 ms, IPv6', ...v3, ...ipv6, ours: {}, start: keepalived({ version: 3, interval: 0.1 }, ipv6) },
  { title: 'version 3 every 100 ms, IPv6, unicast', ...v3, ...ipv6, ours: to('fe80::a'), start: keepalived({ version: 3, interval: 0.1, more: unicast('fe80::a', 'fe80::b') }, ipv6) },
];

describe.concurrent.each(cells)('with keepalived, $title', (cell) => {
  it('Tandem is the backup: it follows a stop, yields to the better one, takes over after a crash', { timeout: 60_000 }, onStage((stage) => tandemIsBackup(stage, cell)));
  it('Tandem is the master: it is followed after its stop, takes back, is followed after its crash', { timeout: 60_000 }, onStage((stage) => tandemIsMaster(stage, cell)));
});

describe.concurrent('the checksum of RFC 9568, which keepalived 2.2.7 does not know', () => {
  it('is what it complains about when we are told to send it; it is not its default nor ours', { timeout: 60_000 }, onStage(async (stage) => {
    const ours = stage.child(stage.b);
    // keepalived sends an interval after whatever it received last, rejected or not: with an interval like its own ours would silence it, but for luck
    await ours.configure([instance({ priority: 255, checksum: 'rfc9568', advertisementInterval: Milliseconds(300) })]);
    await ours.line(/^web: holding/);
    const other = stage.with(new Keepalived(stage.a, { version: 3, interval: 0.1, priority: 100 }));
    await other.line(/checksum/i);
    expect(other.complaints).not.toEqual([]); // so that an empty list above says something
    expect(await ours.statusThat(({ counters }) => (counters['checksum.pseudo_header'] ?? 0) > 0, 'taking keepalived`s all the same')).toMatchObject({ state: 'MASTER' });
    expect((await ours.line(/is master too/)).message).toMatch(/^web: split brain: 10\.77\.0\.1 .* is master too and does not yield/);
  }));

  it('is no hindrance to a backup: keepalived is heard, and followed when it resigns', { timeout: 60_000 }, onStage(async (stage) => {
    const other = stage.with(new Keepalived(stage.a, { version: 3, interval: 0.1, priority: 150 }));
    await other.becomes('MASTER');
    const ours = stage.child(stage.b);
    await ours.configure([instance({ checksum: 'rfc9568' })]);
    await ours.statusThat(({ state, master }) => state === 'BACKUP' && master === '10.77.0.1', 'hearing keepalived');
    await other.end();
    expect((await ours.becomes('MASTER')).message).toBe('web: BACKUP -> MASTER, 10.77.0.1 resigned');
    await ours.line(/^web: holding/);
    expect(addressesOn(stage.b)).toContain('10.77.0.100/32');
    expect(await rejections(ours)).toEqual([]);
  }));
});
