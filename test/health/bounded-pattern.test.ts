/** Regular expressions that backtrack do not keep the other checks from being made. */
import { describe, expect, it } from 'vitest';
import { BoundedPattern, patternLimit } from '../../src/health/bounded-pattern.js';
import { BodyJudge } from '../../src/health/http-answer.js';
import { judge } from '../../src/health/octets.js';
import { httpRequest } from './checks.js';

const letters = (count: number): string => 'a'.repeat(count);
/** On forty letters it would take hours. */
const endless = String.raw`(a+)+$`;

describe('a pattern', () => {
  it('that comes to a result is what it is without a limit', () => {
    const pattern = new BoundedPattern(/"status":\s*"(up|ok)"/);
    expect([pattern.test('{"status": "ok"}'), pattern.test('{"status": "down"}')]).toEqual([true, false]);
    expect(new BoundedPattern(/ok/).test('it is ok')).toBe(true);
  });

  it('that backtracks for ever is given up, sooner the next time, and as late as at first once it was right again', () => {
    const first = new BoundedPattern(new RegExp(endless));
    const begin = performance.now();
    expect(first.test(`${letters(40)}!`)).toBeUndefined();
    expect(performance.now() - begin).toBeLessThan(20_000);
    expect(first.overrun).toBe(`the pattern /(a+)+$/ did not come to a result within ${patternLimit} ms: it backtracks too much for this answer`);
    // its time is over, for the rest of what the probe hears too
    expect(first.test('a')).toBeUndefined();
    const second = new BoundedPattern(new RegExp(endless));
    expect(second.overrun).toContain(`within ${patternLimit / 2} ms`);
    expect(second.test(letters(40))).toBe(true);
    expect(new BoundedPattern(new RegExp(endless)).overrun).toContain(`within ${patternLimit} ms`);
  });
});

describe('an answer for which it backtracks', () => {
  it('fails an http check, and says why', () => {
    const body = new BodyJudge(httpRequest({ body: '(a+)+b$' }), 200);
    body.data(Buffer.from(`${letters(40)}!`));
    expect(body.end()).toEqual({ ok: false, reason: 'body: the pattern /(a+)+b$/ did not come to a result within 100 ms: it backtracks too much for this answer' });
  });

  it('fails a tcp or udp check that expects it', () => {
    expect(judge({ form: 'regex', value: '(a+)+c$' })(Buffer.from(`${letters(40)}!`))).toMatchObject({ overrun: expect.stringMatching(/^the pattern \/\(a\+\)\+c\$\/ did not come to a result/) as string });
  });
});
