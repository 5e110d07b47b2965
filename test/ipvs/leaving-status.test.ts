/** What status says of destinations that leave the table, and that a virtual server says it. */
import { describe, expect, it } from 'vitest';
import { leavingStatus } from '../../src/ipvs/leaving-status.js';
import { VirtualServer } from '../../src/ipvs/virtual-server.js';
import type { Destination } from '../../src/ipvs/destination.js';
import { Seconds } from '../../src/time/microseconds.js';
import { realServer, virtualServer } from '../health/checks.js';

const busy = (n: number): Destination => ({ address: `10.0.0.${n}`, port: 80, forwarding: 'dr', weight: 1, activeConnections: 3, inactiveConnections: 0, persistentConnections: 0 });
const unchecked = (n: number) => realServer(n, { healthCheck: { type: 'none' } });

describe('a destination that leaves', () => {
  it('is told from the reload that removes it until it is gone', () => {
    const before = new VirtualServer(virtualServer([unchecked(1), unchecked(2)]), undefined);
    const none = (): undefined => undefined;
    const [service] = before.services;
    if (service === undefined) throw new Error('no service');
    const entries = (...destinations: Destination[]) => new Map([[service.key, { service: service.service, destinations }]]);
    before.observe(entries(busy(1), busy(2)));
    before.applied(before.decide(none, Seconds(100)));
    expect(before.status(none, Seconds(100))).not.toHaveProperty('leaving');

    const after = new VirtualServer(virtualServer([unchecked(1)]), before);
    after.observe(entries(busy(1), busy(2)));
    after.applied(after.decide(none, Seconds(101)));
    const { leaving = [] } = after.status(none, Seconds(103));
    expect(leaving).toMatchObject([{ address: '10.0.0.2', port: 80 }]);
    expect(leaving.map(({ since, until }) => Date.parse(until) - Date.parse(since))).toEqual([30_000]);

    after.observe(entries(busy(1), { ...busy(2), weight: 0, activeConnections: 0 }));
    after.applied(after.decide(none, Seconds(104)));
    expect(after.status(none, Seconds(104))).not.toHaveProperty('leaving');
  });

  it('of several services leaves since it left the first', () => {
    const at = Date.parse('2026-11-21T12:00:10Z');
    expect(leavingStatus([{ destination: busy(2), since: Seconds(95) }, { destination: busy(2), since: Seconds(90) }], Seconds(100), at)).toEqual({
      leaving: [{ address: '10.0.0.2', port: 80, since: '2026-11-21T12:00:00.000Z', until: '2026-11-21T12:00:30.000Z' }],
    });
    expect(leavingStatus([], Seconds(100), at)).toEqual({});
  });
});
