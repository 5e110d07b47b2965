/** The record of the operator's handovers. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HandoverRecord } from '../../src/supervisor/handovers.js';
import type { LogEvent } from '../../src/supervisor/messages.js';

describe('the record of handovers', () => {
  let directory: string;
  let log: LogEvent[];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tandem-handovers-'));
    log = [];
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));
  const loaded = async (at = directory): Promise<HandoverRecord> => {
    const record = new HandoverRecord(at, (event) => log.push(event));
    await record.load();
    return record;
  };
  const said = (): readonly string[] => log.map(({ level, message }) => `${level} ${message}`);

  it('is empty where there is none, and read again by the next daemon, which says so', async () => {
    const record = await loaded();
    expect(record.instances).toEqual([]);
    record.change(['web']);
    record.change(['web', 'lan']);
    await record.settled();
    expect(said()).toEqual([]);
    expect((await loaded()).instances).toEqual(['web', 'lan']);
    expect(said()).toEqual(['info handed over by the operator before this start, and still so: web, lan']);
  });

  it('that is damaged is taken as empty, with a warning', async () => {
    for (const text of ['{', '{"instances":[1]}', '[]']) {
      writeFileSync(join(directory, 'handovers.json'), text);
      expect((await loaded()).instances).toEqual([]);
    }
    expect(said()).toHaveLength(3);
    expect(said()[1]).toBe(`warn the handovers that the operator ordered cannot be read from ${directory}/handovers.json: it is damaged; priorities decide again`);
  });

  it('that cannot be written holds while the daemon runs, and is warned of once', async () => {
    const record = await loaded(join(directory, 'missing'));
    record.change(['web']);
    await record.settled();
    record.change([]);
    await record.settled();
    expect(record.instances).toEqual([]);
    expect(said()).toEqual([expect.stringMatching(/^warn .*handovers.json cannot be written: ENOENT.*; a handover is forgotten when the daemon restarts$/)]);
  });
});
