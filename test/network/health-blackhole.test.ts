/** Probes of hosts that swallow packets, from a network namespace of the test's own (root). */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probe } from '../../src/health/probe.js';
import { HealthRunner } from '../../src/health/runner.js';
import type { HealthState } from '../../src/health/state.js';
import { Milliseconds } from '../../src/time/microseconds.js';
import { httpCheck, shortTimeout, tcpCheck, tlsCheck } from '../health/checks.js';
import { visit } from './visit.js';

const director = `tandem-health-d${process.pid}`;
const server = `tandem-health-s${process.pid}`;
const run = (command: string, ...args: string[]): void => void execFileSync(command, args, { stdio: 'pipe' });
const ip = (...args: string[]): void => run('ip', ...args);

let leave: (() => void) | undefined;

beforeAll(() => {
  for (const namespace of [director, server]) {
    ip('netns', 'add', namespace);
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
  }
  ip('-n', director, 'link', 'add', 'e0', 'type', 'veth', 'peer', 'name', 'e0', 'netns', server);
  ip('-n', director, 'addr', 'add', '10.78.0.1/24', 'dev', 'e0');
  ip('-n', server, 'addr', 'add', '10.78.0.2/24', 'dev', 'e0');
  for (const namespace of [director, server]) ip('-n', namespace, 'link', 'set', 'e0', 'up');
  // port 81: dropped by the server's firewall; 10.78.0.3: a neighbour that is known, but gone
  run('ip', 'netns', 'exec', server, 'iptables', '-A', 'INPUT', '-p', 'tcp', '--dport', '81', '-j', 'DROP');
  ip('-n', director, 'neigh', 'add', '10.78.0.3', 'lladdr', '02:00:00:00:00:03', 'dev', 'e0', 'nud', 'permanent');
  ip('-n', director, 'route', 'add', 'unreachable', '10.79.0.0/24');
  leave = visit(director);
});

afterAll(() => {
  leave?.();
  for (const namespace of [director, server]) ip('netns', 'del', namespace);
});

const sockets = (): number => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCPSocket')).length;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a probe', () => {
  const swallowed = { 'a firewall that drops': { address: '10.78.0.2', port: 81 }, 'a host that is gone': { address: '10.78.0.3', port: 80 } };
  for (const [what, target] of Object.entries(swallowed)) {
    it.each([tcpCheck(target), tlsCheck(target), httpCheck(target), httpCheck({ ...target, type: 'https' })])(`of type $type into ${what} ends at its timeout and leaves no socket`, async (check) => {
      const before = sockets();
      const begin = performance.now();
      const result = await probe({ ...check, timeout: shortTimeout }, new AbortController().signal);
      expect(result).toEqual({ ok: false, reason: 'no answer within 200 ms (connecting)' });
      expect(performance.now() - begin).toBeGreaterThan(198);
      expect(performance.now() - begin).toBeLessThan(1_000);
      await turn();
      await turn();
      expect(sockets()).toBe(before);
    });
  }

  it('reaches what does answer, and says when there is no way', async () => {
    const ask = (address: string): ReturnType<typeof probe> => probe(tcpCheck({ address }), new AbortController().signal);
    expect(await ask('10.78.0.2')).toEqual({ ok: false, reason: 'connection refused' });
    expect(await ask('10.79.0.1')).toEqual({ ok: false, reason: 'no route to host' });
    expect(await ask('192.0.2.1')).toEqual({ ok: false, reason: 'network unreachable' });
  });
});

describe('the runner', () => {
  it('has a verdict on a thousand vanished servers within two rounds of its bounded concurrency, and stops clean', async () => {
    await turn(); // what earlier probes opened is closed by then
    await turn();
    const before = sockets();
    const states: HealthState[] = [];
    let inFlight = 0;
    let most = 0;
    const begin = performance.now();
    await new Promise<void>((resolve) => {
      const runner = new HealthRunner({
        probe: async (check, stop) => {
          inFlight += 1;
          most = Math.max(most, inFlight);
          const result = await probe(check, stop);
          inFlight -= 1;
          return result;
        },
        onResult: (_key, state) => {
          states.push(state);
          if (states.length < 1_000) return;
          runner.stop();
          resolve();
        },
      });
      const checks = Array.from({ length: 1_000 }, (_, index) => tcpCheck({ address: '10.78.0.3', port: index + 1, fall: 1, interval: Milliseconds(600), timeout: Milliseconds(500) }));
      runner.configure(checks);
    });
    expect(performance.now() - begin).toBeLessThan(5_000);
    expect(states.every(({ verdict }) => verdict === 'down')).toBe(true);
    expect(most).toBe(512);
    await turn();
    await turn();
    expect(sockets()).toBe(before);
  });
});
