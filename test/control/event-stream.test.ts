/** Numbered events, and readers at their own pace: pure, and over a real socket. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { follow, request } from '../../src/control/client.js';
import { formatStreamLine } from '../../src/control/event-line.js';
import { currentLine, EventStream, type StreamLine } from '../../src/control/event-stream.js';
import { ControlServer, type Reply } from '../../src/control/server.js';
import { Streamed } from '../../src/control/stream-writer.js';
import type { Notice } from '../../src/notify/notice.js';

const notice = (reason: string): Notice => ({ kind: 'INSTANCE', name: 'web', time: Date.UTC(2026, 10, 21), from: 'BACKUP', to: 'MASTER', priority: 150, reason });
const brief = (lines: readonly StreamLine[]): readonly (string | number)[] => lines.map((line) => (line.type === 'transition' ? line.sequence : line.type === 'missed' ? `missed ${line.count}` : line.name));
const filled = (count: number, kept?: number): EventStream => {
  const stream = new EventStream(kept);
  for (let index = 1; index <= count; index++) stream.add(notice(String(index)));
  return stream;
};
const add = (stream: EventStream, count: number): void => {
  for (let index = 0; index < count; index++) stream.add(notice('more'));
};

describe('the event stream', () => {
  it('numbers events from 1 and keeps the last of them', () => {
    const stream = filled(5, 3);
    expect(stream.sequence).toBe(5);
    expect(brief(stream.events)).toEqual([3, 4, 5]);
    expect(stream.events[0]).toEqual({ type: 'transition', sequence: 3, time: '2026-11-21T00:00:00.000Z', kind: 'INSTANCE', name: 'web', from: 'BACKUP', to: 'MASTER', priority: 150, reason: '3' });
  });

  it('gives a reader what comes after he began, each event once', () => {
    const stream = filled(5);
    const reader = stream.reader();
    expect(brief(reader.next())).toEqual([]);
    add(stream, 2);
    expect(brief(reader.next())).toEqual([6, 7]);
    expect(brief(reader.next())).toEqual([]);
    add(stream, 1);
    expect(brief(reader.next())).toEqual([8]);
  });

  it('tells a reader who is too slow how many he missed, and goes on with the oldest that is kept', () => {
    const stream = filled(2, 3);
    const reader = stream.reader();
    add(stream, 8);
    expect(brief(reader.next())).toEqual(['missed 5', 8, 9, 10]);
    add(stream, 1);
    expect(brief(reader.next())).toEqual([11]);
  });

  it('tells a reader who missed the last word on something how that stands, and nothing again that follows anyway', () => {
    const stream = new EventStream(3);
    const reader = stream.reader();
    stream.add({ ...notice('gone'), name: 'lan', to: 'FAULT' });
    add(stream, 5);
    stream.add({ kind: 'REAL_SERVER', virtualServer: 'web-http', name: '192.0.2.22:80', service: '', time: 0, from: 'UP', to: 'DOWN', reason: 'HTTP status 500' });
    const lines = reader.next();
    expect(brief(lines)).toEqual(['missed 4', 'lan', 5, 6, 7]);
    expect(lines[1]).toMatchObject({ type: 'current', state: 'FAULT', reason: 'gone' });
    expect(lines.slice(-1).map(formatStreamLine)).toEqual(['1970-01-01T00:00:00.000Z #7 REAL_SERVER 192.0.2.22:80 of web-http: UP -> DOWN, HTTP status 500']);
  });

  it('wakes a reader until he ends it', () => {
    const stream = new EventStream();
    const woken = vi.fn();
    const end = stream.reader().onMore(woken);
    add(stream, 1);
    end();
    add(stream, 1);
    expect(woken).toHaveBeenCalledOnce();
  });

  it('reads well', () => {
    expect(formatStreamLine(currentLine(notice('so')))).toBe('INSTANCE web is MASTER since 2026-11-21T00:00:00.000Z, so');
    expect(brief(filled(1).events)).toEqual([1]);
    expect(filled(1).events.map(formatStreamLine)).toEqual(['2026-11-21T00:00:00.000Z #1 INSTANCE web: BACKUP -> MASTER, 1']);
    expect(formatStreamLine({ type: 'missed', count: 3 })).toBe('(3 events missed: this reader was too slow)');
  });
});

describe('events over the control socket', () => {
  let directory: string;
  let stream: EventStream;
  let server: ControlServer;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tandem-events-'));
    stream = new EventStream();
    const commands = { events: () => new Streamed({ ok: true, sequence: stream.sequence }, stream.reader()), version: () => ({ ok: true as const }) };
    server = await ControlServer.listen({ path: join(directory, 'control.sock'), group: undefined, commands, report: () => undefined, idleMs: 100, stallMs: 1_500 });
  });
  afterEach(async () => {
    await server.close();
    rmSync(directory, { recursive: true });
  });

  it('begin with the reply, go on past the time of an idle client, and end with the daemon', async () => {
    const replies: Reply[] = [];
    const lines: StreamLine[] = [];
    add(stream, 3);
    const ended = follow(directory, { command: 'events' }, (reply) => replies.push(reply), (line) => void lines.push(line as StreamLine));
    await vi.waitFor(() => expect(replies).toEqual([{ ok: true, sequence: 3 }]));
    await new Promise((resolve) => setTimeout(resolve, 300)); // three times what an idle client is given
    add(stream, 250);
    await vi.waitFor(() => expect(brief(lines)).toEqual(Array.from({ length: 250 }, (_, index) => index + 4)));
    await server.close();
    await ended;
  });

  it('do not fill the daemon for a client that does not read: it is told what it missed, and let go when it never reads', async () => {
    const socket = createConnection(join(directory, 'control.sock'));
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
    socket.on('error', () => undefined);
    socket.write('{"command":"events"}\n');
    await vi.waitFor(() => expect(received).toContain('"ok":true'));
    socket.pause();
    for (let round = 0; round < 20; round++) {
      add(stream, 1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await request(directory, { command: 'version' })).toEqual({ ok: true });
    socket.resume();
    await vi.waitFor(() => expect(received.trimEnd().split('\n').at(-1)).toContain('"sequence":20000'), 5_000);
    const lines = received.trimEnd().split('\n').slice(1).map((line) => JSON.parse(line) as StreamLine);
    const told = lines.reduce((count, line) => count + (line.type === 'missed' ? line.count : 1), 0);
    expect(told).toBe(20_000);
    expect(lines.some(({ type }) => type === 'missed')).toBe(true);
    socket.pause();
    for (let round = 0; round < 20; round++) {
      add(stream, 1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await vi.waitFor(() => expect(server.clients).toBe(0), 5_000);
    socket.destroy();
  });

  it('are followed by so many only, so that a question still gets through', async () => {
    const ends: AbortController[] = [];
    let begun = 0;
    for (let index = 0; index < 32; index++) {
      const end = new AbortController();
      ends.push(end);
      void follow(directory, { command: 'events' }, () => begun++, () => undefined, end.signal);
    }
    await vi.waitFor(() => expect(begun).toBe(32));
    const refused: Reply[] = [];
    await follow(directory, { command: 'events' }, (reply) => refused.push(reply), () => undefined);
    expect(refused).toEqual([{ ok: false, error: '32 clients follow events already' }]);
    expect(await request(directory, { command: 'version' })).toEqual({ ok: true });
    for (const end of ends) end.abort();
    await vi.waitFor(() => expect(server.clients).toBe(0), 3_000);
  });

  it('say that no daemon answers', async () => {
    await server.close();
    await expect(follow(directory, { command: 'events' }, () => undefined, () => undefined)).rejects.toMatchObject({ code: 'NO_DAEMON' });
  });
});
