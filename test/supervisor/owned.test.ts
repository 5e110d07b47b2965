/** The record of what is ours in the kernel. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LogEvent } from '../../src/supervisor/messages.js';
import { OwnedRecord, type Owned } from '../../src/supervisor/owned.js';

const vip = (address: string) => ({ interface: 'eth0', address, prefixLength: 32 });
const service = (port: number) => ({ protocol: 'tcp' as const, address: '192.0.2.1', port });

describe('the record of what is ours', () => {
  let directory: string;
  let events: LogEvent[];
  const load = () => OwnedRecord.load(directory, (event) => events.push(event));
  const onDisk = (): Owned => JSON.parse(readFileSync(join(directory, 'owned.json'), 'utf8')) as Owned;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tandem-owned-'));
    events = [];
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('is empty where there is none, without a warning', async () => {
    expect((await load()).current).toEqual({ addresses: [], services: [] });
    expect(events).toEqual([]);
  });

  it('is on disk as the union of old and new once widened, and survives the process', async () => {
    const record = await load();
    await record.widen({ addresses: [vip('192.0.2.1')], services: [service(80)] });
    await record.widen({ addresses: [vip('192.0.2.1'), vip('192.0.2.2')], services: [service(443)] });
    const expected = { addresses: [vip('192.0.2.1'), vip('192.0.2.2')], services: [service(80), service(443)] };
    expect(onDisk()).toMatchObject(expected);
    expect((await load()).current).toMatchObject(expected);
  });

  it('narrows one part and leaves the other', async () => {
    const record = await load();
    await record.widen({ addresses: [vip('192.0.2.1')], services: [service(80)] });
    await record.narrow({ addresses: [] });
    expect(onDisk()).toMatchObject({ addresses: [], services: [service(80)] });
  });

  it('applies changes that are asked for at once one after the other', async () => {
    const record = await load();
    await Promise.all([record.widen({ addresses: [vip('192.0.2.1')], services: [] }), record.widen({ addresses: [], services: [service(80)] }), record.narrow({ addresses: [] })]);
    expect(onDisk()).toMatchObject({ addresses: [], services: [service(80)] });
  });

  it.each(['', '{"version":1', '{"version":1,"addresses":[{"interface":7}],"services":[]}', '[]', '{"version":2,"addresses":[],"services":[]}'])(
    'is moved aside and taken as empty when it is damaged: %j',
    async (text) => {
      writeFileSync(join(directory, 'owned.json'), text);
      expect((await load()).current).toEqual({ addresses: [], services: [] });
      expect(events).toMatchObject([{ level: 'warn', message: expect.stringContaining('is damaged') as string }]);
      expect(readFileSync(join(directory, 'owned.json.corrupt'), 'utf8')).toBe(text);
    },
  );

  it('stays as it was, in memory too, when it cannot be written, and leaves no temporary file', async () => {
    const record = await load();
    await record.widen({ addresses: [vip('192.0.2.1')], services: [] });
    rmSync(join(directory, 'owned.json'));
    mkdirSync(join(directory, 'owned.json', 'in-the-way'), { recursive: true });
    await expect(record.widen({ addresses: [vip('192.0.2.2')], services: [] })).rejects.toMatchObject({ name: 'RecordError', code: 'EISDIR' });
    expect(record.current.addresses).toEqual([vip('192.0.2.1')]);
    expect(readdirSync(directory)).toEqual(['owned.json']);
  });
});
