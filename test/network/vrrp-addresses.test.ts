/** Virtual addresses on real interfaces: taken over, put back, exchanged, left alone, a thousand of them, and storms beside them. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { VirtualAddress } from '../../src/config/model.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { addressesOn, ipIn } from './namespaces.js';
import { staged } from './stage.js';
import { instance, type VrrpChild } from './vrrp-child.js';

const context = staged();
const quiet = { repeat: 1, delay: Seconds(0), refresh: Seconds(0) };

const address = (text: string, changes: Partial<VirtualAddress> = {}): VirtualAddress => ({
  address: text,
  prefixLength: 32,
  interface: 'e0',
  label: undefined,
  advertise: true,
  ...changes,
});

const master = async (...virtualAddresses: VirtualAddress[]): Promise<VrrpChild> => {
  const a = context.stage.child(context.stage.a);
  await a.configure([instance({ virtualAddresses, garp: quiet })]);
  await a.line(/^web: holding/);
  return a;
};
const held = (): string[] => addressesOn(context.stage.a).filter((text) => text !== '10.77.0.1/24');

describe('the addresses of a master', () => {
  it('have their length, label and interface', async () => {
    const { stage } = context;
    ipIn(stage.a, 'link', 'add', 'e1', 'type', 'bridge');
    ipIn(stage.a, 'link', 'set', 'e1', 'up');
    const a = await master(address('10.77.0.100'), address('10.88.0.1', { prefixLength: 24, interface: 'e1', label: 'e1:vip' }));
    expect(held()).toEqual(['10.77.0.100/32']);
    const [link] = JSON.parse(ipIn(stage.a, '-j', '-4', 'addr', 'show', 'dev', 'e1')) as { addr_info: { local: string; prefixlen: number; label: string; broadcast: string }[] }[];
    expect(link?.addr_info).toMatchObject([{ local: '10.88.0.1', prefixlen: 24, label: 'e1:vip', broadcast: '10.88.0.255' }]);
    expect((await a.status()).virtual_addresses).toEqual([
      { address: '10.77.0.100/32', interface: 'e0', held: true },
      { address: '10.88.0.1/24', interface: 'e1', held: true },
    ]);
  });

  it('have the scope and the broadcast address that the file gives, and get others by a reload', async () => {
    const { stage } = context;
    interface Shown { readonly local: string; readonly scope: string; readonly broadcast?: string }
    const shown = (): readonly Shown[] => (JSON.parse(ipIn(stage.a, '-j', '-4', 'addr', 'show', 'dev', 'e0')) as { addr_info: Shown[] }[])[0]?.addr_info.filter(({ local }) => local.startsWith('10.88')).sort((x, y) => (x.local < y.local ? -1 : 1)) ?? [];
    const a = await master(address('10.77.0.100'), address('10.88.0.1', { prefixLength: 24, scope: 'link', broadcast: '10.88.0.127' }), address('10.88.1.1', { prefixLength: 24, broadcast: 'none' }));
    expect(shown()).toMatchObject([{ local: '10.88.0.1', scope: 'link', broadcast: '10.88.0.127' }, { local: '10.88.1.1', scope: 'global' }]);
    expect(shown()[1]?.broadcast).toBeUndefined();
    await a.configure([instance({ virtualAddresses: [address('10.77.0.100'), address('10.88.0.1', { prefixLength: 24, scope: 'site' }), address('10.88.1.1', { prefixLength: 24, broadcast: 'none' })], garp: quiet })]);
    expect(shown()).toMatchObject([{ local: '10.88.0.1', scope: 'site', broadcast: '10.88.0.255' }, { local: '10.88.1.1', scope: 'global' }]);
    expect(a.lines(/^web: added 1 address/)).toHaveLength(1);
    expect((await a.status()).counters['to_master']).toBe(1);
  });

  it('are all held, and the first that fit are advertised: 255, or fewer where the MTU is small', async () => {
    const { stage } = context;
    const virtualAddresses = Array.from({ length: 300 }, (_, index) => address(`10.99.${index >> 8}.${index & 255}`));
    const b = stage.child(stage.b);
    await b.configure([instance({ priority: 50, virtualAddresses, garp: quiet })]);
    await b.line(/^web: holding/);
    const wire = await stage.capture(stage.b, 'ip proto 112 and src 10.77.0.1');
    const a = await master(...virtualAddresses);
    expect(held()).toHaveLength(300);
    const listed = await wire.until(({ advertisements: [one] }) => one?.advertisement.addresses, 'advertisement');
    expect(listed).toEqual(virtualAddresses.slice(0, 255).map((one) => one.address));
    expect(await b.status()).toMatchObject({ state: 'BACKUP', address_list_agrees: true });
    ipIn(stage.a, 'link', 'set', 'e0', 'mtu', '576');
    await wire.until(({ advertisements }) => advertisements.find(({ advertisement }) => advertisement.addresses.length === 135), 'shorter advertisement');
    expect(await a.status()).toMatchObject({ state: 'MASTER', counters: { to_master: 1 } });
  });

  it('that cannot be taken are told, each with the reason; the others are held', async () => {
    const a = context.stage.child(context.stage.a);
    await a.configure([instance({ virtualAddresses: [address('10.77.0.100'), address('10.88.0.1', { interface: 'none0' })], garp: quiet })]);
    const { level, message } = await a.line(/could not be added/);
    expect(level).toBe('error');
    expect(message).toBe('web: 1 address could not be added: 10.88.0.1/32 on none0: no such interface');
    expect(held()).toEqual(['10.77.0.100/32']);
    expect((await a.status()).counters['address_errors']).toBe(1);
  });

  it('go on an interface that comes later', async () => {
    const { stage } = context;
    const a = await master(address('10.77.0.100'), address('10.88.0.1', { interface: 'e1' }));
    ipIn(stage.a, 'link', 'add', 'e1', 'type', 'bridge');
    ipIn(stage.a, 'link', 'set', 'e1', 'up');
    await a.statusThat(({ virtual_addresses }) => virtual_addresses.every((one) => one.held), 'holding both');
    expect(addressesOn(stage.a, 'e1')).toEqual(['10.88.0.1/32']);
  });

  it('change with the configuration while it is MASTER, without a transition', async () => {
    const a = await master(address('10.77.0.100'), address('10.77.0.101'));
    const { stage } = context;
    const arp = await stage.capture(stage.b, 'arp and not src 0.0.0.0');
    await a.configure([instance({ virtualAddresses: [address('10.77.0.101'), address('10.77.0.102')], garp: quiet })]);
    expect(held().sort()).toEqual(['10.77.0.101/32', '10.77.0.102/32']);
    await arp.until(({ arps }) => (arps.some(({ target }) => target === '10.77.0.102') ? true : undefined), 'announcement of the new address');
    const status = await a.status();
    expect(status).toMatchObject({ state: 'MASTER', counters: { to_master: 1 } });
    expect(a.lines(/^web: added 1 address/)).toHaveLength(1);
    expect(a.lines(/^web: released 1 address/)).toHaveLength(1);
    expect(a.lines(/someone else/)).toEqual([]);
  });

  it('are not touched by a reload that changes nothing', async () => {
    const a = await master(address('10.77.0.100'));
    const mark = a.mark;
    await a.configure([instance({ virtualAddresses: [address('10.77.0.100')], garp: quiet })]);
    expect(a.log.slice(mark)).toEqual([]);
  });
});

describe('an address that someone else deletes', () => {
  it('is back within a second, announced and reported', async () => {
    const { stage } = context;
    const a = await master(address('10.77.0.100'));
    const arp = await stage.capture(stage.b, 'arp and not src 0.0.0.0');
    const at = Date.now();
    ipIn(stage.a, 'addr', 'del', '10.77.0.100/32', 'dev', 'e0');
    const back = await a.line(/^web: put back 1 address, 1 gratuitous ARP sent/);
    expect(back.time - at).toBeLessThan(1_000);
    expect(held()).toEqual(['10.77.0.100/32']);
    expect(a.lines(/^web: someone else deleted 10\.77\.0\.100\/32 on e0 while we are MASTER/)).toHaveLength(1);
    await arp.until(({ arps }) => arps.find(({ target }) => target === '10.77.0.100'), 'announcement');
    expect(await a.status()).toMatchObject({ state: 'MASTER', counters: { to_master: 1, addresses_put_back: 1 } });
  });

  it('again and again is put back each time, and the log stays short', async () => {
    const { stage } = context;
    const a = await master(address('10.77.0.100'));
    const mark = a.mark;
    for (let count = 1; count <= 30; count++) {
      ipIn(stage.a, 'addr', 'del', '10.77.0.100/32', 'dev', 'e0');
      await a.statusThat(({ counters }) => counters['addresses_put_back'] === count, `put back ${count} times`);
      expect(held()).toEqual(['10.77.0.100/32']);
    }
    expect(a.log.slice(mark).length).toBeLessThanOrEqual(3);
  });

  it('is left alone by a BACKUP', async () => {
    const { stage } = context;
    const a = await master(address('10.77.0.100'));
    const b = stage.child(stage.b);
    await b.configure([instance({ virtualAddresses: [address('10.77.0.100')] })]);
    await b.statusThat(({ master: heard }) => heard === '10.77.0.1', 'hearing a');
    ipIn(stage.b, 'addr', 'add', '10.77.0.100/32', 'dev', 'e0');
    await b.statusThat(({ virtual_addresses }) => virtual_addresses[0]?.held === true, 'seeing it');
    ipIn(stage.b, 'addr', 'del', '10.77.0.100/32', 'dev', 'e0');
    await b.statusThat(({ virtual_addresses }) => virtual_addresses[0]?.held === false, 'seeing it go');
    expect(b.lines(/put back|someone else/)).toEqual([]);
    expect(await a.status()).toMatchObject({ state: 'MASTER' });
  });
});

describe('what is there already', () => {
  it('of an earlier configuration of ours is removed, and told', async () => {
    const { stage } = context;
    for (const text of ['10.77.0.50/32', '10.77.0.51/32', '10.77.0.60/32']) ipIn(stage.a, 'addr', 'add', text, 'dev', 'e0');
    const a = stage.child(stage.a);
    const owned = ['10.77.0.50', '10.77.0.51'].map((text) => ({ interface: 'e0', address: text, prefixLength: 32 }));
    await a.configure([instance()], { owned });
    expect(a.lines(/^removed 2 addresses of an earlier configuration: 10\.77\.0\.50\/32 on e0, 10\.77\.0\.51\/32 on e0$/)).toHaveLength(1);
    expect(held()).toEqual(['10.77.0.60/32']);
  });

  it('and is a stranger`s stays while we are BACKUP, with a warning', async () => {
    const { stage } = context;
    const a = await master(address('10.77.0.100'));
    ipIn(stage.b, 'addr', 'add', '10.77.0.100/32', 'dev', 'e0');
    const b = stage.child(stage.b);
    await b.configure([instance({ virtualAddresses: [address('10.77.0.100')] })]);
    const { level } = await b.line(/^web: 10\.77\.0\.100\/32 on e0 is there already and was not put there by tandem/);
    expect(level).toBe('warn');
    await b.statusThat(({ counters }) => (counters['advertisements_received'] ?? 0) > 3, 'hearing a');
    await b.stop();
    expect(addressesOn(stage.b)).toContain('10.77.0.100/32');
    expect(await a.status()).toMatchObject({ state: 'MASTER' });
  });
});

describe('very many', () => {
  it('events on another interface, 3,000 addresses added and deleted twice, cost neither the process nor the mastership', async () => {
    const { stage } = context;
    ipIn(stage.a, 'link', 'add', 'e9', 'type', 'bridge');
    const a = await master(address('10.77.0.100'));
    const b = stage.child(stage.b);
    await b.configure([instance({ priority: 50, virtualAddresses: [address('10.77.0.100')] })]);
    await b.statusThat(({ master: heard }) => heard === '10.77.0.1', 'hearing a');
    const many = Array.from({ length: 3_000 }, (_, index) => `10.99.${index >> 8}.${index & 255}/32 dev e9`);
    const batch = [...many.map((one) => `addr add ${one}`), ...many.map((one) => `addr del ${one}`)].join('\n');
    for (let round = 0; round < 2; round++) execFileSync('ip', ['-n', stage.a.namespace, '-batch', '-'], { input: `${batch}\n` });
    ipIn(stage.a, 'addr', 'del', '10.77.0.100/32', 'dev', 'e0');
    await a.line(/^web: put back 1 address/);
    expect(await a.status()).toMatchObject({ state: 'MASTER', counters: { to_master: 1 } });
    expect(b.lines(/-> MASTER/)).toEqual([]);
    ipIn(stage.a, 'link', 'del', 'e9');
  });

  it('events while the process stands still do not end it either', async () => {
    const { stage } = context;
    ipIn(stage.a, 'link', 'add', 'e9', 'type', 'bridge');
    const a = await master(address('10.77.0.100'));
    const batch = Array.from({ length: 4_000 }, (_, index) => `addr add 10.99.${index >> 8}.${index & 255}/32 dev e9`).join('\n');
    a.kill('SIGSTOP');
    execFileSync('ip', ['-n', stage.a.namespace, '-batch', '-'], { input: `${batch}\n` });
    ipIn(stage.a, 'addr', 'del', '10.77.0.100/32', 'dev', 'e0');
    const mark = a.mark;
    a.kill('SIGCONT');
    // where the batch took longer than the master down interval, it holds again before it hears of the deletion
    await a.line(/^web: (put back|holding) 1 address/, mark);
    expect(held()).toEqual(['10.77.0.100/32']);
  });

  it('addresses, a thousand in one instance, are held and announced while advertisements go on', async () => {
    const { stage } = context;
    const b = stage.child(stage.b);
    await b.configure([instance({ priority: 50, virtualAddresses: [] })]);
    await b.line(/^web: holding/);
    const arp = await stage.capture(stage.b, 'arp and not src 0.0.0.0');
    const virtualAddresses = Array.from({ length: 1_000 }, (_, index) => address(`10.99.${index >> 8}.${index & 255}`, { advertise: index < 250 }));
    const a = stage.child(stage.a);
    await a.configure([instance({ virtualAddresses, garp: { repeat: 2, delay: Milliseconds(0), refresh: Seconds(0) } })]);
    await a.line(/^web: holding 1000 addresses, 2000 gratuitous ARPs sent/);
    expect(held()).toHaveLength(1_000);
    await arp.until(({ arps }) => (new Set(arps.map(({ target }) => target)).size === 1_000 ? true : undefined), 'announcement of each');
    await b.statusThat(({ counters }) => (counters['advertisements_received'] ?? 0) > 10, 'hearing ten');
    expect(b.lines(/MASTER -> BACKUP/)).toHaveLength(1);
    expect(b.lines(/BACKUP -> MASTER/)).toHaveLength(1);
    await a.stop();
    expect(held()).toEqual([]);
    await b.statusThat(({ state }) => state === 'MASTER', 'MASTER again');
  });
});
