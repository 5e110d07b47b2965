/** From wishes to steps: what is made, what is left alone, and what is undone. */
import { describe, expect, it } from 'vitest';
import type { Tunnel } from '../../src/config/model.js';
import { needsOf } from '../../src/realserver/needs.js';
import { planOf } from '../../src/realserver/plan.js';
import { nothingMade } from '../../src/realserver/made.js';
import type { VipWish } from '../../src/realserver/wishes.js';
import { address, dr, freshHost, link, MemoryHost, wish, withSettings } from './host.js';

const tun = (vip: string, tunnel: Partial<Tunnel> = {}, realServer = '10.0.0.11'): VipWish => ({ address: vip, method: 'tun', tunnel: { type: 'ipip', port: 0, checksum: 'none', ...tunnel }, realServer });

describe('an address by dr', () => {
  it('is bound to lo after the settings that make the host silent about it, on all, lo and the interface', () => {
    expect(new MemoryHost().apply(wish(dr('192.0.2.1')))).toEqual([
      'set net.ipv4.conf.all.arp_ignore: 0 -> 1',
      'set net.ipv4.conf.all.arp_announce: 0 -> 2',
      'set net.ipv4.conf.lo.arp_ignore: 0 -> 1',
      'set net.ipv4.conf.lo.arp_announce: 0 -> 2',
      'set net.ipv4.conf.e0.arp_ignore: 0 -> 1',
      'set net.ipv4.conf.e0.arp_announce: 0 -> 2',
      'add 192.0.2.1/32 to lo',
    ]);
  });

  it('of IPv6 needs no settings', () => {
    expect(new MemoryHost().apply(wish(dr('2001:db8::1')))).toEqual(['add 2001:db8::1/128 to lo']);
  });

  it('goes after rules of ARP, with the address of the interface in place of it', () => {
    expect(new MemoryHost().apply(wish(dr('192.0.2.1', '2001:db8::1'), { arpMethod: 'arptables' }))).toEqual([
      'run arptables -N TANDEM-ARP-IN',
      'run arptables -A TANDEM-ARP-IN -j DROP -d 192.0.2.1',
      'run arptables -I INPUT -j TANDEM-ARP-IN',
      'run arptables -N TANDEM-ARP-OUT',
      'run arptables -A TANDEM-ARP-OUT -j mangle -o e0 -s 192.0.2.1 --mangle-ip-s 10.0.0.11',
      'run arptables -A TANDEM-ARP-OUT -j DROP -s 192.0.2.1',
      'run arptables -I OUTPUT -j TANDEM-ARP-OUT',
      'add 192.0.2.1/32 to lo',
      'add 2001:db8::1/128 to lo',
    ]);
  });

  it.each([
    ['1', []],
    ['2', []],
    ['8', []],
    ['3', ['set net.ipv4.conf.e0.arp_ignore: 3 -> 1']],
  ])('with arp_ignore=%s on the interface needs %j', (value, steps) => {
    const host = new MemoryHost(withSettings(freshHost, Object.fromEntries(['all', 'lo', 'e0'].flatMap((name) => [[`ipv4/conf/${name}/arp_ignore`, name === 'e0' ? value : '1'], [`ipv4/conf/${name}/arp_announce`, '2']]))));
    expect(host.apply(wish(dr('192.0.2.1'))).slice(0, -1)).toEqual(steps);
  });

  it('does without the settings of an interface that is gone', () => {
    expect(new MemoryHost().apply(wish(dr('192.0.2.1'), { interfaces: [{ name: 'e7' }] })).filter((step) => step.includes('e7'))).toEqual([]);
  });
});

describe('an address by tun', () => {
  it('is bound to the tunnel, which is set up; a strict filter for all becomes loose for the tunnel alone', () => {
    const host = new MemoryHost(withSettings(freshHost, { 'ipv4/conf/all/rp_filter': '1' }));
    const steps = host.apply(wish([tun('192.0.2.1')]));
    expect(steps[0]).toBe('set tunl0 up');
    expect(steps.slice(-2)).toEqual(['set net.ipv4.conf.tunl0.rp_filter: 0 -> 2', 'add 192.0.2.1/32 to tunl0']);
    expect(host.remove()).toEqual([
      'remove 192.0.2.1/32 from tunl0',
      ...['all', 'lo', 'e0'].flatMap((name) => [`set net.ipv4.conf.${name}.arp_ignore: 1 -> 0, as it was`, `set net.ipv4.conf.${name}.arp_announce: 2 -> 0, as it was`]),
      'set net.ipv4.conf.tunl0.rp_filter: 2 -> 0, as it was',
      'set tunl0 down, as it was',
    ]);
  });

  it.each([['0', '0'], ['1', '2'], ['0', '2'], ['2', '0']])('needs no other filter where all has %s and the tunnel %s', (all, own) => {
    const steps = new MemoryHost(withSettings(freshHost, { 'ipv4/conf/all/rp_filter': all, 'ipv4/conf/tunl0/rp_filter': own })).apply(wish([tun('192.0.2.1')]));
    expect(steps.filter((step) => step.includes('rp_filter'))).toEqual([]);
  });

  it('loads the module that brings the tunnel, and says by which command', () => {
    const facts = { ...freshHost, links: freshHost.links.filter(({ name }) => name !== 'tunl0') };
    expect(planOf(needsOf([wish([tun('192.0.2.1')])]), facts, nothingMade).steps[0]).toEqual({ kind: 'load_module', module: 'ipip', command: ['/sbin/modprobe'] });
    expect(planOf(needsOf([wish([tun('192.0.2.1')])]), { ...facts, modulesMissing: [] }, nothingMade).steps[0]).toEqual({ kind: 'raise', device: 'tunl0' });
  });

  it('leaves a tunnel up that was up, or on which someone else has an address by now', () => {
    const up = { ...freshHost, links: [link(1, 'lo'), link(2, 'e0'), link(3, 'tunl0')] };
    const one = new MemoryHost(up);
    one.apply(wish([tun('192.0.2.1')]));
    expect(one.remove()).not.toContain('set tunl0 down, as it was');
    const other = new MemoryHost();
    other.apply(wish([tun('192.0.2.1')]));
    other.facts = { ...other.facts, addresses: [...other.facts.addresses, address(3, '10.9.9.9/30')] };
    expect(other.remove()).not.toContain('set tunl0 down, as it was');
  });

  it.each([
    ['ipip of IPv6 over IPv4', tun('2001:db8::1'), ['load the kernel module sit (/sbin/modprobe sit)', 'set sit0 up']],
    ['ipip of IPv6 over IPv6', tun('2001:db8::1', {}, 'fd00::11'), ['load the kernel module ip6_tunnel (/sbin/modprobe ip6_tunnel)', 'set ip6tnl0 up']],
    ['ipip of IPv4 over IPv6', tun('192.0.2.1', {}, 'fd00::11'), ['load the kernel module ip6_tunnel (/sbin/modprobe ip6_tunnel)', 'make the tunnel tandem-any6 (ip6tnl, local fd00::11)', 'set tandem-any6 up']],
    ['gre', tun('192.0.2.1', { type: 'gre' }), ['load the kernel module ip_gre (/sbin/modprobe ip_gre)', 'set gre0 up']],
    ['gre with a checksum', tun('192.0.2.1', { type: 'gre', checksum: 'plain' }), ['load the kernel module ip_gre (/sbin/modprobe ip_gre)', 'make the tunnel tandem-gre4sum (gre, local 10.0.0.11, with checksums)', 'set tandem-gre4sum up']],
    ['gre over IPv6', tun('192.0.2.1', { type: 'gre' }, 'fd00::11'), ['load the kernel module ip6_gre (/sbin/modprobe ip6_gre)', 'make the tunnel tandem-gre6 (ip6gre, local fd00::11)', 'set tandem-gre6 up']],
    ['gue', tun('192.0.2.1', { type: 'gue', port: 6080 }), ['load the kernel module fou (/sbin/modprobe fou)', 'set tunl0 up', 'unwrap GUE on UDP port 6080 (IPv4)']],
    ['gue over IPv6', tun('2001:db8::1', { type: 'gue', port: 6080 }, 'fd00::11'), ['load the kernel module ip6_tunnel (/sbin/modprobe ip6_tunnel)', 'load the kernel module fou (/sbin/modprobe fou)', 'load the kernel module fou6 (/sbin/modprobe fou6)', 'set ip6tnl0 up', 'unwrap GUE on UDP port 6080 (IPv6)']],
  ] as const)('%s has its receiver', (_, vip, steps) => {
    expect(new MemoryHost().apply(wish([vip])).filter((step) => !/^set net|^add /.test(step))).toEqual(steps);
  });

  it('is on each tunnel that it comes out of, and a service by dr needs nothing more', () => {
    const steps = new MemoryHost().apply(wish([...dr('192.0.2.1'), tun('192.0.2.1'), tun('192.0.2.1', { type: 'gre', checksum: 'plain' })]));
    expect(steps.filter((step) => step.startsWith('add'))).toEqual(['add 192.0.2.1/32 to tunl0', 'add 192.0.2.1/32 to tandem-gre4sum']);
  });

  it('cannot be unwrapped without this host\'s address where the device needs it', () => {
    expect(() => needsOf([wish([{ address: '192.0.2.1', method: 'tun', tunnel: { type: 'gre', port: 0, checksum: 'plain' } }])])).toThrow('192.0.2.1: what unwraps gre over IPv4 needs this host\'s address: name it with --address');
    expect(() => needsOf([wish([tun('192.0.2.1', {}, 'fd00::11'), tun('192.0.2.2', {}, 'fd00::12')])])).toThrow('tandem-any6 can unwrap what is sent to one address of this host, and two are asked for');
  });

  it('cannot come by GRE with a checksum and without to one address', () => {
    expect(() => needsOf([wish([tun('192.0.2.1', { type: 'gre' }), tun('192.0.2.2', { type: 'gre', checksum: 'plain' })])])).toThrow('GRE with a checksum and without cannot both be unwrapped at 10.0.0.11');
  });
});

describe('a host that was changed', () => {
  it('is as it was after remove, whatever was asked for and in how many steps', () => {
    const host = new MemoryHost(withSettings(freshHost, { 'ipv4/conf/all/rp_filter': '1', 'ipv4/conf/e0/arp_announce': '1' }));
    const before = host.facts;
    host.apply(wish(dr('192.0.2.1', '2001:db8::1')));
    host.apply(wish(dr('192.0.2.2'), { arpMethod: 'arptables' }));
    host.apply(wish([tun('192.0.2.1'), tun('192.0.2.3', { type: 'gue', port: 6080 }), tun('192.0.2.4', {}, 'fd00::11')]));
    host.remove();
    expect(host.facts).toEqual({ ...before, addresses: expect.arrayContaining([...before.addresses]), fouPorts: [] });
    expect(host.facts.addresses).toHaveLength(before.addresses.length);
    expect(host.made).toEqual(nothingMade);
  });

  it('has nothing to do a second time', () => {
    for (const wishes of [wish(dr('192.0.2.1')), wish(dr('192.0.2.1'), { arpMethod: 'arptables' }), wish([tun('192.0.2.1'), tun('192.0.2.4', { type: 'gre', checksum: 'plain' })])]) {
      const host = new MemoryHost();
      expect(host.apply(wishes)).not.toEqual([]);
      expect(host.apply(wishes)).toEqual([]);
    }
  });

  it('loses only what no other name wishes', () => {
    const host = new MemoryHost();
    const [web, mail] = [wish(dr('192.0.2.1', '192.0.2.2')), wish(dr('192.0.2.2', '192.0.2.3'))];
    host.apply(web);
    expect(host.apply(web, mail)).toEqual(['add 192.0.2.3/32 to lo']);
    expect(host.remove(mail)).toEqual(['remove 192.0.2.1/32 from lo']);
    expect(host.remove()).toHaveLength(8);
  });

  it('moves an address of ours from lo to a tunnel', () => {
    const host = new MemoryHost();
    host.apply(wish(dr('192.0.2.1')));
    expect(host.apply(wish([tun('192.0.2.1')]))).toEqual(['remove 192.0.2.1/32 from lo', 'set tunl0 up', 'add 192.0.2.1/32 to tunl0']);
  });

  it('goes from settings to rules without a moment of neither', () => {
    const host = new MemoryHost();
    host.apply(wish(dr('192.0.2.1')));
    const steps = host.apply(wish(dr('192.0.2.1'), { arpMethod: 'arptables' }));
    expect(steps.findLastIndex((step) => step.startsWith('run arptables'))).toBeLessThan(steps.findIndex((step) => step.endsWith('as it was')));
    expect(steps.filter((step) => step.endsWith('as it was'))).toHaveLength(6);
  });

  it('keeps what someone else has changed since, and does not put an older value over it', () => {
    const host = new MemoryHost();
    host.apply(wish(dr('192.0.2.1')));
    host.facts = withSettings(host.facts, { 'ipv4/conf/e0/arp_ignore': '2' });
    expect(host.remove().filter((step) => step.includes('e0.arp_ignore'))).toEqual([]);
    const again = new MemoryHost();
    again.apply(wish(dr('192.0.2.1')));
    again.facts = withSettings(again.facts, { 'ipv4/conf/e0/arp_announce': '1' });
    again.apply(wish(dr('192.0.2.1')));
    expect(again.remove()).toContain('set net.ipv4.conf.e0.arp_announce: 2 -> 1, as it was');
  });

  it('keeps an address that was there before', () => {
    const host = new MemoryHost({ ...freshHost, addresses: [...freshHost.addresses, address(1, '192.0.2.1/32')] });
    host.apply(wish(dr('192.0.2.1')));
    expect(host.remove().filter((step) => step.startsWith('remove'))).toEqual([]);
  });
});

describe('what is in the way', () => {
  const on = (index: number, text: string, services: readonly string[] = []) => new MemoryHost({ ...freshHost, addresses: [...freshHost.addresses, address(index, text)], services: new Set(services) }).problems(wish(dr('192.0.2.1')));

  it('is the address on another interface', () => {
    expect(on(2, '192.0.2.1/24')).toEqual([
      "192.0.2.1/24 is on e0 already, and a real server has a virtual address on lo alone. It may be this host's own address, or this host a director that holds it; if it is left over: ip addr del 192.0.2.1/24 dev e0",
    ]);
  });

  it('is a whole network on lo', () => {
    expect(on(1, '192.0.2.1/24')).toEqual(["192.0.2.1/24 is on lo already, and there the whole network would be this host's own: ip addr del 192.0.2.1/24 dev lo"]);
  });

  it('is that this host is the director that holds it, or one that might', () => {
    expect(on(2, '192.0.2.1/32', ['192.0.2.1'])).toEqual(['192.0.2.1/32 is on e0 already: this host is the director that holds it now. What it schedules to itself IPVS delivers locally, so it needs none of this']);
    expect(on(2, '192.0.2.9/32', ['192.0.2.1'])).toEqual([expect.stringMatching(/^192\.0\.2\.1: this host is a director for it, .* give the service forwarding: fullnat/)]);
    expect(on(2, '192.0.2.9/32', ['192.0.2.9'])).toEqual([]);
  });

  it('is not an address of ours that has to move', () => {
    const host = new MemoryHost();
    host.apply(wish(dr('192.0.2.1')));
    expect(host.problems(wish([tun('192.0.2.1')]))).toEqual([]);
  });
});
