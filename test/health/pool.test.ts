/** What one virtual server wants in the kernel: verdicts, quorum, sorry server. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { VirtualServerConfiguration } from '../../src/config/model.js';
import { decidePool, type KernelDestination, type PoolDecision } from '../../src/health/pool.js';
import type { QuorumState } from '../../src/health/quorum.js';
import type { Verdict } from '../../src/health/state.js';
import { realServer, virtualServer } from './checks.js';

const sorryServer = { address: '10.0.0.99', port: 80, forwarding: 'dr' } as const;
const at = (n: number, weight: number): KernelDestination => ({ address: `10.0.0.${n}`, port: 80, weight });
const sorryInKernel = at(99, 1);
const letters: Readonly<Record<string, Verdict>> = { '+': 'up', '-': 'down', '?': 'unknown' };
const verdicts = (text: string): Verdict[] => [...text].map((letter) => letters[letter] ?? 'unknown');
/** `11=1 12=0`: last octet and weight of each destination */
const table = (decision: PoolDecision): string => decision.destinations.map(({ address, weight }) => `${address.slice(7)}=${weight}`).join(' ');

const two = [realServer(11, { weight: 1 }), realServer(12, { weight: 2 })];
const plain = virtualServer(two);
const zero = virtualServer(two, { onFailure: 'weight_zero' });
const sorry = virtualServer(two, { sorryServer });
const sorryIdle = virtualServer(two, { sorryServer: { ...sorryServer, onRecovery: 'weight_zero', healthCheck: { type: 'none' } } });
const sorryZero = virtualServer(two, { sorryServer, onFailure: 'weight_zero' });
const quorum3 = virtualServer(two, { sorryServer, quorum: { weight: 3, hysteresis: 0 } });
const draining = virtualServer([realServer(11, { weight: 0 }), realServer(12)], { sorryServer });

interface Row {
  readonly when: string;
  readonly config: VirtualServerConfiguration;
  readonly verdicts: string;
  readonly kernel?: readonly KernelDestination[];
  readonly previous?: QuorumState;
  readonly then: string;
  readonly quorum: QuorumState;
  readonly sorryActive?: boolean;
}

describe('the destinations of a virtual server', () => {
  const rows: readonly Row[] = [
    { when: 'all are up: their configured weights', config: plain, verdicts: '++', then: '11=1 12=2', quorum: 'up' },
    { when: 'one is down: it is removed', config: plain, verdicts: '-+', kernel: [at(11, 1), at(12, 2)], previous: 'up', then: '12=2', quorum: 'up' },
    { when: 'one is down with weight_zero: it stays with weight 0', config: zero, verdicts: '-+', kernel: [at(11, 1), at(12, 2)], previous: 'up', then: '11=0 12=2', quorum: 'up' },
    { when: 'one is down with weight_zero of its own: it stays with weight 0, the other goes', config: virtualServer([realServer(11, { weight: 1, onFailure: 'weight_zero' }), realServer(12, { weight: 2 })]), verdicts: '--', kernel: [at(11, 1), at(12, 2)], previous: 'up', then: '11=0', quorum: 'down' },
    { when: 'one is down with remove of its own: it goes, the other stays with weight 0', config: virtualServer([realServer(11, { weight: 1, onFailure: 'remove' }), realServer(12, { weight: 2 })], { onFailure: 'weight_zero' }), verdicts: '--', kernel: [at(11, 1), at(12, 2)], previous: 'up', then: '12=0', quorum: 'down' },
    { when: 'a new server is unknown: it is absent', config: plain, verdicts: '?+', kernel: [at(12, 2)], previous: 'up', then: '12=2', quorum: 'up' },
    { when: 'an unknown server is in the kernel: it keeps the kernel\'s weight', config: plain, verdicts: '??', kernel: [at(11, 7), at(12, 0)], then: '11=7 12=0', quorum: 'undecided' },
    { when: 'nothing is known and nothing is there: nothing, and no sorry server', config: sorry, verdicts: '??', then: '', quorum: 'undecided' },
    { when: 'the configuration no longer has a server: it is not listed', config: plain, verdicts: '++', kernel: [at(11, 1), at(13, 1)], previous: 'up', then: '11=1 12=2', quorum: 'up' },
    { when: 'the configured weight differs: it applies at once', config: plain, verdicts: '++', kernel: [at(11, 5), at(12, 5)], previous: 'up', then: '11=1 12=2', quorum: 'up' },
    { when: 'all are down without a sorry server: none', config: plain, verdicts: '--', kernel: [at(11, 1), at(12, 2)], previous: 'up', then: '', quorum: 'down' },
    { when: 'all are down: the sorry server alone', config: sorry, verdicts: '--', kernel: [at(12, 2)], previous: 'up', then: '99=1', quorum: 'down', sorryActive: true },
    { when: 'all are down with weight_zero: the sorry server among zeros', config: sorryZero, verdicts: '--', kernel: [at(11, 0), at(12, 2)], previous: 'up', then: '11=0 12=0 99=1', quorum: 'down', sorryActive: true },
    { when: 'the quorum is lost with weight_zero: a server that is up gets weight 0 too', config: { ...quorum3, onFailure: 'weight_zero' }, verdicts: '-+', kernel: [at(11, 1), at(12, 2)], previous: 'up', then: '11=0 12=0 99=1', quorum: 'down', sorryActive: true },
    { when: 'one comes back: it replaces the sorry server', config: sorry, verdicts: '-+', kernel: [sorryInKernel], previous: 'down', then: '12=2', quorum: 'up' },
    { when: 'one comes back, with on_recovery: weight_zero: the sorry server stays without weight', config: sorryIdle, verdicts: '-+', kernel: [sorryInKernel], previous: 'down', then: '12=2 99=0', quorum: 'up' },
    { when: 'nothing is known, and the sorry server is there without weight: it is not taken for one in use', config: sorryIdle, verdicts: '??', kernel: [at(12, 2), at(99, 0)], then: '12=2 99=0', quorum: 'undecided' },
    { when: 'all are down and the sorry server is there without weight: it takes over', config: sorryIdle, verdicts: '--', kernel: [at(12, 2), at(99, 0)], previous: 'up', then: '99=1', quorum: 'down', sorryActive: true },
    { when: 'the quorum is lost although one is up: the sorry server alone', config: quorum3, verdicts: '-+', kernel: [at(11, 1), at(12, 2)], previous: 'up', then: '99=1', quorum: 'down', sorryActive: true },
    { when: 'a kept one falls and another is kept: only the fallen goes', config: sorry, verdicts: '-?', kernel: [at(11, 1), at(12, 2)], then: '12=2', quorum: 'undecided' },
    { when: 'the last kept one falls while a new one is unknown: it stays until that verdict', config: sorry, verdicts: '-?', kernel: [at(11, 1)], then: '11=1', quorum: 'undecided' },
    { when: 'the same without a sorry server: it goes', config: plain, verdicts: '-?', kernel: [at(11, 1)], then: '', quorum: 'undecided' },
    { when: 'the same with weight_zero: it keeps its weight', config: sorryZero, verdicts: '-?', kernel: [at(11, 1)], then: '11=1', quorum: 'undecided' },
    { when: 'the verdict on the last one falls: the sorry server', config: sorry, verdicts: '--', kernel: [at(11, 1)], then: '99=1', quorum: 'down', sorryActive: true },
    { when: 'a restart finds the sorry server: it stays', config: sorry, verdicts: '-?', kernel: [sorryInKernel], then: '99=1', quorum: 'undecided', sorryActive: true },
    { when: 'a restart finds the sorry server, a server is up but makes no quorum: it waits', config: quorum3, verdicts: '?+', kernel: [sorryInKernel], then: '99=1', quorum: 'undecided', sorryActive: true },
    { when: 'a restart finds the sorry server and weight_zero: the zeros stay', config: sorryZero, verdicts: '??', kernel: [at(11, 0), sorryInKernel], then: '11=0 99=1', quorum: 'undecided', sorryActive: true },
    { when: 'a restart finds the sorry server, one is up: the quorum is reached', config: sorry, verdicts: '?+', kernel: [sorryInKernel], then: '12=2', quorum: 'up' },
    { when: 'a reload makes the check of the only server new: it is kept', config: sorry, verdicts: '??', kernel: [at(11, 1)], previous: 'up', then: '11=1', quorum: 'undecided' },
    { when: 'a new server is added while the sorry server serves: still down', config: sorry, verdicts: '-?', kernel: [sorryInKernel], previous: 'down', then: '99=1', quorum: 'down', sorryActive: true },
    { when: 'a drained server is up beside another: it is there with weight 0', config: draining, verdicts: '++', then: '11=0 12=1', quorum: 'up' },
    { when: 'only the drained server is up: it counts nothing, but its connections may finish', config: draining, verdicts: '+-', kernel: [at(11, 0), at(12, 1)], previous: 'up', then: '11=0 99=1', quorum: 'down', sorryActive: true },
    { when: 'only the drained server is up and it was not there: it does not come', config: draining, verdicts: '+-', kernel: [at(12, 1)], previous: 'up', then: '99=1', quorum: 'down', sorryActive: true },
  ];
  it.each(rows)('when $when', ({ config, verdicts: text, kernel = [], previous = 'undecided', then, quorum, sorryActive = false }) => {
    const decision = decidePool(config, verdicts(text), kernel, previous);
    expect({ table: table(decision), quorum: decision.quorum, sorryActive: decision.sorryActive }).toEqual({ table: then, quorum, sorryActive });
  });

  it('take a server without a check as up', () => {
    const config = virtualServer([realServer(11, { healthCheck: { type: 'none' } })]);
    expect(table(decidePool(config, [], [], 'undecided'))).toBe('11=1');
  });

  it('hold a server that is also the sorry server once, in either role', () => {
    const config = virtualServer(two, { sorryServer: { address: '10.0.0.12', port: 80, forwarding: 'nat' } });
    const down = decidePool(config, verdicts('--'), [at(12, 2)], 'up');
    expect(down.destinations).toEqual([{ address: '10.0.0.12', port: 80, forwarding: 'nat', weight: 1 }]);
    const up = decidePool(config, verdicts('++'), [at(12, 1)], 'down');
    expect(up.destinations.map(({ address, forwarding, weight }) => [address, forwarding, weight])).toEqual([['10.0.0.11', 'dr', 1], ['10.0.0.12', 'dr', 2]]);
    expect(up.sorryActive).toBe(false);
    const zeros = decidePool({ ...config, onFailure: 'weight_zero' }, verdicts('--'), [at(11, 0), at(12, 2)], 'up');
    expect(table(zeros)).toBe('11=0 12=1');
    expect(table(decidePool(config, verdicts('??'), [at(12, 1)], 'undecided'))).toBe('12=1');
    expect(table(decidePool(config, verdicts('?-'), [at(12, 1)], 'undecided'))).toBe('12=1');
  });

  it('tell how the quorum changed', () => {
    expect(decidePool(sorry, verdicts('--'), [at(11, 1), at(12, 2)], 'up').quorumChange).toEqual({ from: 'up', to: 'down', weight: 0, needed: 1 });
    expect(decidePool(plain, verdicts('++'), [at(11, 1), at(12, 5)], 'up').quorumChange).toBeUndefined();
  });

  it('report the quorum that kept servers make while it is undecided', () => {
    expect(decidePool(quorum3, verdicts('??'), [at(11, 1), at(12, 2)], 'undecided').quorumUp).toBe(true);
    expect(decidePool(quorum3, verdicts('??'), [at(11, 1)], 'undecided').quorumUp).toBe(false);
    expect(decidePool(quorum3, verdicts('??'), [sorryInKernel], 'undecided').quorumUp).toBe(false);
  });
});

describe('the quorum', () => {
  const servers = [1, 2, 3, 4, 5].map((n) => realServer(n));
  const config = virtualServer(servers, { quorum: { weight: 3, hysteresis: 1 } });
  const next = (previous: QuorumState, up: number): QuorumState => decidePool(config, verdicts('+'.repeat(up) + '-'.repeat(5 - up)), [], previous).quorum;
  it.each<[QuorumState, number, QuorumState]>([
    ['undecided', 3, 'up'],
    ['undecided', 2, 'down'],
    ['down', 3, 'down'],
    ['down', 4, 'up'],
    ['up', 3, 'up'],
    ['up', 2, 'up'],
    ['up', 1, 'down'],
    ['up', 0, 'down'],
  ])('of 3 with hysteresis 1, coming from %s, with %i healthy servers is %s', (previous, up, then) => {
    expect(next(previous, up)).toBe(then);
  });

  it('is down with no weight at all, however large the hysteresis', () => {
    expect(decidePool(virtualServer(two, { quorum: { weight: 1, hysteresis: 5 } }), verdicts('--'), [], 'up').quorum).toBe('down');
  });

  it('does not flap while the weight stays within the hysteresis', () => {
    fc.assert(
      fc.property(fc.constantFrom<QuorumState>('up', 'down'), fc.array(fc.constantFrom(2, 3), { minLength: 1 }), (start, weights) => {
        expect(weights.reduce<QuorumState>((state, up) => next(state, up), start)).toBe(start);
      }),
    );
  });
});

describe('whatever happens to a virtual server', () => {
  const verdict = fc.constantFrom<Verdict>('unknown', 'up', 'down');
  const history = fc.record({
    servers: fc.array(fc.record({ weight: fc.integer({ min: 0, max: 3 }), kept: fc.boolean() }), { minLength: 1, maxLength: 4 }),
    quorum: fc.record({ weight: fc.integer({ min: 1, max: 4 }), hysteresis: fc.integer({ min: 0, max: 2 }) }),
    sorry: fc.constantFrom('none', 'other', 'first real server'),
    sorryFound: fc.boolean(),
    onFailure: fc.constantFrom<'remove' | 'weight_zero'>('remove', 'weight_zero'),
    steps: fc.array(fc.array(verdict, { minLength: 4, maxLength: 4 }), { minLength: 1, maxLength: 12 }),
  });

  /** Each decision becomes the kernel's table of the next step, as the reconciler makes it; verdicts never go back to unknown. */
  const replay = (look: (decision: PoolDecision, config: VirtualServerConfiguration, known: readonly Verdict[], kernel: readonly KernelDestination[]) => void): void => {
    fc.assert(
      fc.property(history, ({ servers, quorum, sorry: which, sorryFound, onFailure, steps }) => {
        const realServers = servers.map(({ weight }, index) => realServer(index + 1, { weight }));
        const sorryServerOf = { none: undefined, other: sorryServer, 'first real server': { ...sorryServer, address: '10.0.0.1' } }[which];
        const config = virtualServer(realServers, { quorum, onFailure, sorryServer: sorryServerOf });
        let kernel: readonly KernelDestination[] = servers.flatMap(({ weight, kept }, index) => (kept ? [at(index + 1, weight)] : []));
        if (which === 'other' && sorryFound) kernel = [...kernel, sorryInKernel];
        let state: QuorumState = 'undecided';
        let known: Verdict[] = servers.map(() => 'unknown');
        for (const step of steps) {
          known = known.map((before, index) => (step[index] === 'unknown' ? before : (step[index] ?? before)));
          const decision = decidePool(config, known, kernel, state);
          look(decision, config, known, kernel);
          kernel = decision.destinations;
          state = decision.quorum;
        }
      }),
      { numRuns: 500 },
    );
  };
  const holds = (list: readonly KernelDestination[], address: string): boolean => list.some((entry) => entry.address === address);

  it('no server that is unknown and absent is put into the table', () => {
    replay((decision, config, known, kernel) => {
      config.realServers.forEach(({ address }, index) => {
        const isSorry = address === config.sorryServer?.address && decision.sorryActive;
        if (known[index] === 'unknown' && !holds(kernel, address) && !isSorry) expect(holds(decision.destinations, address)).toBe(false);
      });
    });
  });

  it('the sorry server and the quorum never disagree', () => {
    replay((decision, config) => {
      expect(decision.sorryActive && decision.quorumUp).toBe(false);
      if (config.sorryServer === undefined) expect(decision.sorryActive).toBe(false);
      else if (decision.quorum !== 'undecided') expect(decision.sorryActive).toBe(decision.quorum === 'down');
      if (config.sorryServer?.address === '10.0.0.99') expect(holds(decision.destinations, '10.0.0.99')).toBe(decision.sorryActive);
    });
  });

  it('with all verdicts in and a sorry server, something takes new connections', () => {
    replay((decision, config, known) => {
      if (config.sorryServer === undefined || known.includes('unknown')) return;
      expect(decision.destinations.some(({ weight }) => weight > 0)).toBe(true);
    });
  });

  it('with a sorry server, a table that took new connections goes on taking them', () => {
    replay((decision, config, _known, kernel) => {
      if (config.sorryServer === undefined || !kernel.some(({ weight }) => weight > 0)) return;
      expect(decision.destinations.some(({ weight }) => weight > 0)).toBe(true);
    });
  });

  it('no destination is listed twice, and deciding again changes nothing', () => {
    replay((decision, config, known) => {
      expect(new Set(decision.destinations.map(({ address, port }) => `${address}:${port}`)).size).toBe(decision.destinations.length);
      const again = decidePool(config, known, decision.destinations, decision.quorum);
      expect(again.quorumChange).toBeUndefined();
      expect(again.destinations).toEqual(decision.destinations);
    });
  });
});
