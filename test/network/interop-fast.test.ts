/** keepalived and FRR as the other router every 10 ms. What depends on the machine's speed is asserted as far as that was measured. */
import { describe, it } from 'vitest';
import { Milliseconds } from '../../src/time/microseconds.js';
import { requireNetworkNamespaces } from '../tiers.js';
import { Frr } from './frr-daemon.js';
import { onMacvlan } from './holder-watch.js';
import { type Cell, tandemIsBackup, tandemIsMaster } from './interop.js';
import { Keepalived } from './keepalived-daemon.js';
import { onStage } from './stage.js';

requireNetworkNamespaces();

const v3 = { version: 3, interval: Milliseconds(10), ours: {}, fast: true } as const;
const ipv4 = ['10.77.0.100'];
const ipv6 = ['fe80::100', '2001:db8:77::100'];

const cells: readonly Cell[] = [
  {
    title: 'keepalived',
    ...v3,
    addresses: ipv4,
    theirSource: '10.77.0.1',
    ourSource: '10.77.0.2',
    start: (host, priority) => new Keepalived(host, { version: 3, interval: 0.01, priority, addresses: ['10.77.0.100/32'] }),
  },
  {
    title: 'keepalived, IPv6',
    ...v3,
    addresses: ipv6,
    theirSource: 'fe80::a',
    ourSource: 'fe80::b',
    start: (host, priority) => new Keepalived(host, { version: 3, interval: 0.01, priority, addresses: ipv6.map((address) => `${address}/128`) }),
  },
  {
    title: 'FRR',
    ...v3,
    addresses: ipv4,
    theirSource: '10.77.0.1',
    ourSource: '10.77.0.2',
    start: (host, priority) => Frr.start(host, { priority, interval: 10, addresses: ipv4 }),
    theirHolding: onMacvlan('vrrp4-51'),
  },
];

// one after the other: they disturb each other
describe.each(cells)('every 10 ms with $title', (cell) => {
  it('Tandem is the backup: it follows a stop, yields to the better one, takes over after a crash', { timeout: 60_000 }, onStage((stage) => tandemIsBackup(stage, cell)));
  it('Tandem is the master: it is followed after its stop, takes back, is followed after its crash', { timeout: 60_000 }, onStage((stage) => tandemIsMaster(stage, cell)));
});
