/** Everything that reads text from outside: the control socket, recordings, the configuration, records, what /proc and files say. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { parseConfiguration } from '../../src/config/parse.js';
import { ControlServer, type Reply } from '../../src/control/server.js';
import { operatorCommands, OperatorRequests } from '../../src/supervisor/operator-requests.js';
import { readLines } from '../../src/supervisor/output-lines.js';
import { parseOwned } from '../../src/supervisor/owned.js';
import { Milliseconds, plus, Seconds } from '../../src/time/microseconds.js';
import { parseFileValue } from '../../src/track/file-value.js';
import { programIn } from '../../src/track/process-scan.js';
import type { Settings } from '../../src/vrrp/machine.js';
import { encodeRecording, type RecordedInput, RecordingError } from '../../src/vrrp/recording.js';
import { narrateFile } from '../../src/vrrp/replay-file.js';
import { type RouterEvent, type RouterState, stepRouter } from '../../src/vrrp/router.js';
import { exampleFiles } from '../config/example-files.js';
import { FuzzError, isReplay, seeds, slowness } from './fuzz.js';
import { mutateJson } from './json.js';
import { mutate } from './mutation.js';
import { type Random, randomFrom } from './random.js';

interface TextTarget {
  readonly name: string;
  readonly runs: number;
  readonly make: (random: Random) => string;
  /** throws when something is wrong */
  readonly run: (text: string) => void;
  readonly longestMilliseconds?: number;
}

const fuzzText = ({ name, runs, make, run, longestMilliseconds = 50 }: TextTarget): void => {
  for (const seed of seeds(name, runs)) {
    const text = make(randomFrom(seed));
    const before = performance.now();
    try {
      run(text);
    } catch (error) {
      throw new FuzzError(name, seed, `${name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`, JSON.stringify(text), error);
    }
    const slow = slowness(() => run(text), performance.now() - before, longestMilliseconds);
    if (slow > 0) throw new FuzzError(name, seed, `${name} takes ${slow.toFixed(0)} ms`, JSON.stringify(text));
  }
};

const octets = (texts: readonly string[]): readonly Buffer[] => texts.map((text) => Buffer.from(text));
/** Text changed as octets. */
const mutated = (corpus: readonly Buffer[]) => (random: Random): string => mutate(random, corpus).toString('utf8');

// --- recordings ---------------------------------------------------------------------------------------------------

const settings: Settings = { version: 3, priority: 100, advertisementInterval: Seconds(1), preempt: true, preemptDelay: Seconds(0), source: '192.0.2.2', grouped: false };
const advertisement = (priority: number): RouterEvent => ({ type: 'instance', instance: 'web', event: { type: 'advertisement', advertisement: { source: '192.0.2.1', priority, interval: Seconds(1) } } });
const story: readonly RouterEvent[] = [
  { type: 'start', resume: new Set() },
  advertisement(150),
  advertisement(0),
  { type: 'instance', instance: 'web', event: { type: 'timer' } },
  { type: 'instance', instance: 'web', event: { type: 'stalled', length: Seconds(9) } },
  advertisement(90),
  { type: 'fault', instance: 'lan', fault: 'link', reason: 'e1 is down' },
  { type: 'fault_cleared', instance: 'lan', fault: 'link', reason: 'e1 is up' },
  { type: 'configure', instance: 'lan', settings: { ...settings, priority: 200 }, group: undefined },
  { type: 'yield', instance: 'web' },
  { type: 'reclaim', instance: 'web' },
  { type: 'remove', instance: 'lan' },
];
const recording = (): string => {
  let state: RouterState = new Map();
  let now = Seconds(1);
  for (const instance of ['web', 'lan']) ({ state } = stepRouter(state, { type: 'add', instance, settings: { ...settings, grouped: true }, group: 'all' }, now));
  const start = state;
  const inputs = story.map((event): RecordedInput => {
    now = plus(now, Milliseconds(700));
    const { state: after, effects } = stepRouter(state, event, now);
    state = after;
    return { at: now, event, effects };
  });
  return encodeRecording({ unit: 'all', cause: 'web: BACKUP -> MASTER', clock: { wall: 1_795_000_000_000, monotonic: now }, start, inputs });
};

describe('a recording', () => {
  const whole = recording();
  const parsed = JSON.parse(whole) as object;
  const corpus = octets([whole]);

  it('as it is replays to the same', () => {
    expect(narrateFile(whole).differing).toBe(0);
  });

  it('that was changed replays, or is refused as no recording', () => {
    let replayed = 0;
    fuzzText({
      name: 'recording',
      runs: 5_000,
      make: (random) => (random.once(4) ? mutated(corpus)(random) : mutateJson(random, parsed)),
      run: (text) => {
        try {
          expect(narrateFile(text).lines.length).toBeGreaterThan(1);
          replayed++;
        } catch (error) {
          if (!(error instanceof RecordingError)) throw error;
        }
      },
    });
    if (!isReplay()) expect(replayed).toBeGreaterThan(500);
  }, 60_000);
});

// --- the control socket -------------------------------------------------------------------------------------------

describe('the control socket', () => {
  it('answers each of ten thousand lines by one line, whatever it is', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tandem-fuzz-'));
    const path = join(directory, 'control.sock');
    const requests = new OperatorRequests(() => false);
    const server = await ControlServer.listen({ path, group: undefined, report: () => undefined, commands: { version: () => ({ ok: true, version: '1' }), ...operatorCommands(requests) } });
    try {
      const good: readonly object[] = [{ command: 'version' }, { command: 'failover', instance: 'web', force: true }, { command: 'failover', instance: 'web', cancel: true }, { command: 'explain', instance: 'web' }];
      const corpus = octets(good.map((request) => JSON.stringify(request)));
      const lines: string[] = [];
      for (const seed of seeds('control', 10_000)) {
        const random = randomFrom(seed);
        lines.push((random.once(2) ? mutated(corpus)(random) : mutateJson(random, random.pick(good))).replaceAll('\n', ' '));
      }
      const socket = createConnection(path);
      const answered = textOf(socket);
      socket.end(lines.map((line) => `${line}\n`).join(''));
      const answers = (await answered).split('\n').slice(0, -1);
      expect(answers).toHaveLength(lines.length);
      const replies = answers.map((answer) => JSON.parse(answer) as Reply);
      for (const reply of replies) expect(typeof (reply.ok ? reply.ok : reply['error'])).toMatch(/boolean|string/);
      if (lines.length > 1) expect(new Set(replies.map(({ ok }) => ok))).toEqual(new Set([true, false]));
    } finally {
      await server.close();
      rmSync(directory, { recursive: true });
    }
  }, 60_000);
});

// --- the configuration --------------------------------------------------------------------------------------------

describe('a configuration', () => {
  it('that was changed is read, or refused with places and remedies', () => {
    const texts = exampleFiles.map(({ text }) => text);
    const corpus = octets(texts);
    /** Lines moved, doubled, indented otherwise, or a value replaced. */
    const changed = (random: Random): string => {
      const lines = random.pick(texts).split('\n').filter((line) => !line.trimStart().startsWith('#'));
      for (let times = 1 + random.below(3); times > 0; times--) {
        const at = random.below(lines.length);
        const line = lines[at] ?? '';
        const value = random.pick(['', 'null', '-1', '99999999999999999999', '1.5', '"', '[', '{}', '[[]]', '*x', '&x 1', '!!binary x', '2001:db8::1', '300.1.1.1', '0s', '10y', '\u0000', 'yes', '~', '|', '<<: *x', '__proto__']);
        const replacements = [[], [line, line], [`  ${line}`], [line.trimStart()], [line.replace(/:.*/, `: ${value}`)], [line.replace(/\d+/, value)], [line, lines[random.below(lines.length)] ?? '']];
        lines.splice(at, 1, ...random.pick(replacements));
      }
      return lines.join('\n');
    };
    fuzzText({
      name: 'configuration',
      runs: 1_000,
      longestMilliseconds: 1_000,
      make: (random) => (random.once(3) ? mutated(corpus)(random) : changed(random)),
      run: (text) => {
        const result = parseConfiguration(text, 'tandem.yaml', { hostName: 'a', readText: () => '' });
        if (result.ok) return;
        if (!result.diagnostics.some(({ severity }) => severity === 'error')) throw new Error('refused without an error');
        for (const { message, remedy, line } of result.diagnostics) if (message === '' || remedy === '' || line < 1) throw new Error(`a diagnostic without words or place: ${message}`);
      },
    });
  }, 60_000);
});

// --- small texts --------------------------------------------------------------------------------------------------

describe('small texts', () => {
  it('a tracked file gives a whole number of 32 bits', () => {
    fuzzText({
      name: 'file-value',
      runs: 20_000,
      make: mutated(octets(['-254\n', '  17 ', '+1', '2147483647', '4294967296'])),
      run: (text) => {
        const { value } = parseFileValue(text);
        if (!Number.isInteger(value) || value !== (value | 0)) throw new Error(`the value ${value}`);
      },
    });
  });

  it('/proc/PID/stat gives a name or nothing', () => {
    fuzzText({ name: 'proc-stat', runs: 20_000, make: mutated(octets(['4711 (nginx) S 1 4711 4711 0 -1', '12 (a) b) R 1', '99 (kworker/0:1-ev) I 2 0'])), run: (text) => void programIn(text) });
  });

  it('the record of what is ours is understood or not', () => {
    const record = { version: 1, addresses: [{ interface: 'e0', address: '192.0.2.100', prefixLength: 32 }], services: [{ protocol: 'tcp', address: '192.0.2.100', port: 80 }] };
    const corpus = octets([JSON.stringify(record)]);
    fuzzText({
      name: 'owned',
      runs: 10_000,
      make: (random) => (random.once(2) ? mutated(corpus)(random) : mutateJson(random, record)),
      run: (text) => {
        const owned = parseOwned(text);
        if (owned && !owned.addresses.every(({ interface: name, address }) => typeof name === 'string' && typeof address === 'string')) throw new Error('an address without text');
      },
    });
  });

  it('what a child prints becomes lines of bounded length', async () => {
    const corpus = octets(['(node:17) Warning: x\n    at y\n', 'é\n\n\n', `${'x'.repeat(5_000)}\ny`]);
    for (const seed of seeds('output-lines', 500)) {
      const random = randomFrom(seed);
      const printed = Buffer.concat(Array.from({ length: 4 }, () => mutate(random, corpus)));
      const cut = random.below(printed.length + 1);
      const stream = Readable.from([printed.subarray(0, cut), printed.subarray(cut)].filter(({ length }) => length > 0), { objectMode: false });
      const lines: string[] = [];
      readLines(stream, (line) => lines.push(line), () => undefined, () => 0);
      await finished(stream);
      const longest = Math.max(0, ...lines.map(({ length }) => length));
      if (longest > 4_096) throw new FuzzError('output-lines', seed, `a line of ${longest} characters`, printed.toString('hex'));
    }
  }, 30_000);
});
