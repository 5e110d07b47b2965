/** A sorry server with a health check of its own: what the table has, and what status says. */
import { describe, expect, it } from 'vitest';
import type { VirtualServerConfiguration } from '../../src/config/model.js';
import { checkKey } from '../../src/health/check-key.js';
import { initialHealthState, type HealthState, type Verdict } from '../../src/health/state.js';
import type { Destination } from '../../src/ipvs/destination.js';
import { VirtualServer } from '../../src/ipvs/virtual-server.js';
import { Seconds } from '../../src/time/microseconds.js';
import { httpCheck, realServer, tcpCheck, virtualServer } from '../health/checks.js';

const ofSorry = httpCheck({ address: '10.0.0.99' });
const sorryServer = { address: '10.0.0.99', port: 80, forwarding: 'dr', healthCheck: ofSorry } as const;
const sorryKey = checkKey(ofSorry);
const busy = (n: number): Destination => ({ address: `10.0.0.${n}`, port: 80, forwarding: 'dr', weight: 1, activeConnections: 3, inactiveConnections: 0, persistentConnections: 0 });

/** A virtual server whose real servers 11 and 12 and whose sorry server have these verdicts, one round after the other; the table of each. */
const run = (options: Partial<VirtualServerConfiguration> = {}) => {
  const server = new VirtualServer(virtualServer([realServer(11), realServer(12)], { sorryServer, ...options }), undefined);
  let verdicts: readonly [Verdict, Verdict, Verdict] = ['unknown', 'unknown', 'unknown'];
  const keys = [11, 12].map((n) => checkKey(tcpCheck({ address: `10.0.0.${n}` })));
  const stateOf = (key: string): HealthState => ({ ...initialHealthState(0), verdict: verdicts[key === sorryKey ? 2 : keys.indexOf(key)] ?? 'unknown', reason: 'so it is' });
  let now = 100;
  /** `kernel`: what is there, with its connections; what was decided last by default */
  const round = (next: typeof verdicts, kernel?: readonly Destination[]): string => {
    verdicts = next;
    server.changed();
    const [service] = server.services;
    if (kernel && service) server.observe(new Map([[service.key, { service: service.service, destinations: kernel }]]));
    const decision = server.decide(stateOf, Seconds(++now));
    server.applied(decision);
    return decision.desired.flatMap(({ destinations }) => destinations.map(({ address, weight }) => `${address.slice(7)}=${weight}`)).join(' ');
  };
  return { server, round, status: () => server.status(stateOf, Seconds(now)) };
};

describe('a sorry server that is checked', () => {
  it('is probed, takes over when its check succeeds, or has said nothing yet', () => {
    const { server, round } = run();
    expect(server.checks.map(checkKey)).toContain(sorryKey);
    expect(server.isOfSorryServer(sorryKey)).toBe(true);
    expect(round(['up', 'up', 'unknown'])).toBe('11=1 12=1');
    expect(round(['down', 'down', 'unknown'])).toBe('99=1');
    expect(round(['down', 'down', 'up'])).toBe('99=1');
  });

  it('is not put in while it fails, and is once it is back', () => {
    const { round, status } = run();
    expect(round(['up', 'up', 'down'])).toBe('11=1 12=1');
    expect(round(['down', 'down', 'down'])).toBe('');
    expect(status()).toMatchObject({ sorry_server_active: false, quorum_up: false, sorry_server: { address: '10.0.0.99', weight: null, healthy: false, reason: 'so it is', check: 'http GET / at 10.0.0.99:80 every 2 s' } });
    expect(round(['down', 'down', 'up'])).toBe('99=1');
    expect(status()).toMatchObject({ sorry_server_active: true, sorry_server: { weight: 1, healthy: true } });
  });

  it('that fails while it serves goes at once, and what is up of the real servers is better than nothing', () => {
    const { round } = run({ quorum: { weight: 2, hysteresis: 0 } });
    expect(round(['up', 'down', 'up'])).toBe('99=1');
    expect(round(['up', 'down', 'down'], [busy(99)])).toBe('11=1');
  });

  it('with on_recovery: weight_zero stays without weight, unless it fails', () => {
    const { round } = run({ sorryServer: { ...sorryServer, onRecovery: 'weight_zero' } });
    expect(round(['up', 'up', 'up'])).toBe('11=1 12=1 99=0');
    expect(round(['down', 'down', 'up'])).toBe('99=1');
    expect(round(['up', 'up', 'up'], [busy(99)])).toBe('11=1 12=1 99=0');
    expect(round(['up', 'up', 'down'], [busy(11), busy(12), { ...busy(99), weight: 0 }])).toBe('11=1 12=1');
  });
});
