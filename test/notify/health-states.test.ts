/** What is told of health and split brain. */
import { describe, expect, it } from 'vitest';
import { HealthStates, SplitBrainStates } from '../../src/notify/health-states.js';
import type { HealthChange } from '../../src/supervisor/messages.js';

const change = (name: string, to: HealthChange['to']): HealthChange => ({ kind: 'REAL_SERVER', virtualServer: 'web-http', name, service: '[192.0.2.10]:tcp:80', time: 1, to, reason: 'so' });
const brief = (notices: readonly { readonly name: string; readonly from: string; readonly to: string }[]): readonly string[] => notices.map(({ name, from, to }) => `${name} ${from} ${to}`);

describe('health', () => {
  it('is told when it changes, not when a new lvs process begins anew or says all of it again', () => {
    const states = new HealthStates();
    expect(brief(states.take([change('a', 'UNKNOWN'), change('b', 'UNKNOWN')], true, 2))).toEqual([]);
    expect(brief(states.take([change('a', 'UP')], false, 2))).toEqual(['a UNKNOWN UP']);
    expect(brief(states.take([change('a', 'UNKNOWN'), change('b', 'UNKNOWN')], true, 2))).toEqual([]);
    expect(brief(states.take([change('a', 'UP'), change('b', 'DOWN')], true, 2))).toEqual(['b UNKNOWN DOWN']);
    expect(brief(states.current)).toEqual(['a UNKNOWN UP', 'b UNKNOWN DOWN']);
  });

  it('that was missed is told from all of it, and so is what is configured no more', () => {
    const states = new HealthStates();
    states.take([change('a', 'UP'), change('b', 'DOWN')], true, 2);
    expect(brief(states.take([change('a', 'DOWN')], true, 2))).toEqual(['a UP DOWN', 'b DOWN REMOVED']);
    expect(brief(states.current)).toEqual(['a UP DOWN']);
  });

  it('of a server in two services is two', () => {
    const states = new HealthStates();
    expect(states.take([change('a', 'UP'), { ...change('a', 'UP'), virtualServer: 'other' }], false, 2)).toHaveLength(2);
  });
});

describe('split brain', () => {
  it('begins once and ends once, also when the process that watched is gone', () => {
    const states = new SplitBrainStates();
    const to = (state: 'BEGUN' | 'ENDED') => states.take([{ name: 'web', time: 1, to: state, reason: 'so' }]);
    expect(brief(to('ENDED'))).toEqual([]);
    expect(brief(to('BEGUN'))).toEqual(['web ENDED BEGUN']);
    expect(brief(to('BEGUN'))).toEqual([]);
    expect(brief(states.current)).toEqual(['web ENDED BEGUN']);
    expect(brief(states.endAll(2, 'gone'))).toEqual(['web BEGUN ENDED']);
    expect(brief(states.endAll(2, 'gone'))).toEqual([]);
  });
});
