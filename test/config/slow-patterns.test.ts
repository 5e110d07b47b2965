/** Warnings of regular expressions that backtrack without end. */
import { describe, expect, test } from 'vitest';
import { acceptedWithWarnings, serviceFile } from './reading.js';

const warnings = (keys: string): readonly string[] => acceptedWithWarnings(serviceFile(keys)).warnings.map(({ line, column, message }) => `${line}:${column} ${message}`);
const http = (pattern: string): readonly string[] => warnings(`health_check: { type: http, body: '${pattern}' }`);

describe('a body pattern', () => {
  test.each([String.raw`(a+)+$`, String.raw`^(\w+\s?)*$`, String.raw`("[^"]*"?,?)*x$`, String.raw`(ab|ab)*c`])('%s is warned of', (pattern) => {
    expect(http(pattern)).toEqual([expect.stringContaining('the pattern backtracks without end: a text of "')]);
  });

  test.each(['^OK', '.*healthy', String.raw`"status":\s*"(up|ok)"`, String.raw`^(\d+\.){3}\d+$`, String.raw`<title>[^<]*</title>`, String.raw`ok\s*$`])('%s is not', (pattern) => {
    expect(http(pattern)).toEqual([]);
  });
});

test('the warning names its place and what to do, of urls, of expect, of a server and of a sorry server', () => {
  const [pattern] = ['"(a+)+$"'];
  const file = serviceFile(`health_check: { type: http, urls: [/a, { path: /b, body: ${pattern ?? ''} }] }, sorry_server: { address: 192.0.2.99, health_check: { type: tcp, send: x, expect: { regex: ${pattern ?? ''} } } }`, `{ address: 192.0.2.22, health_check: { body: ${pattern ?? ''} } }`);
  const { warnings: found } = acceptedWithWarnings(file);
  expect(found).toHaveLength(3);
  expect(new Set(found.map(({ line, column }) => `${line}:${column}`)).size).toBe(3);
  expect(found[0]).toMatchObject({ severity: 'warning', code: 'doubtful', message: 'the pattern backtracks without end: a text of "aaaaaa..." is not judged within 250 ms', remedy: 'write it without a repetition in a repetition, such as (a+)+; a probe gives it up after 100 ms, and fails' });
});
