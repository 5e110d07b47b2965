/** What the lab's observations come to, on made-up observations. */
import { describe, expect, it } from 'vitest';
import { distribution, longestOutage, outages, summarizeConnection, type ConnectionEvent, type RequestResult } from '../../src/lab/summary.js';
import { Timeline } from '../../src/lab/timeline.js';

const ok = (start: number, server = 'rs1'): RequestResult => ({ start, duration: 5, outcome: 'ok', status: 200, server });
const lost = (start: number, outcome = 'timeout'): RequestResult => ({ start, duration: 500, outcome, status: undefined, server: undefined });
const event = (time: number, name: ConnectionEvent['event'], detail = ''): ConnectionEvent => ({ time, event: name, detail });

describe('an outage', () => {
  it('lasts from the start of the first request that fails to the start of the next that is answered', () => {
    expect(outages([ok(0), lost(50), lost(100), ok(150), ok(200)])).toEqual([{ from: 50, to: 150, milliseconds: 100, failures: 2 }]);
  });

  it('is found whatever the order in which the requests ended', () => {
    expect(outages([ok(0), ok(150), lost(50), lost(100)])).toMatchObject([{ milliseconds: 100 }]);
  });

  it('has no end when nothing was answered any more', () => {
    expect(outages([ok(0), lost(50), lost(90)])).toEqual([{ from: 50, to: undefined, milliseconds: 40, failures: 2 }]);
  });

  it('that is the longest is the one that counts; without a failure there is none', () => {
    expect(longestOutage([lost(0), ok(10), lost(20), lost(40), ok(60)])?.milliseconds).toBe(40);
    expect(longestOutage([ok(0), ok(10)])).toBeUndefined();
  });
});

it('the distribution counts answers of 200 only', () => {
  const refused: RequestResult = { ...ok(4), outcome: 'status', status: 500 };
  expect(distribution([ok(1), ok(2, 'rs2'), ok(3), refused, lost(5)])).toEqual({ rs1: 2, rs2: 1 });
});

describe('a long-lived connection', () => {
  it('is summed up by its servers and its longest silence', () => {
    const events = [event(0, 'connected', '4000'), event(10, 'answer', 'rs2'), event(110, 'answer', 'rs2'), event(900, 'answer', 'rs2')];
    expect(summarizeConnection(events)).toEqual({ answers: 3, servers: ['rs2'], longestSilence: 790, end: undefined });
  });

  it('that ends says how', () => {
    expect(summarizeConnection([event(0, 'answer', 'rs1'), event(5, 'closed')]).end).toBe('closed');
    expect(summarizeConnection([event(0, 'reset', 'ECONNRESET'), event(1, 'closed')]).end).toBe('ECONNRESET');
  });
});

it('a timeline merges its sources by time, and tells losses in a row as one trouble', () => {
  const lines: string[] = [];
  const timeline = new Timeline(1_000, (line) => lines.push(line));
  timeline.add(1_120, 'd2', 'web: BACKUP -> MASTER');
  timeline.addRequests([ok(1_000), lost(1_050), ok(1_100), lost(1_150, 'refused'), ok(1_200, 'rs3'), ok(1_250)], 0, 2_000);
  timeline.addConnection([event(1_000, 'answer', 'rs1'), event(1_700, 'answer', 'rs1')], 0, 2_000);
  timeline.flush(1_500);
  timeline.flush();
  expect(lines).toEqual([
    '    0.000 s  client  long-lived connection: served by rs1',
    '    0.050 s  client  requests are lost from here on',
    '    0.120 s  d2      web: BACKUP -> MASTER',
    '    0.200 s  client  answered again, by rs3; lost: 2 (timeout, refused)',
    '    0.700 s  client  long-lived connection: goes on, with rs1, after 700 ms of silence',
  ]);
});
