/** What `tandem realserver show` says of a host. */
import { expect, it } from 'vitest';
import { needsOf } from '../../src/realserver/needs.js';
import { describeView, viewOf } from '../../src/realserver/view.js';
import type { VipWish, Wishes } from '../../src/realserver/wishes.js';
import { address, dr, freshHost, link, MemoryHost, wish } from './host.js';

const viewAfter = (wishes: Wishes, change: (host: MemoryHost) => void = () => undefined) => {
  const host = new MemoryHost();
  host.apply(wishes);
  change(host);
  return viewOf(needsOf([wishes]), host.facts, host.made);
};
const tunnelled: VipWish = { address: '192.0.2.9', method: 'tun', tunnel: { type: 'gue', port: 6080, checksum: 'none' }, realServer: '10.0.0.11' };

it('all that is there, after apply', () => {
  const view = viewAfter(wish([...dr('192.0.2.1', '2001:db8::1'), tunnelled]));
  expect(view.complete).toBe(true);
  expect(describeView(view)).toEqual([
    '192.0.2.1/32     on lo',
    '2001:db8::1/128  on lo',
    '192.0.2.9/32     on tunl0',
    'tunl0  up',
    'GUE on UDP port 6080 (IPv4)  open',
    ...['all', 'lo', 'e0'].flatMap((name) => [`net.ipv4.conf.${name}.arp_ignore = 1`, `net.ipv4.conf.${name}.arp_announce = 2`]),
    'net.ipv4.conf.tunl0.rp_filter = 0',
    'complete',
  ]);
});

it('what is missing, before it', () => {
  const view = viewOf(needsOf([wish([...dr('192.0.2.1'), tunnelled])]), freshHost, new MemoryHost().made);
  expect(view.complete).toBe(false);
  expect(describeView(view)).toEqual(expect.arrayContaining(['192.0.2.1/32  MISSING on lo', '192.0.2.9/32  MISSING on tunl0', 'tunl0  DOWN', 'GUE on UDP port 6080 (IPv4)  CLOSED', 'net.ipv4.conf.all.arp_ignore = 0  WRONG, should be 1', 'NOT complete']));
});

it('an address that someone else has put there, or elsewhere', () => {
  const elsewhere = viewAfter(wish(dr('192.0.2.1')), (host) => (host.facts = { ...host.facts, addresses: [...host.facts.addresses, address(2, '192.0.2.1/24')] }));
  expect(elsewhere).toMatchObject({ complete: false, addresses: [{ bound: true, ours: true, elsewhere: ['192.0.2.1/24 on e0'] }], problems: [expect.stringContaining('192.0.2.1/24 is on e0 already')] });
  expect(describeView(elsewhere)[0]).toBe('192.0.2.1/32  on lo, BUT 192.0.2.1/24 on e0');
  const before = { ...freshHost, addresses: [...freshHost.addresses, address(1, '192.0.2.1/32')] };
  expect(describeView(viewOf(needsOf([wish(dr('192.0.2.1'))]), before, new MemoryHost().made))[0]).toBe('192.0.2.1/32  on lo, not by tandem');
});

it('rules that are right, missing, or not to be seen', () => {
  const ruled = wish(dr('192.0.2.1'), { arpMethod: 'arptables' });
  expect(viewAfter(ruled)).toMatchObject({ complete: true, arp_rules: 'right' });
  expect(viewAfter(ruled, (host) => (host.facts = { ...host.facts, arpRules: freshHost.arpRules }))).toMatchObject({ complete: false, arp_rules: 'missing' });
  expect(viewAfter(ruled, (host) => (host.facts = { ...host.facts, arpRules: undefined }))).toMatchObject({ complete: false, arp_rules: 'unknown' });
});

it('an interface that is gone is no fault of the real server', () => {
  const view = viewAfter(wish(dr('192.0.2.1')), (host) => {
    host.facts = { ...host.facts, links: [link(1, 'lo')], settings: new Map([...host.facts.settings].filter(([path]) => !path.includes('/e0/'))) };
  });
  expect(view.complete).toBe(true);
  expect(describeView(view)).toContain('net.ipv4.conf.e0.arp_ignore = no such interface');
});
