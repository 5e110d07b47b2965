import { describe, expect, it } from 'vitest';
import { applyScriptResult, initialScriptState, type ScriptResult, type ScriptState, type ScriptThresholds } from '../../src/track/verdict.js';

const ok: ScriptResult = { ok: true, detail: 'exit status 0' };
const failed: ScriptResult = { ok: false, detail: 'exit status 1' };
const thresholds = (changes: Partial<ScriptThresholds> = {}): ScriptThresholds => ({ rise: 2, fall: 3, init: 'wait', ...changes });
const after = (results: readonly ScriptResult[], which = thresholds()): ScriptState => results.reduce((state, result) => applyScriptResult(state, result, which), initialScriptState(which));
const verdicts = (results: readonly ScriptResult[], which = thresholds()) => results.map((_, index) => after(results.slice(0, index + 1), which).verdict);

describe('a script', () => {
  it('has no verdict before its first result, and that one decides either way', () => {
    expect(initialScriptState(thresholds()).verdict).toBe('unknown');
    expect(verdicts([ok])).toEqual(['up']);
    expect(verdicts([failed])).toEqual(['down']);
  });

  it('is down after `fall` failures in a row, up after `rise` successes in a row', () => {
    expect(verdicts([ok, failed, failed, ok, failed, failed, failed, ok, failed, ok, ok])).toEqual(['up', 'up', 'up', 'up', 'up', 'up', 'down', 'down', 'down', 'down', 'up']);
  });

  it('that is taken for up takes `fall` failures, also at first', () => {
    const up = thresholds({ init: 'up' });
    expect(initialScriptState(up)).toMatchObject({ verdict: 'up', decided: false });
    expect(verdicts([failed, failed, failed], up)).toEqual(['up', 'up', 'down']);
  });

  it('that is taken for down takes one success at first', () => {
    expect(verdicts([ok], thresholds({ init: 'down' }))).toEqual(['up']);
    expect(verdicts([failed, ok, ok], thresholds({ init: 'down' }))).toEqual(['down', 'down', 'up']);
  });

  it('keeps the words of the result that gave the verdict', () => {
    expect(after([ok, failed, failed, failed, failed]).detail).toBe('failed: exit status 1 (3 failures)');
    expect(after([failed]).detail).toBe('failed: exit status 1 (1 failure)');
    expect(after([failed, ok, ok, ok]).detail).toBe('succeeded (2 successes)');
  });
});
