/** The verdict of a check: rise, fall, the first verdict, reasons. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyResult, initialHealthState, type HealthState, type ProbeResult } from '../../src/health/state.js';

const ok: ProbeResult = { ok: true, detail: 'connected' };
const bad: ProbeResult = { ok: false, reason: 'connection refused' };
const run = (results: string, thresholds = { rise: 2, fall: 3 }): HealthState =>
  [...results].reduce((state, result, index) => applyResult(state, result === '+' ? ok : bad, thresholds, index + 1), initialHealthState(0));

describe('a verdict', () => {
  it.each([
    ['', 'unknown'],
    ['+', 'up'],
    ['--', 'unknown'],
    ['---', 'down'],
    ['--+', 'up'],
    ['+--', 'up'],
    ['+---', 'down'],
    ['+--+--', 'up'],
    ['---+', 'down'],
    ['---++', 'up'],
    ['---+-+', 'down'],
    ['---+-++', 'up'],
  ])('after the results "%s" with rise 2 and fall 3 is %s', (results, verdict) => {
    expect(run(results).verdict).toBe(verdict);
  });

  it('is dated by the result that made it', () => {
    expect(run('---').since).toBe(3);
    expect(run('---+').since).toBe(3);
    expect(run('---++').since).toBe(5);
  });

  it('is given with the last reason that agrees with it', () => {
    const thresholds = { rise: 2, fall: 1 };
    const refused = applyResult(initialHealthState(0), bad, thresholds, 1);
    const later = applyResult(refused, { ok: false, reason: 'HTTP status 500, expected 200-299' }, thresholds, 2);
    expect(later.reason).toBe('HTTP status 500, expected 200-299');
    expect(applyResult(later, ok, thresholds, 3).reason).toBe('HTTP status 500, expected 200-299');
    expect(applyResult(applyResult(later, ok, thresholds, 3), ok, thresholds, 4).reason).toBe('connected');
  });

  it('changes exactly when a run of equal results reaches rise or fall', () => {
    const results = fc.array(fc.constantFrom('+', '-'), { maxLength: 60 });
    const threshold = fc.integer({ min: 1, max: 5 });
    fc.assert(
      fc.property(results, threshold, threshold, (list, rise, fall) => {
        let state = initialHealthState(0);
        list.forEach((result, index) => {
          const before = state;
          state = applyResult(state, result === '+' ? ok : bad, { rise, fall }, index);
          const agreeing = list.slice(0, index + 1).reverse();
          const firstOther = agreeing.findIndex((other) => other !== result);
          const length = firstOther === -1 ? agreeing.length : firstOther;
          const reached = result === '+' ? length >= (before.verdict === 'unknown' ? 1 : rise) : length >= fall;
          expect(state.verdict).toBe(reached ? (result === '+' ? 'up' : 'down') : before.verdict);
          expect(result === '+' ? state.successes : state.failures).toBe(length);
        });
      }),
    );
  });
});
