/** A virtual server as it runs: no verdict is lost, whatever is under way when it comes. */
import { describe, expect, it } from 'vitest';
import { checkKey } from '../../src/health/check-key.js';
import { initialHealthState, type HealthState, type Verdict } from '../../src/health/state.js';
import { serviceKey } from '../../src/ipvs/service.js';
import { VirtualServer, type VirtualServerDecision } from '../../src/ipvs/virtual-server.js';
import { type Microseconds, Seconds } from '../../src/time/microseconds.js';
import { realServer, tcpCheck, virtualServer } from '../health/checks.js';

const table = ({ desired }: VirtualServerDecision): string => desired.flatMap(({ destinations }) => destinations.map(({ address, weight }) => `${address.slice(7)}=${weight}`)).join(' ');

/** Of the real servers 11 and 12, which are up and in the table. */
const run = () => {
  const server = new VirtualServer(virtualServer([realServer(11), realServer(12)]), undefined);
  const keys = [11, 12].map((n) => checkKey(tcpCheck({ address: `10.0.0.${n}` })));
  let verdicts: readonly Verdict[] = ['up', 'up'];
  const stateOf = (key: string): HealthState => ({ ...initialHealthState(0), verdict: verdicts[keys.indexOf(key)] ?? 'unknown' });
  const decide = (now: Microseconds | undefined): VirtualServerDecision => server.decide(stateOf, now);
  server.applied(decide(Seconds(1)));
  return {
    server,
    decide,
    healthy: () => server.healthyServers(stateOf),
    /** as the engine tells of it */
    hear: (...news: readonly Verdict[]): void => {
      verdicts = news;
      server.changed();
    },
  };
};

describe('a verdict that comes', () => {
  it('while a decision is being written is in the next one', () => {
    const { server, decide, hear } = run();
    hear('down', 'up');
    const first = decide(Seconds(2));
    expect(table(first)).toBe('12=1');
    hear('up', 'up');
    server.applied(first);
    expect(table(decide(Seconds(3)))).toBe('11=1 12=1');
  });

  it('before an audit that compares with the last decision is in the next one', () => {
    const { server, decide, hear } = run();
    hear('down', 'up');
    const audited = decide(undefined);
    expect(table(audited)).toBe('11=1 12=1');
    server.applied(audited);
    expect(table(decide(Seconds(3)))).toBe('12=1');
  });

  it('counts its server among the healthy ones or not', () => {
    const { healthy, hear } = run();
    expect(healthy()).toBe(2);
    hear('down', 'up');
    expect(healthy()).toBe(1);
    hear('down', 'unknown');
    expect(healthy()).toBe(0);
  });

  it('not at all leaves the decision as it is', () => {
    const { server, decide, hear } = run();
    hear('down', 'up');
    server.applied(decide(Seconds(2)));
    const standing = decide(Seconds(3));
    expect(decide(Seconds(4))).toBe(standing);
    expect(table(standing)).toBe('12=1');
  });
});

describe('a decision that stands', () => {
  it('stands while the kernel has what it says, in whichever order it is read, and not when it has something else', () => {
    const { server, decide } = run();
    const standing = decide(Seconds(2));
    const [{ service, destinations } = { service: undefined, destinations: [] }] = standing.desired;
    if (service === undefined) throw new Error('no service');
    const read = (now: typeof destinations): void => server.observe(new Map([[serviceKey(service), { service, destinations: now }]]));
    read([...destinations].reverse().map((destination) => ({ ...destination })));
    expect(server.isStanding(decide(Seconds(3)))).toBe(true);
    read(destinations.map((destination) => ({ ...destination, weight: 7 })));
    const next = decide(Seconds(4));
    expect(server.isStanding(next)).toBe(false);
    expect(table(next)).toBe('11=1 12=1');
    server.applied(next);
    read(destinations.slice(1));
    expect(server.isStanding(decide(Seconds(5)))).toBe(false);
  });
});
