/** Routes and rules in the kernel: held by the master, moved by a failover, put back, taken over, released; static ones; tracked ones. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import type { InstanceConfiguration } from '../../src/config/model.js';
import { accepted } from '../config/reading.js';
import { type Host, ipIn } from './namespaces.js';
import { staged } from './stage.js';
import type { VrrpChild } from './vrrp-child.js';

const context = staged();

/** What `ip route` and `ip rule` show of ours (protocol 112), a line each. */
const routesOf = (host: Host, ...arguments_: string[]): readonly string[] =>
  ipIn(host, ...arguments_, 'route', 'show', 'table', 'all', 'proto', '112').split('\n').map((line) => line.replace(/ proto 112| pref medium/g, '').trim()).filter((line) => line !== '').sort();
const rulesOf = (host: Host, ...arguments_: string[]): readonly string[] =>
  ipIn(host, ...arguments_, 'rule', 'show').split('\n').filter((line) => line.includes('proto 112')).map((line) => line.replace(/ proto 112/, '').replace(/\s+/g, ' ').trim());

const instances = (keys: string, more = ''): { readonly instances: readonly InstanceConfiguration[]; readonly fixed: NonNullable<ReturnType<typeof accepted>['vrrp']['static']> | undefined } => {
  const { vrrp } = accepted(`
vrrp:
  instances:
    - name: web
      interface: e0
      virtual_router_id: 51
      priority: 100
      advertisement_interval: 100ms
      virtual_addresses: [10.77.0.100/32, { address: "2001:db8::100", advertise: false }]
      garp: { repeat: 1, delay: 0s, refresh: 0s }
${keys}
${more}`);
  return { instances: vrrp.instances, fixed: vrrp.static };
};

const all = `
      virtual_routes:
        - { destination: 10.8.0.0/24, via: 10.77.0.254, source: 10.77.0.100, mtu: 1400 }
        - { destination: default, via: 10.77.0.253, table: 100, metric: 5 }
        - { destination: 10.9.0.0/16, type: blackhole }
        - { destination: 10.12.0.0/24, next_hops: [{ via: 10.77.0.252 }, { via: 10.77.0.251, weight: 3 }] }
        - { destination: 10.13.0.0/24, scope: link }
        - { destination: "2001:db8:8::/48", via: "fe80::254", interface: e0, source: "2001:db8::100" }
      virtual_rules:
        - { priority: 1000, from: 10.77.0.100, table: 100 }
        - { priority: 1001, to: "2001:db8:8::/48", fwmark: "0x10/0xff", iif: e0, table: 1000 }`;
const shownRoutes = [
  '10.12.0.0/24 nexthop via 10.77.0.252 dev e0 weight 1 nexthop via 10.77.0.251 dev e0 weight 3',
  '10.13.0.0/24 dev e0 scope link',
  '10.8.0.0/24 via 10.77.0.254 dev e0 src 10.77.0.100 mtu 1400',
  'blackhole 10.9.0.0/16',
  'default via 10.77.0.253 dev e0 table 100 metric 5',
];
const shownIPv6 = ['2001:db8:8::/48 via fe80::254 dev e0 src 2001:db8::100 metric 1024'];
const joined = (host: Host, ...arguments_: string[]): readonly string[] => routesOf(host, ...arguments_).reduce<string[]>((lines, line) => (line.startsWith('nexthop') ? lines : [...lines, line]), []);
/** `ip` writes each next hop on a line of its own; -oneline joins them. */
const held = (host: Host): readonly string[] => joined(host, '-4', '-oneline').map((line) => line.replace(/\s*\\\s*/g, ' '));

const start = async (host: Host, keys: string, more?: string): Promise<VrrpChild> => {
  const child = context.stage.child(host);
  const { instances: list, fixed } = instances(keys, more);
  await child.configure(list, fixed ? { fixed } : {});
  return child;
};
const isHeld = (status: { readonly virtual_routes?: readonly { readonly held: boolean }[]; readonly virtual_rules?: readonly { readonly held: boolean }[] }): boolean =>
  [...(status.virtual_routes ?? []), ...(status.virtual_rules ?? [])].every((item) => item.held);

describe('the routes and rules of a master', () => {
  it('are in the kernel as configured, after the addresses, and move with a failover', async () => {
    const { stage } = context;
    const a = await start(stage.a, all);
    await a.line(/^web: holding 6 routes and 2 rules$/);
    expect([held(stage.a), routesOf(stage.a, '-6')]).toEqual([shownRoutes, shownIPv6]);
    expect([...rulesOf(stage.a), ...rulesOf(stage.a, '-6')]).toEqual(['1000: from 10.77.0.100 lookup 100', '1001: from all to 2001:db8:8::/48 fwmark 0x10/0xff iif e0 lookup 1000']);
    const status = await a.statusThat(isHeld, 'holding all');
    expect(status.virtual_routes?.[0]).toEqual({ name: '10.8.0.0/24 via 10.77.0.254 src 10.77.0.100 mtu 1400', held: true });

    const b = await start(stage.b, all);
    await b.statusThat(({ master }) => master === '10.77.0.1', 'hearing a');
    expect([held(stage.b), routesOf(stage.b, '-6'), rulesOf(stage.b)]).toEqual([[], [], []]);
    expect((await b.status()).virtual_rules).toEqual([{ name: '1000: from 10.77.0.100 lookup 100', held: false }, { name: '1001: from all to 2001:db8:8::/48 fwmark 0x10/0xff iif e0 lookup 1000', held: false }]);
    await a.stop();
    expect([held(stage.a), routesOf(stage.a, '-6'), rulesOf(stage.a), rulesOf(stage.a, '-6')]).toEqual([[], [], [], []]);
    await b.line(/^web: holding 6 routes and 2 rules$/);
    expect([held(stage.b), routesOf(stage.b, '-6')]).toEqual([shownRoutes, shownIPv6]);
    expect(a.lines(/^web: released 6 routes and 2 rules$/)).toHaveLength(1);
  });

  it('stand before a stranger`s route to the same network, which is there again when they go', async () => {
    const { stage } = context;
    ipIn(stage.a, 'route', 'add', 'default', 'via', '10.77.0.9');
    const a = await start(stage.a, '      virtual_routes: [{ destination: default, via: 10.77.0.254, source: 10.77.0.100 }]');
    await a.line(/^web: holding 1 route$/);
    expect(ipIn(stage.a, 'route', 'get', '192.0.2.1')).toMatch(/via 10\.77\.0\.254 dev e0 src 10\.77\.0\.100/);
    await a.stop();
    expect(ipIn(stage.a, 'route', 'show', 'default')).toMatch(/^default via 10\.77\.0\.9 dev e0 *\n$/);
  });

  it('that someone else deletes are back within a second, and it is told who did it', async () => {
    const { stage } = context;
    const a = await start(stage.a, all);
    await a.statusThat(isHeld, 'holding all');
    const at = Date.now();
    ipIn(stage.a, 'route', 'del', '10.8.0.0/24');
    ipIn(stage.a, 'route', 'del', '10.12.0.0/24');
    ipIn(stage.a, '-6', 'route', 'del', '2001:db8:8::/48');
    ipIn(stage.a, 'rule', 'del', 'priority', '1000');
    await a.line(/^web: someone else deleted .*rule 1000: from 10\.77\.0\.100 lookup 100.* while we are MASTER$/);
    const back = await a.line(/^web: put back/);
    expect(back.time - at).toBeLessThan(1_000);
    await a.statusThat(isHeld, 'holding all again');
    expect([held(stage.a), routesOf(stage.a, '-6'), rulesOf(stage.a)]).toEqual([shownRoutes, shownIPv6, ['1000: from 10.77.0.100 lookup 100']]);
    expect(await a.status()).toMatchObject({ state: 'MASTER', counters: { to_master: 1, routes_put_back: 4 } });
  });

  it('that someone else replaces are back beside the other`s', async () => {
    const { stage } = context;
    const a = await start(stage.a, '      virtual_routes: [{ destination: 10.8.0.0/24, via: 10.77.0.254 }]');
    await a.statusThat(isHeld, 'holding it');
    ipIn(stage.a, 'route', 'replace', '10.8.0.0/24', 'via', '10.77.0.9');
    await a.line(/^web: someone else deleted route 10\.8\.0\.0\/24 via 10\.77\.0\.254 while we are MASTER$/);
    await a.line(/^web: put back 1 route$/);
    expect(ipIn(stage.a, 'route', 'get', '10.8.0.1')).toMatch(/via 10\.77\.0\.254/);
    expect(routesOf(stage.a, '-4')).toHaveLength(1);
  });

  it('of IPv6 whose place a stranger`s equal route has are told of, and it is not taken away', async () => {
    const { stage } = context;
    ipIn(stage.a, '-6', 'addr', 'add', '2001:db8::1/64', 'dev', 'e0', 'nodad');
    ipIn(stage.a, '-6', 'route', 'add', '2001:db8:8::/48', 'via', '2001:db8::2');
    const a = await start(stage.a, '      virtual_routes: [{ destination: "2001:db8:8::/48", via: "2001:db8::2" }]');
    await a.line(/^web: route 2001:db8:8::\/48 via 2001:db8::2 could not be added: EEXIST, there is one already that is not ours/);
    await a.stop();
    expect(ipIn(stage.a, '-6', 'route', 'show', '2001:db8:8::/48')).toMatch(/via 2001:db8::2/);
  });

  it('that go with an interface, or with their source address, come back with it', async () => {
    const { stage } = context;
    stage.segment.host('a', '10.78.0.1/24', 'e1', stage.a);
    const a = await start(stage.a, '      virtual_routes: [{ destination: 10.8.0.0/24, via: 10.78.0.254 }, { destination: 10.9.0.0/24, interface: e1, source: 10.77.0.100 }, { destination: "2001:db8:8::/48", interface: e0, source: "2001:db8::100" }]');
    await a.statusThat(isHeld, 'holding all');
    ipIn(stage.a, 'link', 'set', 'e1', 'down');
    await a.line(/^web: route 10\.8\.0\.0\/24 via 10\.78\.0\.254, route 10\.9\.0\.0\/24 dev e1 src 10\.77\.0\.100 went with its interface or address$/);
    expect(routesOf(stage.a, '-4')).toEqual([]);
    ipIn(stage.a, 'link', 'set', 'e1', 'up');
    await a.statusThat(isHeld, 'holding all again');
    expect(routesOf(stage.a, '-4')).toHaveLength(2);

    ipIn(stage.a, 'addr', 'del', '10.77.0.100/32', 'dev', 'e0');
    ipIn(stage.a, 'addr', 'del', '2001:db8::100/128', 'dev', 'e0');
    await a.statusThat(({ counters }) => (counters['routes_put_back'] ?? 0) >= 4, 'put back');
    await a.statusThat(isHeld, 'holding all for the third time');
    expect(routesOf(stage.a, '-6')).toEqual(['2001:db8:8::/48 dev e0 src 2001:db8::100 metric 1024']);
    expect(a.lines(/someone else deleted route/)).toEqual([]);
  });

  it('are not touched by a reload unless they differ', async () => {
    const { stage } = context;
    const a = await start(stage.a, all);
    await a.statusThat(isHeld, 'holding all');
    const mark = a.mark;
    await a.configure(instances(all).instances);
    expect(a.log.slice(mark)).toEqual([]);
    await a.configure(instances(all.replace('10.77.0.253', '10.77.0.250').replace(/ {8}- \{ priority: 1000.*\n/, '')).instances);
    await a.statusThat(isHeld, 'holding the new ones');
    expect(a.lines(/route|rule/, mark)).toEqual(expect.arrayContaining(['web: released 1 route and 1 rule', 'web: added 1 route']));
    expect(a.log.slice(mark)).toHaveLength(2);
    expect(held(stage.a)).toEqual(shownRoutes.map((line) => line.replace('10.77.0.253', '10.77.0.250')));
    expect((await a.status()).counters['to_master']).toBe(1);
  });

  it('outlive a storm of a routing daemon`s routes while the process stands still', async () => {
    const { stage } = context;
    const a = await start(stage.a, `${all}\n      track: { routes: [10.66.0.0/24] }`, 'static: { routes: [{ destination: 10.66.0.0/24, interface: e0 }] }');
    await a.statusThat(isHeld, 'holding all');
    const many = Array.from({ length: 15_000 }, (_, index) => `10.${100 + (index >> 14)}.${(index >> 6) & 255}.${(index & 63) * 4}/30 via 10.77.0.254 proto bird`);
    const batch = (verb: string): void => void execFileSync('ip', ['-n', stage.a.namespace, '-batch', '-'], { input: many.map((one) => `route ${verb} ${one}\n`).join('') });
    a.kill('SIGSTOP');
    batch('add');
    batch('del');
    a.kill('SIGCONT');
    await a.statusThat(({ state }) => state === 'MASTER', 'MASTER');
    ipIn(stage.a, 'route', 'del', '10.8.0.0/24');
    await a.line(/^web: put back 1 route$/);
    expect(held(stage.a)).toEqual([...shownRoutes, '10.66.0.0/24 dev e0 scope link'].sort());
  });

  it('that the kernel refuses are told with the reason, and wait for what they lack', async () => {
    const { stage } = context;
    const a = await start(stage.a, '      virtual_routes: [{ destination: 10.8.0.0/24, via: 10.99.0.1 }, { destination: 10.9.0.0/24, interface: e7 }]');
    expect((await a.line(/^web: route 10\.8\.0\.0\/24 via 10\.99\.0\.1 could not be added: ENETUNREACH, the gateway cannot be reached/)).level).toBe('error');
    await a.line(/^web: route 10\.9\.0\.0\/24 dev e7 could not be added: there is no interface e7$/);
    expect((await a.status()).counters['route_errors']).toBe(2);
    stage.segment.host('a', '10.99.0.2/24', 'e7', stage.a);
    await a.statusThat(isHeld, 'holding both');
    expect(routesOf(stage.a, '-4')).toEqual(['10.8.0.0/24 via 10.99.0.1 dev e7', '10.9.0.0/24 dev e7 scope link']);
  });
});

describe('what an earlier run left', () => {
  it('is taken over, or removed when nobody wants it or another is master; a stranger`s stays', async () => {
    const { stage } = context;
    const first = await start(stage.a, all);
    await first.statusThat(isHeld, 'holding all');
    first.kill('SIGKILL');
    await first.exited;
    expect(held(stage.a)).toEqual(shownRoutes);
    ipIn(stage.a, 'route', 'add', '10.20.0.0/24', 'via', '10.77.0.254');
    const { instances: list } = instances(all);
    const ownedRouting = { routes: list[0]?.virtualRoutes ?? [], rules: list[0]?.virtualRules ?? [] };

    const second = context.stage.child(stage.a);
    await second.configure(instances(all.replace(/ {8}- \{ destination: 10\.9.*\n/, '')).instances, { ownedRouting });
    expect(second.lines(/^removed 1 route of an earlier configuration: route blackhole 10\.9\.0\.0\/16$/)).toHaveLength(1);
    await second.line(/^web: holding 5 routes and 2 rules$/);
    expect(held(stage.a)).toEqual(shownRoutes.filter((line) => !line.startsWith('blackhole')));
    second.kill('SIGKILL');
    await second.exited;

    const b = await start(stage.b, all);
    await b.becomes('MASTER');
    const third = context.stage.child(stage.a);
    await third.configure(instances(all.replace('MASTER', '')).instances.map((one) => ({ ...one, priority: 50 })), { ownedRouting, owned: [{ interface: 'e0', address: '10.77.0.100', prefixLength: 32 }] });
    await third.line(/^web: released/);
    await third.statusThat(({ master }) => master === '10.77.0.2', 'hearing b');
    expect([held(stage.a), routesOf(stage.a, '-6'), rulesOf(stage.a), rulesOf(stage.a, '-6')]).toEqual([[], [], [], []]);
    expect(ipIn(stage.a, 'route', 'show', '10.20.0.0/24')).toMatch(/via 10\.77\.0\.254/);
  });
});

describe('static addresses, routes and rules', () => {
  const fixed = (text: string) => `static:\n${text}`;
  const some = fixed(`  addresses: [{ address: 10.80.0.1/24, interface: e0 }]
  routes: [{ destination: 10.81.0.0/24, via: 10.80.0.254, source: 10.80.0.1 }]
  rules: [{ priority: 900, from: 10.80.0.0/24, table: 100 }]`);

  it('are there whatever the election says, come back when someone deletes them, and go at the end', async () => {
    const { stage } = context;
    const b = await start(stage.b, '');
    await b.becomes('MASTER');
    const a = await start(stage.a, '      preempt: false', some);
    const shown = (): readonly string[] => [...routesOf(stage.a, '-4'), ...rulesOf(stage.a), ipIn(stage.a, '-4', '-br', 'addr', 'show', 'dev', 'e0').includes('10.80.0.1/24') ? 'address' : ''];
    const whole = ['10.81.0.0/24 via 10.80.0.254 dev e0 src 10.80.0.1', '900: from 10.80.0.0/24 lookup 100', 'address'];
    expect(shown()).toEqual(whole);
    expect((await a.status()).state).not.toBe('MASTER');
    const mark = a.mark;
    ipIn(stage.a, 'rule', 'del', 'priority', '900');
    await a.line(/^static: someone else deleted rule 900: from 10\.80\.0\.0\/24 lookup 100$/, mark);
    await a.line(/^static: put back 1 rule$/, mark);
    ipIn(stage.a, 'addr', 'del', '10.80.0.1/24', 'dev', 'e0');
    await a.line(/^static: put back 1 address$/, mark);
    await a.line(/^static: put back 1 route$/, mark);
    expect(shown()).toEqual(whole);

    const { instances: list, fixed: other } = instances('      preempt: false', fixed('  addresses: [{ address: 10.80.0.1/24, interface: e0 }]\n  rules: [{ priority: 901, from: 10.80.0.0/24, table: 100 }]'));
    await a.configure(list, other ? { fixed: other } : {});
    expect(shown()).toEqual(['901: from 10.80.0.0/24 lookup 100', 'address']);
    await a.stop();
    expect(shown()).toEqual(['']);
  });

  it('that are there already are not ours to take away', async () => {
    const { stage } = context;
    ipIn(stage.a, 'addr', 'add', '10.80.0.1/24', 'dev', 'e0');
    const a = await start(stage.a, '', some);
    await a.becomes('MASTER');
    await a.stop();
    expect(ipIn(stage.a, '-4', '-br', 'addr', 'show', 'dev', 'e0')).toContain('10.80.0.1/24');
    expect(routesOf(stage.a, '-4')).toEqual([]);
  });
});

describe('a tracked route', () => {
  it('that is missing is FAULT without a weight and costs priority with one, until it is there again', async () => {
    const { stage } = context;
    ipIn(stage.a, 'route', 'add', '10.0.0.0/8', 'via', '10.77.0.254');
    const a = await start(stage.a, '      track: { routes: [10.0.0.0/8, { destination: default, via: 10.77.0.253, weight: -20 }] }');
    await a.becomes('MASTER');
    const status = await a.status();
    expect(status).toMatchObject({ effective_priority: 80, trackers: [{ type: 'route', name: '10.0.0.0/8', state: 'up', fault: false }, { name: 'default via 10.77.0.253', state: 'down', weight: -20, contribution: -20, reason: 'is missing' }] });
    ipIn(stage.a, 'route', 'add', 'default', 'via', '10.77.0.252', 'metric', '7'); // another gateway
    ipIn(stage.a, 'route', 'add', 'default', 'via', '10.77.0.253');
    await a.line(/^web: effective priority 80 -> 100, route default via 10\.77\.0\.253 is there/);
    ipIn(stage.a, 'route', 'del', '10.0.0.0/8');
    await a.line(/^web: MASTER -> FAULT, route 10\.0\.0\.0\/8 is missing/);
    ipIn(stage.a, 'route', 'add', '10.0.0.0/8', 'via', '10.77.0.254');
    await a.line(/^web: FAULT -> BACKUP, route 10\.0\.0\.0\/8 is there/);
    await a.becomes('MASTER', 'web', a.mark);
  });

  it('that goes with its interface, of which the kernel says nothing, is missed all the same', async () => {
    const { stage } = context;
    stage.segment.host('a', '10.78.0.1/24', 'e1', stage.a);
    ipIn(stage.a, 'route', 'add', '10.0.0.0/8', 'via', '10.78.0.254');
    const a = await start(stage.a, '      track: { routes: [10.0.0.0/8] }');
    await a.becomes('MASTER');
    ipIn(stage.a, 'link', 'set', 'e1', 'down');
    await a.line(/^web: MASTER -> FAULT, route 10\.0\.0\.0\/8 is missing/);
  });
});
