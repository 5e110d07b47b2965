/** The text form of the log. */
import { describe, expect, it } from 'vitest';
import { formatLine } from '../../src/control/log-line.js';

const time = Date.parse('2026-11-21T02:24:11.304Z');

describe('a line of the log', () => {
  it('is the one of the product page', () => {
    const message = 'web: BACKUP -> MASTER, no advertisement from 192.168.50.31 for 3.41 s';
    expect(formatLine({ time, level: 'info', message, fields: { instance: 'web', vrid: 51 } })).toBe(
      '2026-11-21T02:24:11.304Z INFO web: BACKUP -> MASTER, no advertisement from 192.168.50.31 for 3.41 s instance=web vrid=51\n',
    );
  });

  it('quotes values with blanks, quotes or equal signs, and empty ones', () => {
    expect(formatLine({ time, level: 'warn', message: 'x', fields: { a: 'two words', b: 'say "no"', c: 'k=v', d: '', e: true, f: 1.5 } })).toBe(
      '2026-11-21T02:24:11.304Z WARN x a="two words" b="say \\"no\\"" c="k=v" d="" e=true f=1.5\n',
    );
  });

  it('stays one line whatever a message or a value holds', () => {
    const line = formatLine({ time, level: 'error', message: 'a\nb\r\tc\u001b[31m', fields: { v: 'x\ny\u2028z', w: 'q\u0007' } });
    expect(line).toBe('2026-11-21T02:24:11.304Z ERROR a\\nb\\r\\tc\\u001b[31m v="x\\ny\\u2028z" w=q\\u0007\n');
    expect(line.match(/\n/g)).toHaveLength(1);
  });
});
