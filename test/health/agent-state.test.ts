/** What an agent's lines mean, one after the other, and beside another check; the words are those of HAProxy's manual (agent-check). */
import { describe, expect, it, test } from 'vitest';
import { withAgent } from '../../src/health/agent-beside.js';
import { parseAgentLine } from '../../src/health/agent-state.js';
import { newsOf } from '../../src/health/news.js';
import { applyResult, initialHealthState, type HealthState, type ProbeResult } from '../../src/health/state.js';
import { advisedWeight, parseWeight } from '../../src/health/weight.js';

const thresholds = { rise: 2, fall: 3 };
const unheard: ProbeResult = { ok: false, reason: 'connection refused' };
const says = (line: string): ProbeResult => ({ ok: true, detail: 'agent', report: parseAgentLine(line) });
const fold = (limits: typeof thresholds, results: readonly (string | ProbeResult)[]): HealthState =>
  results.reduce<HealthState>((state, result, index) => applyResult(state, typeof result === 'string' ? says(result) : result, limits, 1_000 + index), initialHealthState(0));
const after = (...results: readonly (string | ProbeResult)[]): HealthState => fold(thresholds, results);

describe('a line of an agent', () => {
  test.each([
    ['75%', { factor: 0.75 }],
    ['up 50%', { operational: 'up', factor: 0.5 }],
    ['ready,up\t100%', { administrative: 'ready', operational: 'up', factor: 1 }],
    ['DRAIN', { administrative: 'drain' }],
    ['maint # upgrade # of 12.0', { administrative: 'maint', reason: 'upgrade # of 12.0' }],
    ['down #disk is full', { operational: 'down', reason: 'disk is full' }],
    ['fail', { operational: 'down' }],
    ['stopped', { operational: 'down' }],
    ['maxconn:30 up', { operational: 'up' }],
    ['256%', { factor: 2.56 }],
    ['hello up', { operational: 'up' }],
  ])('%s', (line, report) => expect(parseAgentLine(line)).toEqual(report));

  test.each(['', 'hello', '50', '257%', '# down', 'constructor'])('without a word of the protocol is none: %s', (line) => expect(parseAgentLine(line)).toBeUndefined());
});

describe('what an agent says', () => {
  it('holds at once, whatever rise and fall', () => {
    expect(after('up')).toMatchObject({ verdict: 'up', reason: 'agent: up' });
    expect(after('up', 'down #disk is full')).toMatchObject({ verdict: 'down', reason: 'agent: down, disk is full', since: 1_001 });
    expect(after('up', 'maint')).toMatchObject({ verdict: 'down', reason: 'agent: maint' });
    expect(after('up', 'maint', 'ready')).toMatchObject({ verdict: 'up', reason: 'agent: up' });
  });

  it('stays until it says otherwise of the same', () => {
    expect(after('drain 50%', 'up')).toMatchObject({ verdict: 'up', weight: { factor: 0 }, reason: 'agent: drain, 50%' });
    expect(after('drain 50%', 'ready')).toMatchObject({ weight: { factor: 0.5 } });
    expect(after('maint', 'up 20%')).toMatchObject({ verdict: 'down', reason: 'agent: maint, 20%' });
  });

  it('is down when it is not heard for fall times, and up after rise', () => {
    expect(after('up', unheard, unheard)).toMatchObject({ verdict: 'up' });
    expect(after('up', unheard, unheard, unheard)).toMatchObject({ verdict: 'down', reason: 'connection refused' });
    expect(after('up', unheard, unheard, unheard, 'up')).toMatchObject({ verdict: 'down' });
    expect(after('up', unheard, unheard, unheard, 'up', 'up')).toMatchObject({ verdict: 'up' });
  });
});

describe('an agent beside another check', () => {
  const main = applyResult(initialHealthState(0), { ok: true, detail: 'HTTP status 200' }, thresholds, 5);
  const failed = [1, 2, 3].reduce((state) => applyResult(state, unheard, thresholds, 7), main);

  it('takes the server out although the check succeeds, and cannot bring in one whose check fails', () => {
    expect(withAgent(main, after('maint #upgrade'))).toMatchObject({ verdict: 'down', reason: 'agent: maint, upgrade' });
    expect(withAgent(failed, after('up 50%'))).toMatchObject({ verdict: 'down', reason: 'connection refused; agent: up, 50%' });
  });

  it('tells the weight, and drains', () => {
    expect(withAgent(main, after('50%'))).toMatchObject({ verdict: 'up', weight: { factor: 0.5 }, reason: 'HTTP status 200; agent: up, 50%' });
    expect(withAgent(main, after('drain'))).toMatchObject({ verdict: 'up', weight: { factor: 0 }, reason: 'HTTP status 200; agent: drain' });
  });

  it('is waited for until it was asked once', () => {
    expect(withAgent(main, undefined)).toMatchObject({ verdict: 'unknown', reason: 'HTTP status 200; its agent was not asked yet' });
    expect(withAgent(main, initialHealthState(0))).toMatchObject({ verdict: 'unknown' });
    expect(withAgent(failed, undefined)).toEqual(failed);
  });

  it('says nothing before its first word, and by silence changes nothing', () => {
    expect(withAgent(main, fold({ rise: 1, fall: 1 }, [unheard]))).toEqual(main);
    expect(withAgent(main, after('drain', unheard, unheard, unheard, unheard))).toMatchObject({ verdict: 'up', weight: { factor: 0 } });
  });

  it('is told in the log when it speaks, and when it is no longer heard', () => {
    const subject = { server: { address: '10.0.0.1', port: 80 }, virtualServer: 'web', isBeside: true };
    const lines = (...results: readonly (string | ProbeResult)[]) => newsOf(subject, fold({ rise: 1, fall: 1 }, results.slice(0, -1)), fold({ rise: 1, fall: 1 }, results)).map(({ level, message }) => `${level} ${message}`);
    expect(lines('up', 'drain')).toEqual(['info real server 10.0.0.1:80 of web: its agent says drain']);
    expect(lines('up', 'maint')).toEqual(['warn real server 10.0.0.1:80 of web: its agent says maint']);
    expect(lines('50%', '51%')).toEqual(['debug real server 10.0.0.1:80 of web: its agent says up, 51%']);
    expect(lines('drain', unheard)).toEqual(['warn real server 10.0.0.1:80 of web: its agent is not heard: connection refused; what it said holds: drain']);
    expect(lines('drain', unheard, 'drain')).toEqual(['info real server 10.0.0.1:80 of web: its agent is heard']);
    expect(lines(unheard)).toEqual(['warn real server 10.0.0.1:80 of web: its agent is not heard: connection refused; it has said nothing yet']);
  });
});

describe('a weight that is told', () => {
  test.each([['50%', 10, 5], ['1%', 10, 1], ['0%', 10, 0], ['256%', 100, 256], ['7', 10, 7], ['0', 10, 0], ['100%', 0, 0], ['5', 0, 0], ['256%', 65_535, 65_535]])('%s of %i is %i', (word, configured, weight) => {
    expect(advisedWeight(configured, parseWeight(word))).toBe(weight);
  });

  test.each(['257%', '65536', '-1', '1.5', 'x', '', '5 %'])('is not %s', (word) => expect(parseWeight(word)).toBeUndefined());
});

describe('a warning', () => {
  const subject = { server: { address: '10.0.0.1', port: 443 }, virtualServer: 'web', isBeside: false };
  const soon: ProbeResult = { ok: true, detail: 'HTTP status 200', warning: 'certificate expires on 2026-12-01T00:00:00Z' };
  const lines = (before: HealthState, state: HealthState) => newsOf(subject, before, state).map(({ level, message }) => `${level} ${message}`);

  it('is told when it begins and when it ends, and stands in the reason as long', () => {
    const well = after({ ok: true, detail: 'HTTP status 200' });
    const [warned, again] = [fold(thresholds, [soon]), fold(thresholds, [soon, soon])];
    expect(warned).toMatchObject({ verdict: 'up', reason: 'HTTP status 200; certificate expires on 2026-12-01T00:00:00Z' });
    expect(lines(well, { ...warned, verdict: 'up' })).toEqual(['warn real server 10.0.0.1:443 of web: certificate expires on 2026-12-01T00:00:00Z']);
    expect(lines(warned, again)).toEqual([]);
    expect(lines(again, well)).toEqual(['info real server 10.0.0.1:443 of web: no longer: certificate expires on 2026-12-01T00:00:00Z']);
  });

  it('outlasts a failure, which says nothing of it', () => {
    expect(lines(fold(thresholds, [soon]), fold(thresholds, [soon, unheard]))).toEqual([]);
  });
});
