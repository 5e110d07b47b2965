/** `tandem status` for people. */
import { describe, expect, it } from 'vitest';
import { formatAge, formatStatus } from '../../src/control/status-table.js';
import type { InstanceStatus, RealServerStatus, Status, VirtualServerStatus } from '../../src/control/status.js';
import { shorten } from '../../src/control/table.js';

const now = Date.parse('2026-11-21T12:00:00Z');
const ago = (seconds: number): string => new Date(now - seconds * 1_000).toISOString();

const instance = (more: Partial<InstanceStatus> = {}): InstanceStatus => ({
  name: 'web',
  interface: 'eth0',
  virtual_router_id: 51,
  version: 3,
  family: 'ipv4',
  state: 'MASTER',
  since: ago(11_520),
  priority: 150,
  effective_priority: 150,
  master: null,
  master_priority: null,
  advertisement_interval_ms: 1_000,
  master_down_interval_ms: 3_414,
  sync_group: null,
  virtual_addresses: [
    { address: '192.168.50.100', interface: 'eth0', held: true },
    { address: '192.168.20.31', interface: 'eth1', held: true },
  ],
  address_list_agrees: true,
  split_brain: false,
  conflicts: [],
  trackers: [],
  reason: 'no advertisement',
  yielding: false,
  counters: {},
  ...more,
});

const server = (more: Partial<RealServerStatus> = {}): RealServerStatus => ({
  address: '192.168.50.22',
  port: 80,
  weight: 1,
  configured_weight: 1,
  forwarding: 'dr',
  healthy: true,
  reason: 'status 200',
  since: ago(240),
  check: 'http',
  ...more,
});

const service = (more: Partial<VirtualServerStatus> = {}): VirtualServerStatus => ({
  name: 'web-http',
  address: '192.168.50.100',
  port: 80,
  fwmark: null,
  services: ['192.168.50.100:80/tcp'],
  protocol: 'tcp',
  scheduler: 'wrr',
  quorum_up: true,
  sorry_server_active: false,
  real_servers: [server(), server({ address: '192.168.50.23', weight: null, configured_weight: 2, healthy: false, reason: 'connection refused', since: ago(12) })],
  ...more,
});

const status = (more: Partial<Status> = {}): Status => ({
  router_id: 'director-a',
  version: '0.1.0',
  pid: 321,
  started_at: ago(11_530),
  config: { path: '/etc/tandem/tandem.yaml', sha256: '3f2a91c04b1d77aa', loaded_at: ago(11_530) },
  instances: [instance()],
  virtual_servers: [service()],
  sync: { role: 'master', id: 51, interface: 'eth1' },
  processes: [{ name: 'tandemd', pid: 321, restarts: 0, responding: true, dropped_messages: 0 }],
  ...more,
});

// eslint-disable-next-line no-control-regex
const plain = (text: string): string => text.replaceAll(/\u001b\[\d+m/g, '');

describe('the status table', () => {
  it('says which instances the operator handed over', () => {
    const handedOver = instance({ state: 'BACKUP', master: '192.168.50.32', yielding: true });
    expect(formatStatus(status({ instances: [handedOver] }), { colours: false, now }).replace(/\s+/g, ' ')).toContain(
      "! web was handed over by 'tandem failover': it takes over only when the other master fails, or after 'tandem failover web --cancel'",
    );
  });

  it('warns while packets that are not authentic are accepted', () => {
    const heard = { type: 'hmac', mode: 'permissive', active_key: 1, keys: [1], anti_replay: 'time', time_window_ms: 5_000, heard: [] } as const;
    expect(formatStatus(status({ instances: [instance({ authentication: heard })] }), { colours: false, now })).toContain('! web: authentication.mode is permissive: packets that are not authentic are accepted\n');
    expect(formatStatus(status({ instances: [instance({ authentication: { ...heard, mode: 'enforce' } })] }), { colours: false, now })).not.toContain('!');
  });

  it('shows a master with one server down', () => {
    expect(formatStatus(status(), { colours: false, now })).toBe(
      [
        'director-a  tandemd 0.1.0, pid 321, up 3 h 12 m',
        'configuration /etc/tandem/tandem.yaml (3f2a91c04b1d), loaded 3 h 12 m ago',
        'connection sync: master, id 51, on eth1',
        '',
        'INSTANCE  STATE   SINCE     PRIORITY  MASTER         ADDRESSES',
        'web       MASTER  3 h 12 m  150       this director  192.168.50.100 and 1 more',
        '',
        'VIRTUAL SERVER      BY  WEIGHT  HEALTH  SINCE  CHECK',
        'web-http  192.168.50.100:80/tcp  wrr  1 of 2 up',
        '  192.168.50.22:80  dr  1       up      4 m    http',
        '  192.168.50.23:80  dr  -       DOWN    12 s   http',
        '      connection refused',
      ].join('\n'),
    );
  });

  it('shows what leaves the table, configured still or not', () => {
    const leaving = { since: ago(4), until: ago(-26) };
    const shown = formatStatus(status({ virtual_servers: [service({ real_servers: [server({ weight: 0 })], leaving: [{ address: '192.168.50.22', port: 80, ...leaving }, { address: '192.168.50.24', port: 80, ...leaving }] })] }), { colours: false, now });
    expect(shown.split('\n').slice(-5)).toEqual([
      'web-http  192.168.50.100:80/tcp  wrr  1 of 1 up',
      '  192.168.50.22:80  dr  0 of 1  up       4 m    http',
      '      leaving since 2026-11-21T11:59:56.000Z, deleted by 2026-11-21T12:00:26.000Z at the latest',
      '  192.168.50.24:80      0       leaving  4 s',
      '      leaving since 2026-11-21T11:59:56.000Z, deleted by 2026-11-21T12:00:26.000Z at the latest',
    ]);
  });

  it('shows the effective priority, and the trackers that fail', () => {
    const trackers: InstanceStatus['trackers'] = [
      { type: 'script', name: 'resolver', state: 'down', weight: -30, contribution: -30, fault: false, reason: 'failed: exit status 1 (2 failures)' },
      { type: 'interface', name: 'eth1', state: 'up', weight: null, contribution: 0, fault: false, reason: 'is up' },
    ];
    const shown = formatStatus(status({ instances: [instance({ effective_priority: 120, trackers })] }), { colours: false, now });
    expect(shown).toContain('120 of 150');
    expect(shown.split('\n').filter((line) => line.startsWith('! '))).toEqual(['! web: script resolver failed: exit status 1 (2 failures)']);
  });

  it('warns on the standby that this director is not master, and of what else is wrong', () => {
    const shown = formatStatus(
      status({
        sync: null,
        instances: [
          instance({ state: 'BACKUP', master: '192.168.50.31', address_list_agrees: false, virtual_addresses: [] }),
          instance({ name: 'lan', state: 'FAULT', reason: 'eth1 has no carrier', effective_priority: 0 }),
          instance({ name: 'dmz', virtual_addresses: [{ address: '10.0.0.1', interface: 'eth2', held: false }] }),
          instance({
            name: 'split',
            split_brain: true,
            conflicts: [
              { kind: 'master', interface: 'eth0', address: '192.168.50.31', hardware_address: '02:00:00:00:00:31', virtual_addresses: [], since: ago(3), count: 3 },
              { kind: 'arp', interface: 'eth0', address: null, hardware_address: '02:00:00:00:00:22', virtual_addresses: ['192.168.50.100', '192.168.50.101'], since: ago(3), count: 9 },
            ],
          }),
        ],
        virtual_servers: [service({ quorum_up: false, sorry_server_active: true, real_servers: [] })],
        processes: [
          { name: 'vrrp', pid: null, restarts: 4, responding: false, dropped_messages: 0 },
          { name: 'lvs', pid: 5, restarts: 0, responding: false, dropped_messages: 3 },
        ],
      }),
      { colours: false, now },
    );
    expect(shown.split('\n').filter((line) => line.startsWith('! '))).toEqual([
      '! this director is not master of web (BACKUP; the master is 192.168.50.31)',
      '! this director is not master of lan (FAULT; no master is heard)',
      '! lan is in FAULT: eth1 has no carrier',
      '! split: split brain: 192.168.50.31 (02:00:00:00:00:31) on eth0 is master too',
      '! split: split brain: 02:00:00:00:00:22 on eth0 answers ARP for 192.168.50.100 and 1 more',
      '! web: the master 192.168.50.31 lists other addresses than this director',
      '! dmz is MASTER, but does not hold 10.0.0.1',
      '! web-http has lost its quorum',
      '! the process vrrp is being started again',
      '! the process lvs does not answer: its part of this status is old',
      '! 3 messages from or to the process lvs were dropped',
    ]);
    expect(shown).toContain('web-http  192.168.50.100:80/tcp  wrr  0 of 0 up  QUORUM LOST  sorry server');
    expect(shown).toContain('lan       FAULT   3 h 12 m  0 of 150  none heard');
  });

  it('counts routes and rules, and warns of those that are not there while this director is master', () => {
    const held = (name: string, is = true) => ({ name, held: is });
    const shown = formatStatus(
      status({
        instances: [
          instance({ virtual_routes: [held('default via 10.0.0.1'), held('10.8.0.0/24 dev eth1', false)], virtual_rules: [held('1000: from 10.0.0.2 lookup 100', false)] }),
          instance({ name: 'lan', state: 'BACKUP', master: '10.0.0.9', virtual_routes: [held('10.9.0.0/24 dev eth1', false)] }),
        ],
        static: { addresses: [{ address: '10.1.0.1/24', interface: 'eth1', held: false }], routes: [held('10.7.0.0/24 via 10.1.0.2')], rules: [] },
      }),
      { colours: false, now },
    ).split('\n');
    expect(shown).toEqual(expect.arrayContaining(['web: 2 routes, 1 rule, 1 held', 'lan: 1 route, 0 held', 'static: 1 address, 1 route']));
    expect(shown.filter((line) => line.startsWith('! '))).toEqual([
      '! this director is not master of lan (BACKUP; the master is 10.0.0.9)',
      '! web is MASTER, but does not hold route 10.8.0.0/24 dev eth1, rule 1000: from 10.0.0.2 lookup 100',
      '! of the static section 10.1.0.1/24 on eth1 is not there',
    ]);
  });

  it('fits 100 columns whatever the names and reasons are, and lets no control character through', () => {
    const long = 'n'.repeat(200);
    const address = '2001:db8:1111:2222:3333:4444:5555:6666';
    const shown = formatStatus(
      status({
        router_id: long,
        config: { path: `/${long}`, sha256: 'a'.repeat(64), loaded_at: ago(9_999_999) },
        instances: [instance({ name: long, state: 'BACKUP', since: ago(99_999_999), master: address, effective_priority: 140, virtual_addresses: Array.from({ length: 120 }, () => ({ address, interface: 'eth0', held: false })) })],
        virtual_servers: [
          service({
            name: long,
            address,
            port: 65_535,
            quorum_up: false,
            sorry_server_active: true,
            real_servers: Array.from({ length: 120 }, () => server({ address, port: 65_535, weight: 0, configured_weight: 65_535, healthy: false, since: ago(99_999_999), reason: `${'words '.repeat(40)}\u001b[2J\n${long}` })),
          }),
        ],
      }),
      { colours: true, now },
    );
    const lines = plain(shown).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    // eslint-disable-next-line no-control-regex
    expect(lines.some((line) => /[\u0000-\u001f]/.test(line))).toBe(false);
  });

  it('has colours only when asked, and the same text', () => {
    const coloured = formatStatus(status(), { colours: true, now });
    expect(coloured).toContain('\u001b[32mMASTER\u001b[0m');
    expect(coloured).toContain('\u001b[31mDOWN\u001b[0m');
    expect(plain(coloured)).toBe(formatStatus(status(), { colours: false, now }));
  });

  it.each([
    [5, '5 s'],
    [59, '59 s'],
    [61, '1 m'],
    [11_520, '3 h 12 m'],
    [100_000, '1 d 3 h'],
    [-5, '0 s'],
  ])('an age of %d seconds is %s', (seconds, shown) => {
    expect(formatAge(ago(seconds), now)).toBe(shown);
  });

  it('a name that is too long loses its middle', () => {
    expect(shorten('production-frontend-http', 13)).toBe('produc…d-http');
  });
});
