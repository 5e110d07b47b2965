/** The record of what is ours in the kernel. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LogEvent } from '../../src/supervisor/messages.js';
import { describeRoute, describeRule } from '../../src/config/routing-words.js';
import { nothingOwned, ownedBy, OwnedRecord, type Owned } from '../../src/supervisor/owned.js';
import { accepted } from '../config/reading.js';

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
    expect((await load()).current).toEqual(nothingOwned);
    expect(events).toEqual([]);
  });

  it('is on disk as the union of old and new once widened, and survives the process', async () => {
    const record = await load();
    await record.widen({ addresses: [vip('192.0.2.1')], services: [service(80)] });
    await record.widen({ addresses: [vip('192.0.2.1'), vip('192.0.2.2')], services: [service(443)] });
    const expected = { addresses: [vip('192.0.2.1'), vip('192.0.2.2')], services: [service(80), service(443)] };
    expect(onDisk()).toMatchObject(expected);
    expect((await load()).current).toMatchObject({ ...expected, routes: [], rules: [] });
  });

  it('narrows one part and leaves the other', async () => {
    const record = await load();
    await record.widen({ addresses: [vip('192.0.2.1')], services: [service(80)] });
    await record.narrow({ addresses: [] });
    expect(onDisk()).toMatchObject({ addresses: [], services: [service(80)] });
  });

  it('keeps routes and rules as the configuration has them', async () => {
    const configuration = accepted(`
vrrp:
  instances:
    - name: web
      interface: eth0
      virtual_router_id: 51
      virtual_addresses: [192.0.2.1]
      virtual_routes: [{ destination: default, via: 192.0.2.254, source: 192.0.2.1 }, { destination: 10.0.0.0/8, type: blackhole }]
      virtual_rules: [{ priority: 1000, from: 192.0.2.1, fwmark: "1/3", table: 100 }]
static: { routes: [{ destination: "2001:db8::/32", next_hops: [{ via: "2001:db8:1::1" }, { via: "fe80::1", interface: eth0 }] }] }
`);
    const record = await load();
    await record.widen(ownedBy(configuration));
    const { routes, rules } = (await load()).current;
    expect(routes.map(describeRoute).sort()).toEqual(['2001:db8::/32 nexthop via 2001:db8:1::1 nexthop via fe80::1 dev eth0', 'blackhole 10.0.0.0/8', 'default via 192.0.2.254 src 192.0.2.1']);
    expect(rules.map(describeRule)).toEqual(['1000: from 192.0.2.1 fwmark 0x1/0x3 lookup 100']);
    expect(JSON.stringify([routes, rules])).toBe(JSON.stringify([record.current.routes, record.current.rules]));
  });

  it('applies changes that are asked for at once one after the other', async () => {
    const record = await load();
    await Promise.all([record.widen({ addresses: [vip('192.0.2.1')], services: [] }), record.widen({ addresses: [], services: [service(80)] }), record.narrow({ addresses: [] })]);
    expect(onDisk()).toMatchObject({ addresses: [], services: [service(80)] });
  });

  it.each(['', '{"version":1', '{"version":1,"addresses":[{"interface":7}],"services":[]}', '[]', '{"version":2,"addresses":[],"services":[]}', '{"version":1,"addresses":[],"services":[],"routes":[{"family":"ipv4","destination":"all"}]}'])(
    'is moved aside and taken as empty when it is damaged: %j',
    async (text) => {
      writeFileSync(join(directory, 'owned.json'), text);
      expect((await load()).current).toEqual(nothingOwned);
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
