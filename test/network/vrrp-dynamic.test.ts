/** Interfaces that come late, go, come back as another one, are renamed, change their hardware address: FAULT with the reason, then recovery, in one process. */
import { beforeEach, describe, expect, it } from 'vitest';
import { addressesOn, type Host, ipIn } from './namespaces.js';
import { staged } from './stage.js';
import { instance, type VrrpChild } from './vrrp-child.js';
import { Seconds } from '../../src/time/microseconds.js';

const context = staged();
const vip = '10.77.0.100/32';
const quietGarp = { repeat: 1, delay: Seconds(0), refresh: Seconds(0) };
const indexOf = (host: Host, name = 'e0'): number => (JSON.parse(ipIn(host, '-j', 'link', 'show', 'dev', name)) as { ifindex: number }[])[0]?.ifindex ?? 0;
const holds = (host: Host, name = 'e0'): boolean => addressesOn(host, name).includes(vip);

let a: VrrpChild;
let b: VrrpChild;
let host: Host;
let pid: number;

/** a at 150; b at 100 hears it, when a is master. */
const pair = async (): Promise<void> => {
  a = context.stage.child(host);
  await a.configure([instance({ priority: 150, garp: quietGarp })]);
  await a.line(/^web: holding/);
  pid = a.pid;
  b = context.stage.child(context.stage.b);
  await b.configure([instance({ priority: 100, garp: quietGarp })]);
  await b.statusThat(({ master }) => master === '10.77.0.1', 'hearing a');
};

/** a is in FAULT for this reason, and b has taken over. @returns the place in a's log */
const failed = async (reason: string): Promise<number> => {
  await a.statusThat((status) => status.state === 'FAULT' && status.reason === reason, `in FAULT, ${reason}`);
  await b.line(/^web: holding/);
  return a.mark;
};

/** a preempts again, sends and hears, holds the address; nobody was restarted and nothing was in the way. */
const recovered = async (mark: number, name = 'e0', from = '10.77.0.1'): Promise<void> => {
  await a.becomes('BACKUP', 'web', mark);
  await a.becomes('MASTER', 'web', mark);
  await a.line(/^web: holding 1 address, 1 gratuitous ARP sent$/, mark);
  await b.line(new RegExp(`^web: MASTER -> BACKUP, ${from.replaceAll('.', '\\.')} advertises priority 150`));
  await b.line(/^web: released/);
  expect([holds(host, name), holds(context.stage.b)]).toEqual([true, false]);
  // its receiver works too: it yields to a better one
  const heard = (await a.status()).counters['advertisements_received'] ?? 0;
  await b.configure([instance({ priority: 200, garp: quietGarp })]);
  await a.statusThat(({ state, master, counters }) => state === 'BACKUP' && master === '10.77.0.2' && (counters['advertisements_received'] ?? 0) > heard, 'BACKUP of b');
  expect(a.lines(/VRRP socket|could not be/, mark)).toEqual([]);
  expect(a.pid).toBe(pid);
};

beforeEach(() => {
  host = context.stage.a;
});

describe('an interface', () => {
  it('that is not there at start is a FAULT until it is made', async () => {
    const { stage } = context;
    ipIn(host, 'link', 'del', 'e0');
    a = stage.child(host);
    await a.configure([instance({ garp: quietGarp })]);
    await a.line(/^web: INIT -> FAULT, interface e0 does not exist$/);
    stage.segment.host('a', '10.77.0.1/24', 'e0', host);
    await a.line(/^web: FAULT -> BACKUP, interface e0 is up again$/);
    await a.line(/^web: holding 1 address, 1 gratuitous ARP sent$/);
    expect(holds(host)).toBe(true);
  });

  it('that is deleted and made anew, with another index, is used again with new sockets', async () => {
    await pair();
    const before = indexOf(host);
    ipIn(host, 'link', 'del', 'e0');
    const mark = await failed('interface e0 does not exist');
    // something else in between, so that the index is another one
    ipIn(host, 'link', 'add', 'x0', 'type', 'bridge');
    context.stage.segment.host('a', '10.77.0.1/24', 'e0', host);
    expect(indexOf(host)).not.toBe(before);
    await recovered(mark);
  });

  it('that is deleted and made anew at once, before anyone looks, is used again with new sockets', async () => {
    await pair();
    const mark = a.mark;
    a.kill('SIGSTOP');
    ipIn(host, 'link', 'del', 'e0');
    context.stage.segment.host('a', '10.77.0.1/24', 'e0', host);
    a.kill('SIGCONT');
    await a.becomes('FAULT', 'web', mark);
    await a.becomes('MASTER', 'web', mark);
    await a.line(/^web: holding/, mark);
    await b.statusThat(({ state, master }) => state === 'BACKUP' && master === '10.77.0.1', 'BACKUP of a');
    expect(holds(host)).toBe(true);
    expect(holds(context.stage.b)).toBe(false);
  });

  it('that is renamed is gone; renamed back, it is used again', async () => {
    await pair();
    ipIn(host, 'link', 'set', 'e0', 'down');
    ipIn(host, 'link', 'set', 'e0', 'name', 'other0');
    ipIn(host, 'link', 'set', 'other0', 'up');
    const mark = await failed('interface e0 does not exist');
    // under its new name it must not keep what we held
    expect(holds(host, 'other0')).toBe(false);
    ipIn(host, 'link', 'set', 'other0', 'down');
    ipIn(host, 'link', 'set', 'other0', 'name', 'e0');
    ipIn(host, 'link', 'set', 'e0', 'up');
    await recovered(mark);
  });

  it('that is renamed while it is up (Linux 6.2 and later) does not keep the address under its new name', async () => {
    await pair();
    try {
      ipIn(host, 'link', 'set', 'e0', 'name', 'other0');
    } catch (error) {
      // before Linux 6.2 there is nothing to follow
      expect(String(error)).toMatch(/busy/);
      return;
    }
    const mark = await failed('interface e0 does not exist');
    await a.line(/^web: released 1 address/);
    expect(holds(host, 'other0')).toBe(false);
    ipIn(host, 'link', 'set', 'other0', 'name', 'e0');
    await recovered(mark);
  });

  it('that takes the name that is waited for is used', async () => {
    const { stage } = context;
    ipIn(host, 'link', 'set', 'e0', 'down');
    ipIn(host, 'link', 'set', 'e0', 'name', 'other0');
    a = stage.child(host);
    await a.configure([instance({ garp: quietGarp })]);
    await a.line(/^web: INIT -> FAULT, interface e0 does not exist$/);
    ipIn(host, 'link', 'set', 'other0', 'name', 'e0');
    await a.statusThat(({ reason }) => reason === 'interface e0 is down', 'told that it is down');
    ipIn(host, 'link', 'set', 'e0', 'up');
    await a.line(/^web: holding 1 address/);
    expect(holds(host)).toBe(true);
  });

  it('that loses its address and gets it again', async () => {
    await pair();
    ipIn(host, 'addr', 'del', '10.77.0.1/24', 'dev', 'e0');
    const mark = await failed('interface e0 has no IPv4 address of its own');
    ipIn(host, 'addr', 'add', '10.77.0.1/24', 'dev', 'e0');
    await recovered(mark);
  });

  it('whose address changes while there is another one goes on, from the new one', async () => {
    await pair();
    ipIn(host, 'addr', 'add', '10.77.0.3/25', 'dev', 'e0');
    ipIn(host, 'addr', 'del', '10.77.0.1/24', 'dev', 'e0');
    await b.statusThat(({ state, master }) => state === 'BACKUP' && master === '10.77.0.3', 'hearing a from its new address');
    await a.statusThat(({ state, virtual_addresses: [address] }) => state === 'MASTER' && address?.held === true, 'MASTER and holding');
    expect([...a.lines(/FAULT/), ...b.lines(/-> MASTER/)]).toEqual([]);
  });

  it('that gets another hardware address announces it at once and stays MASTER', async () => {
    const { stage } = context;
    await pair();
    const arp = await stage.capture(stage.b, 'arp');
    ipIn(host, 'link', 'set', 'e0', 'address', '02:00:00:00:77:01');
    const announcement = await arp.until(
      ({ arps }) => arps.find(({ octets, target }) => target === '10.77.0.100' && octets.subarray(28, 32).equals(octets.subarray(38, 42)) && octets.subarray(6, 12).toString('hex') === '020000007701'),
      'announcement from the new hardware address',
      3_000,
    );
    expect(announcement.octets.subarray(22, 28).toString('hex')).toBe('020000007701');
    expect(await a.status()).toMatchObject({ state: 'MASTER', split_brain: false });
    expect(b.lines(/-> MASTER/)).toEqual([]);
  });

  it('that only carries addresses comes and goes without touching the election', async () => {
    const { stage } = context;
    a = stage.child(host);
    const virtualAddresses = [
      { address: '10.77.0.100', prefixLength: 32, interface: 'e0', label: undefined, advertise: true },
      { address: '10.78.0.100', prefixLength: 24, interface: 'd0', label: undefined, advertise: false },
    ];
    await a.configure([instance({ garp: quietGarp, virtualAddresses })]);
    await a.line(/1 address could not be added: 10\.78\.0\.100\/24 on d0: no such interface/);
    ipIn(host, 'link', 'add', 'd0', 'type', 'bridge');
    ipIn(host, 'link', 'set', 'd0', 'up');
    await a.statusThat(({ virtual_addresses: addresses }) => addresses.every(({ held }) => held), 'holding both');
    ipIn(host, 'link', 'del', 'd0');
    await a.statusThat(({ virtual_addresses: addresses }) => addresses[1]?.held === false, 'told that it holds one only');
    ipIn(host, 'link', 'add', 'd0', 'type', 'bridge');
    ipIn(host, 'link', 'set', 'd0', 'up');
    await a.statusThat(({ virtual_addresses: addresses }) => addresses.every(({ held }) => held), 'holding both again');
    expect((await a.status()).counters['to_master']).toBe(1);
  });
});
