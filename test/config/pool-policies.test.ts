/** Slow start, flap damping, the panic threshold, and the commands of quorums and real servers, as the file gives them. */
import { describe, expect, test } from 'vitest';
import { differences } from '../../src/config/reload-difference.js';
import { showDefaults } from '../../src/config/show-defaults.js';
import { Seconds } from '../../src/time/microseconds.js';
import { accepted, acceptedWithWarnings, codes, first, rendered, serviceFile, serviceOf } from './reading.js';

const heavy = '{ address: 192.0.2.22, weight: 100 }';
const all =
  'slow_start: 30s, initial: up, damping: { changes: 3 }, panic: { threshold: 50% }, quorum: { weight: 100, on_up: [/bin/a, up], user: nobody }, notify: { down: [/bin/b], timeout: 5s }';
const two = `${heavy}, { address: 192.0.2.23, weight: 100, slow_start: 5s, notify: { up: [/bin/c] } }`;

describe('the policies of a pool', () => {
  test('are off by default', () => {
    const service = serviceOf('');
    expect([service.initial, service.damping, service.panic, service.quorum, first(service.realServers).slowStart, first(service.realServers).commands]).toEqual(['down', undefined, undefined, { weight: 1, hysteresis: 0 }, undefined, undefined]);
  });

  test('have defaults of their own, and are inherited by the real servers', () => {
    const service = serviceOf(all, two);
    expect(service).toMatchObject({
      initial: 'up',
      damping: { changes: 3, period: Seconds(60), hold: Seconds(300) },
      panic: { threshold: 50, within: Seconds(60) },
      quorum: { weight: 100, commands: { onUp: ['/bin/a', 'up'], onDown: undefined, timeout: Seconds(30), user: 'nobody' } },
      realServers: [
        { slowStart: Seconds(30), commands: { onUp: undefined, onDown: ['/bin/b'], timeout: Seconds(5), user: 'root' } },
        { slowStart: Seconds(5), commands: { onUp: ['/bin/c'], onDown: undefined } },
      ],
    });
  });

  test('are shown with their defaults, as a file that means the same', () => {
    const configuration = accepted(serviceFile(all, two));
    expect(accepted(showDefaults(configuration))).toEqual(configuration);
  });

  test('are told of when a reload changes them', () => {
    const [before, after] = [accepted(serviceFile(all, two)), accepted(serviceFile(all.replace('50%', '60%').replace('/bin/a', '/bin/z').replace('30s', '40s'), two))];
    expect(differences(before, after)).toEqual(['virtual server web: quorum.on_up [/bin/a, up] -> [/bin/z, up]', 'virtual server web: panic.threshold 50% -> 60%', 'virtual server web: real server 192.0.2.22:80: slow_start 30s -> 40s']);
  });

  test.each([
    ['a threshold without a %', 'panic: { threshold: 50 }'],
    ['a threshold of everything', 'panic: { threshold: "100%" }'],
    ['a threshold of nothing', 'panic: { threshold: "0%" }'],
    ['no hold', 'damping: { hold: 0 }'],
    ['a slow start of nothing', 'slow_start: 0'],
    ['another start', 'initial: unknown'],
    ['a program without its path', 'quorum: { on_up: [up.sh] }'],
  ])('are refused with %s', (_, keys) => {
    expect(codes(serviceFile(keys, two))).toEqual(['invalid_value']);
  });

  test('a panic without a threshold is an error that says what would be right', () => {
    expect(rendered(serviceFile('panic: { within: 10s }', heavy))).toMatch(/threshold/);
    expect(rendered(serviceFile('panic: { threshold: half }', heavy))).toContain('a share from 1% to 99%, such as 50%');
  });
});

describe('a check warns', () => {
  const warning = (keys: string, servers = heavy): readonly string[] => acceptedWithWarnings(serviceFile(keys, servers)).warnings.map(({ message }) => message);

  test.each(['rr', 'lc', 'dh', 'fo', 'ovf'])('of slow_start with the scheduler %s', (scheduler) => {
    expect(warning(`slow_start: 30s, scheduler: ${scheduler}`)).toEqual([expect.stringMatching(`^slow_start has no effect: the scheduler ${scheduler} `)]);
  });

  test.each(['wrr', 'wlc', 'lblc', 'lblcr', 'sh', 'sed', 'nq', 'mh'])('not with the scheduler %s', (scheduler) => {
    expect(warning(`slow_start: 30s, scheduler: ${scheduler}`)).toEqual([]);
  });

  test('of weights that cannot be divided', () => {
    expect(warning('slow_start: 30s', '{ address: 192.0.2.22 }')).toEqual(['slow_start has no effect on a weight of 1: the kernel knows whole weights only']);
    expect(warning('', '{ address: 192.0.2.22, weight: 4, slow_start: 30s }')).toEqual(['slow_start has 4 steps at most with a weight of 4']);
    expect(warning('slow_start: 30s', `{ address: 192.0.2.21, weight: 0 }, ${heavy}`)).toEqual([]);
  });

  test('of a panic threshold over one server', () => {
    expect(warning('panic: { threshold: 50% }')).toEqual(['the panic threshold keeps the only real server in the table whenever it fails']);
  });
});
