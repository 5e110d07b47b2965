// The IPVS code against a real kernel, with ipvsadm to look and to play the stranger.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { schedulers } from '../../src/config/model.js';
import type { DestinationEntry } from '../../src/ipvs/destination.js';
import type { DesiredService } from '../../src/ipvs/reconcile.js';
import { schedulerModule } from '../../src/ipvs/scheduler.js';
import type { AddressService } from '../../src/ipvs/service.js';
import { Lab, root } from '../../src/lab/lab.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { destination, service } from '../ipvs/samples.js';

interface Reconciled {
  readonly operations: readonly string[];
  readonly failures: readonly string[];
  readonly modules: readonly string[];
  readonly ms: { readonly read: number; readonly decide: number; readonly apply: number };
}

let lab: Lab;
let folder: string;
let count = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tandem-ipvs-lab-'));
  lab = await Lab.boot();
}, 90_000);
afterAll(async () => {
  await lab.stop();
  rmSync(folder, { recursive: true });
});

/** Carries out the steps of test/ipvs/lab-driver.mjs in the lab, one process for all of them. */
const drive = async (...steps: readonly (readonly [step: string, argument?: unknown])[]): Promise<readonly unknown[]> => {
  const file = join(folder, `steps-${count++}.json`);
  writeFileSync(file, JSON.stringify(steps));
  return JSON.parse(await lab.must(`${process.execPath} ${root}test/ipvs/lab-driver.mjs ${root}dist ${file}`, { timeout: 120_000 })) as readonly unknown[];
};
const desire = (of: AddressService, ...destinations: readonly DestinationEntry[]): DesiredService => ({ name: 'web', service: of, destinations });
const wish = (...desired: readonly DesiredService[]) => ['reconcile', { desired }] as const;
const look = ['shell', 'ipvsadm -Sn'] as const;
const lines = (text: unknown): readonly string[] => String(text).trim().split('\n').sort();
const modprobe = (...modules: readonly string[]): Promise<string> => lab.must(modules.map((module) => `modprobe ${module}`).join('\n'));

describe('the IPVS table of a real kernel', { timeout: 180_000 }, () => {
  afterEach(async () => {
    await lab.run('ipvsadm -C'); // fails before ip_vs is loaded
  });

  it('is reported as not available before its module is loaded', async () => {
    expect(await drive(['open'])).toEqual([{ error: 'IPVS_UNAVAILABLE', message: expect.stringContaining('ip_vs') as string }]);
  });

  it('names the scheduler modules that it lacks', async () => {
    await modprobe('ip_vs', 'ip_vs_rr');
    const [first] = (await drive(wish(desire(service({ scheduler: 'mh' }), destination(11)), desire(service({ port: 81, scheduler: 'rr' }))))) as [Reconciled];
    expect(first.failures).toEqual([
      '10.0.0.100:80/tcp: added, scheduler mh: ENOENT',
      '10.0.0.100:80/tcp: added 10.0.0.11:80 weight 1 dr: ESRCH',
    ]);
    expect(first.modules).toEqual(['ip_vs_mh']);
  });

  it('holds a service of each scheduler, changes its scheduler in place, and loses it', async () => {
    await modprobe(...schedulers.map(schedulerModule));
    const all = (shift: number) =>
      schedulers.map((_, index) => desire(service({ port: 8000 + index, scheduler: schedulers[(index + shift) % schedulers.length] ?? 'rr' }), destination(11)));
    const owned = all(0).map(({ service: { ...selector } }) => selector);
    const shown = (shift: number): readonly string[] =>
      all(shift).flatMap(({ service: { scheduler } }, index) => [
        `-A -t 10.0.0.100:${8000 + index} -s ${scheduler}`,
        `-a -t 10.0.0.100:${8000 + index} -r 10.0.0.11:${80} -g -w 1`,
      ]);
    const [made, first, changed, second, gone, last] = await drive(wish(...all(0)), look, wish(...all(1)), look, ['reconcile', { desired: [], owned }], look);
    expect(made).toMatchObject({ failures: [] });
    expect(lines(first)).toEqual([...shown(0)].sort());
    expect(changed).toMatchObject({ failures: [], operations: { length: schedulers.length } });
    expect(lines(second)).toEqual([...shown(1)].sort());
    expect(gone).toMatchObject({ failures: [], operations: { length: schedulers.length } });
    expect(last).toBe('');
  });

  it('holds each forwarding method, weights, thresholds, persistence and one-packet scheduling, and takes edits of them', async () => {
    const persistent = service({ scheduler: 'sh', schedulerFlags: 0x18, persistence: { timeout: Seconds(1800), netmask: '255.255.255.0' } });
    const dns = service({ protocol: 'udp', port: 53, onePacket: true });
    const nat = destination(12, { port: 8080, forwarding: 'nat', weight: 7, upperThreshold: 200, lowerThreshold: 100 });
    const before = [desire(persistent, destination(11, { weight: 3 }), nat, destination(13, { forwarding: 'tun', weight: 0 })), desire(dns, destination(11))];
    const after = [
      desire(service({ persistence: { timeout: Seconds(60), netmask: '255.255.255.255' } }), destination(11, { forwarding: 'tun' }), destination(13, { forwarding: 'nat' })),
      desire(service({ protocol: 'udp', port: 53 }), destination(11, { weight: 65_535 })),
    ];
    const thresholds = ['shell', 'ipvsadm -Ln --thresholds'] as const;
    const [made, first, limits, changed, second, settled] = await drive(wish(...before), look, thresholds, wish(...after), look, wish(...after));
    expect(made).toMatchObject({ failures: [] });
    expect(lines(first)).toEqual([
      '-A -t 10.0.0.100:80 -s sh -p 1800 -M 255.255.255.0 -b sh-fallback,sh-port',
      '-A -u 10.0.0.100:53 -s wrr -o',
      '-a -t 10.0.0.100:80 -r 10.0.0.11:80 -g -w 3',
      '-a -t 10.0.0.100:80 -r 10.0.0.12:8080 -m -w 7',
      '-a -t 10.0.0.100:80 -r 10.0.0.13:80 -i -w 0 --tun-type ipip',
      '-a -u 10.0.0.100:53 -r 10.0.0.11:80 -g -w 1',
    ]);
    expect(limits).toMatch(/10\.0\.0\.12:8080 +200 +100 /);
    expect(changed).toMatchObject({
      failures: [],
      operations: [
        '10.0.0.100:80/tcp: changed, scheduler sh -> wrr, persistence 1800 s netmask 255.255.255.0 -> 60 s netmask 255.255.255.255, scheduler flags 0x18 -> none',
        '10.0.0.100:80/tcp: changed 10.0.0.13:80 weight 0 -> 1, tun -> nat',
        '10.0.0.100:80/tcp: changed 10.0.0.11:80 weight 3 -> 1, dr -> tun',
        '10.0.0.100:80/tcp: deleted 10.0.0.12:8080',
        '10.0.0.100:53/udp: changed, one-packet yes -> none',
        '10.0.0.100:53/udp: changed 10.0.0.11:80 weight 1 -> 65535',
      ],
    });
    expect(lines(second)).toEqual([
      '-A -t 10.0.0.100:80 -s wrr -p 60',
      '-A -u 10.0.0.100:53 -s wrr',
      '-a -t 10.0.0.100:80 -r 10.0.0.11:80 -i -w 1 --tun-type ipip',
      '-a -t 10.0.0.100:80 -r 10.0.0.13:80 -m -w 1',
      '-a -u 10.0.0.100:53 -r 10.0.0.11:80 -g -w 65535',
    ]);
    expect(settled).toMatchObject({ operations: [], failures: [] });
  });

  it('leaves what others made alone, and repairs what others changed of ours', async () => {
    const strange = ['-A -f 7 -s rr', '-A -t [2001:db8::1]:80 -s rr', '-A --sctp-service 10.0.0.9:5000 -s rr', '-A -t 10.0.0.9:80 -s rr', '-a -t 10.0.0.9:80 -r 10.0.0.1:80 -g -w 1'];
    const restore = (rules: readonly string[]) => ['shell', `ipvsadm -R <<'RULES'\n${rules.join('\n')}\nRULES`] as const;
    const ours = desire(service(), destination(11), destination(12));
    const spoil = ['-e -t 10.0.0.100:80 -r 10.0.0.11:80 -g -w 0', '-d -t 10.0.0.100:80 -r 10.0.0.12:80', '-a -t 10.0.0.100:80 -r 10.0.0.66:80 -m'];
    const [, , , , repaired, shown] = await drive(restore(strange), wish(ours), look, restore(spoil), wish(ours), look);
    expect(repaired).toMatchObject({
      failures: [],
      operations: [
        '10.0.0.100:80/tcp: added 10.0.0.12:80 weight 1 dr',
        '10.0.0.100:80/tcp: changed 10.0.0.11:80 weight 0 -> 1',
        '10.0.0.100:80/tcp: deleted 10.0.0.66:80',
      ],
    });
    expect(lines(shown)).toEqual(
      [...strange, '-A -t 10.0.0.100:80 -s wrr', '-a -t 10.0.0.100:80 -r 10.0.0.11:80 -g -w 1', '-a -t 10.0.0.100:80 -r 10.0.0.12:80 -g -w 1'].sort(),
    );
  });

  it('keeps connections, templates and counters over reconciliations that do not concern them', async () => {
    await modprobe('veth');
    await lab.must(`
      ip netns add client; ip link add v0 type veth peer name v1 netns client
      ip addr add 10.0.0.1/24 dev v0; ip addr add 10.0.0.100/32 dev v0; ip link set v0 up
      ip -n client addr add 10.0.0.2/24 dev v1; ip -n client link set v1 up`);
    const server = lab.start('server', 'exec python3 -u -m http.server -b 10.0.0.1 8080');
    await server.waitForLine(/Serving HTTP/);
    const local = destination(1, { port: 8080, forwarding: 'nat' });
    const web = service({ persistence: { timeout: Seconds(360), netmask: '255.255.255.255' } });
    await drive(wish(desire(web, local)));
    const connection = lab.start('connection', `exec ip netns exec client bash -c 'exec 3<>/dev/tcp/10.0.0.100/80 && echo connected && read -u 3'`);
    await connection.waitForLine(/connected/);
    const state = ['shell', 'ipvsadm -Lnc | awk \'{print $1, $3, $4, $5, $6}\'; ipvsadm -Ln --stats --exact'] as const;
    const [before, same, counted, other, after] = (await drive(
      state,
      wish(desire(web, local)),
      ['table'],
      wish(desire(web, local), desire(service({ port: 81 }), destination(11))),
      ['shell', `ipvsadm -D -t 10.0.0.100:81; ${state[1]}`],
    )) as [string, Reconciled, readonly unknown[], Reconciled, string];
    expect(before).toContain('ESTABLISHED 10.0.0.2:');
    expect(same.operations).toEqual([]);
    expect(counted).toMatchObject([{ destinations: [{ activeConnections: 1, persistentConnections: 1 }] }]);
    expect(other.operations).toHaveLength(2);
    expect(after).toBe(before);
    connection.signal('SIGKILL');
    server.signal('SIGKILL');
  });

  it('takes 1,000 services of 10 servers in one reconciliation, and a change of 1,000 servers', async () => {
    const table = (weight: number) =>
      Array.from({ length: 1_000 }, (_, index) =>
        desire(service({ address: `10.2.${index >> 8}.${index & 255}` }), ...Array.from({ length: 10 }, (__, last) => destination(last + 1, { weight: last === 0 ? weight : 1 }))),
      );
    const [made, shown, same, changed] = (await drive(wish(...table(1)), ['shell', 'ipvsadm -Sn | wc -l'], wish(...table(1)), wish(...table(5)))) as [Reconciled, string, Reconciled, Reconciled];
    expect(made.failures).toEqual([]);
    expect(made.operations).toHaveLength(11_000);
    expect(shown.trim()).toBe('11000');
    expect(same.operations).toEqual([]);
    expect(changed.operations).toHaveLength(1_000);
    expect(changed.failures).toEqual([]);
    console.log('1,000 x 10, ms:', JSON.stringify({ made: made.ms, same: same.ms, changed: changed.ms }));
  });
});

describe('the timeouts of a real kernel', { timeout: 60_000 }, () => {
  it('are changed one by one, in whole seconds', async () => {
    const [first, second, shown] = await drive(
      ['timeouts', { tcp: Seconds(100), tcpFin: Seconds(20), udp: Seconds(30) }],
      ['timeouts', { udp: Milliseconds(40_500) }],
      ['shell', 'ipvsadm -L --timeout'],
    );
    expect(first).toEqual({ tcp: Seconds(100), tcpFin: Seconds(20), udp: Seconds(30) });
    expect(second).toEqual({ tcp: Seconds(100), tcpFin: Seconds(20), udp: Seconds(41) });
    expect(shown).toContain('100 20 41');
  });
});

describe('the sync daemons of a real kernel', { timeout: 60_000 }, () => {
  it('follow the wanted role, and are left alone when they are right', async () => {
    await lab.must('modprobe ip_vs; modprobe dummy; ip link add sync0 type dummy; ip addr add 192.0.2.1/24 dev sync0; ip link set sync0 up');
    const at = { interface: 'sync0', id: 51 };
    const [master, backup] = [{ role: 'master', ...at }, { role: 'backup', ...at }];
    const show = ['shell', 'ipvsadm -L --daemon'] as const;
    const [first, same, shown, changed, both, none, nothing, wrong] = await drive(
      ['daemons', [master]],
      ['daemons', [master]],
      show,
      ['daemons', [backup]],
      ['daemons', [master, { ...backup, id: 52 }]],
      ['daemons', []],
      show,
      ['daemons', [{ ...master, interface: 'absent0' }]],
    );
    expect(first).toMatchObject({ done: ['start master'], running: [master] });
    expect(same).toMatchObject({ done: [], running: [master] });
    expect(String(shown).trim()).toMatch(/^master sync daemon \(mcast=sync0, syncid=51,/);
    expect(changed).toMatchObject({ done: ['stop master', 'start backup'], running: [backup] });
    expect(both).toMatchObject({ done: ['stop backup', 'start master', 'start backup'], running: [master, { ...backup, id: 52 }] });
    expect(none).toMatchObject({ done: ['stop master', 'stop backup'], running: [] });
    expect(String(nothing).trim()).toBe('');
    expect(wrong).toMatchObject({ error: 'ENODEV', message: expect.stringContaining('absent0') as string });
    console.log('sync daemon, ms:', JSON.stringify([first, changed, none].map((result) => (result as { ms: number }).ms)));
  });
});

describe('a sync daemon stopped before its thread first ran', { timeout: 60_000 }, () => {
  it('is gone, although the kernel gives no answer for it (EINTR)', async () => {
    await lab.must('modprobe ip_vs; modprobe dummy; ip link add sync1 type dummy; ip addr add 192.0.2.2/24 dev sync1; ip link set sync1 up');
    const daemons = (['master', 'backup'] as const).map((role) => ({ role, interface: 'sync1', id: 1 }));
    const rounds = await drive(...Array.from({ length: 10 }, () => [['daemons', daemons], ['daemons', []]] as const).flat());
    for (const [index, round] of rounds.entries()) expect(round).toMatchObject({ running: index % 2 === 0 ? daemons : [] });
  });
});

describe('the settings of a real kernel', { timeout: 60_000 }, () => {
  it('are changed where they differ and put back', async () => {
    const show = ['shell', 'cd /proc/sys/net/ipv4/vs; cat expire_nodest_conn sync_threshold'] as const;
    const [before, changes, during, restored, after, unknown, refused] = await drive(
      show,
      ['sysctls', { expire_nodest_conn: '1', sync_threshold: '3 10', sloppy_tcp: '0' }],
      show,
      ['restore'],
      show,
      ['sysctls', { not_in_this_kernel: '1' }],
      ['sysctls', { expire_nodest_conn: 'x' }],
    );
    expect(changes).toEqual([
      { key: 'expire_nodest_conn', before: '0', after: '1' },
      { key: 'sync_threshold', before: '3 50', after: '3 10' },
    ]);
    expect(during).toBe('1\n3\t10\n');
    expect(restored).toHaveLength(2);
    expect(after).toBe(before);
    expect(unknown).toMatchObject({ error: 'UNKNOWN_SYSCTL', message: expect.stringContaining('net.ipv4.vs.not_in_this_kernel') as string });
    expect(refused).toMatchObject({ error: 'SYSCTL_REFUSED' });
  });
});
