/** What is this host's own shortage, and no failure of a server. */
import { describe, expect, it } from 'vitest';
import { scriptResult } from '../../src/health/script.js';
import { SystemCallError } from '../../src/network/libc.js';
import { isShortage } from '../../src/network/shortage.js';
import { Seconds } from '../../src/time/microseconds.js';

describe('an error', () => {
  it.each([
    ['of a descriptor that is not there', Object.assign(new Error('connect EMFILE'), { code: 'EMFILE' })],
    ['of libc', new SystemCallError('socket', 23)],
    ['that another caused', new Error('other side closed', { cause: Object.assign(new Error(), { code: 'ENOBUFS' }) })],
    ['without a code, as raw-socket has', new Error('Too many open files')],
  ])('%s is a shortage', (_, error) => {
    expect(isShortage(error)).toBe(true);
  });

  it.each([
    ['of the server', Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })],
    ['that quotes the server', Object.assign(new Error('too many open files'), { code: 'ERR_SSL_TLSV1_ALERT' })],
    ['that is none', undefined],
  ])('%s is not', (_, error) => {
    expect(isShortage(error)).toBe(false);
  });
});

it('a script that this host could not start says nothing of the server; one that is missing fails', () => {
  const check = { weightFrom: undefined, timeout: Seconds(1) };
  expect(scriptResult(check, { type: 'not_run', why: 'spawn EAGAIN', shortage: true })).toEqual({ ok: false, reason: 'script: spawn EAGAIN', isVoid: true });
  expect(scriptResult(check, { type: 'not_run', why: 'there is no /x' })).toEqual({ ok: false, reason: 'script: there is no /x' });
});
