/** Who answers: what each scheduler makes of real connections, thresholds, one-packet scheduling, SCTP, and groups of addresses with one quorum. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schedulers } from '../../src/config/model.js';
import type { FileContent } from '../../src/lab/pair.js';
import { requireLab } from '../tiers.js';
import { DataPath, pool } from './data-path.js';

requireLab();

type Answers = readonly string[];

interface Row {
  readonly scheduler: string;
  readonly does: string;
  readonly service?: FileContent;
  /** run on the client, with the service's address as $vip */
  readonly script: string;
  readonly expected: (answers: Answers) => void;
}

const weighted = (...weights: readonly number[]) => ({ real_servers: pool(...weights.map((weight) => ({ weight }))) });
const countOf = (answers: Answers, server: string): number => answers.filter((answer) => answer === server).length;
const counts = (answers: Answers): readonly number[] => ['rs1', 'rs2', 'rs3'].map((server) => countOf(answers, server));
const others = (servers: Answers): string => {
  const [other] = ['rs1', 'rs2', 'rs3'].filter((server) => !servers.includes(server));
  return other ?? 'nobody';
};
const ask = (times: number): string => Array.from({ length: times }, () => 'ask $vip').join('; ');
const sources = '10.0.0.33 10.0.0.34 10.0.0.35 10.0.0.36 10.0.0.37 10.0.0.38 10.0.0.39 10.0.0.40';

/** A source has one server, and another source may have another. */
const bySource = (answers: Answers): void => {
  const [first, second] = [answers.slice(0, 8), answers.slice(8)];
  expect(second).toEqual(first);
  expect(new Set(first).size).toBeGreaterThan(1);
  expect(first).not.toContain('nobody');
};
const thenNobody = ([first, second]: Answers): void => expect([['rs1', 'rs2', 'rs3'].includes(first ?? ''), second]).toEqual([true, 'nobody']);
const thenAnother = ([first, second]: Answers): void => {
  expect(['rs1', 'rs2', 'rs3']).toContain(second);
  expect(second).not.toBe(first);
};
const full = { real_servers: pool({ upper_threshold: 1 }, { upper_threshold: 1 }, { upper_threshold: 1 }) };

const rows: readonly Row[] = [
  { scheduler: 'rr', does: 'goes round', script: ask(6), expected: (answers) => expect([counts(answers), answers.slice(3)]).toEqual([[2, 2, 2], answers.slice(0, 3)]) },
  { scheduler: 'wrr', does: 'goes round by weight', service: weighted(1, 2, 3), script: ask(6), expected: (answers) => expect(counts(answers)).toEqual([1, 2, 3]) },
  { scheduler: 'lc', does: 'takes the server with the fewest connections, whatever the weights', service: weighted(1, 2, 9), script: `${ask(3)}; end 2; ask $vip`, expected: (answers) => expect([counts(answers.slice(0, 3)), answers[3]]).toEqual([[1, 1, 1], answers[1]]) },
  { scheduler: 'wlc', does: 'takes the server with the fewest connections for its weight', service: weighted(1, 1, 4), script: ask(6), expected: (answers) => expect(counts(answers)).toEqual([1, 1, 4]) },
  { scheduler: 'sed', does: 'takes the server with the shortest expected delay, even when others are idle', service: weighted(1, 1, 4), script: ask(3), expected: (answers) => expect(counts(answers)).toEqual([0, 0, 3]) },
  { scheduler: 'nq', does: 'takes an idle server first, then as sed', service: weighted(1, 1, 4), script: ask(5), expected: (answers) => expect([counts(answers.slice(0, 3)), answers.slice(3)]).toEqual([[1, 1, 1], ['rs3', 'rs3']]) },
  { scheduler: 'fo', does: 'takes the server with the highest weight, and the next when that one is full', service: { real_servers: pool({ weight: 1 }, { weight: 2 }, { weight: 3, upper_threshold: 2 }) }, script: ask(4), expected: (answers) => expect(answers).toEqual(['rs3', 'rs3', 'rs2', 'rs2']) },
  { scheduler: 'ovf', does: 'overflows to the next server when one has more connections than its weight', service: weighted(1, 2, 3), script: ask(8), expected: (answers) => expect(answers).toEqual(['rs3', 'rs3', 'rs3', 'rs3', 'rs2', 'rs2', 'rs2', 'rs1']) },
  { scheduler: 'sh', does: 'takes the server by the source', script: `get ${sources} ${sources} -- $vip`, expected: bySource },
  { scheduler: 'sh', does: 'takes nobody when the server of the source is full', service: full, script: ask(2), expected: thenNobody },
  { scheduler: 'sh', does: 'with fallback takes another server then', service: { ...full, scheduler_flags: ['fallback'] }, script: ask(2), expected: thenAnother },
  { scheduler: 'sh', does: 'with port takes the server by the port of the source too', service: { scheduler_flags: ['port'] }, script: ask(12), expected: (answers) => expect(new Set(answers).size).toBeGreaterThan(1) },
  { scheduler: 'mh', does: 'takes the server by the source', script: `get ${sources} ${sources} -- $vip`, expected: bySource },
  { scheduler: 'mh', does: 'takes nobody when the server of the source is full', service: full, script: ask(2), expected: thenNobody },
  { scheduler: 'mh', does: 'with fallback takes another server then', service: { ...full, scheduler_flags: ['fallback'] }, script: ask(2), expected: thenAnother },
  { scheduler: 'mh', does: 'with port takes the server by the port of the source too', service: { scheduler_flags: ['port'] }, script: ask(12), expected: (answers) => expect(new Set(answers).size).toBeGreaterThan(1) },
];

/** One service of the packets that bear a mark, to several addresses: what the schedulers for caches tell apart. */
const destinations = ['10.0.0.160', '10.0.0.161', '10.0.0.162', '10.0.0.163', '10.0.0.164', '10.0.0.165', '10.0.0.166', '10.0.0.167'];
const marks = { dh: 7, lblc: 8, lblcr: 9 } as const;
const vipOf = (index: number): string => `10.0.0.${130 + index}`;
/** SCTP takes none but the addresses of interfaces, so this one is on the servers' lo; each listens on one alone, since it would tell the others to its peer. */
const sctpVip = '10.0.0.183';
const group = ['10.0.0.170-172', { address: '10.0.0.175', ports: [80, 7000] }];
const groupTargets = ['10.0.0.170', '10.0.0.171', '10.0.0.172', '10.0.0.175', '10.0.0.175:7000'];

const services: readonly FileContent[] = [
  ...rows.map(({ scheduler, service }, index) => ({ address: vipOf(index), scheduler, ...service })),
  ...Object.entries(marks).map(([scheduler, fwmark]) => ({ scheduler, fwmark, real_servers: pool({ weight: 2 }, { weight: 2 }, { weight: 2 }) })),
  { address: '10.0.0.180', real_servers: pool({ upper_threshold: 3, lower_threshold: 2 }, {}) },
  { address: '10.0.0.181', port: 53, protocol: 'udp', one_packet: true },
  { address: '10.0.0.182', port: 53, protocol: 'udp' },
  { address: sctpVip, port: 3868, protocol: 'sctp' },
  { address: '10.0.0.184', port: 3868, protocol: 'sctp', forwarding: 'nat' },
  {
    addresses: group,
    quorum: { weight: 2 },
    health_check: { type: 'http', path: '/health', interval: '1s', timeout: '5s', rise: 1, fall: 1 },
    sorry_server: { address: '10.0.0.99' },
  },
];

let path: DataPath;

beforeAll(async () => {
  path = await DataPath.boot(services, { timeouts: { tcp_fin: '1s' } });
  await path.lab.must('for name in iptable_mangle xt_mark sctp crc32c_generic; do modprobe $name; done');
  await path.servers(`
    dnsmasq -C /dev/null -x /run/$name/dnsmasq.pid --txt-record=who,$name
    sysctl -qw net.sctp.cookie_hmac_alg=none
    ip addr add ${sctpVip}/32 dev lo
    for address in ${sctpVip} $own; do socat -U SCTP4-LISTEN:3868,bind=$address,fork SYSTEM:"echo $name" >>socat.log 2>&1 & done`);
});
afterAll(() => path?.stop());

describe('the scheduler', () => {
  it.each(rows.map((row, index) => [`${row.scheduler} ${row.does}`, vipOf(index), row] as const))('%s', async (_, vip, { script, expected }) => {
    expected(await path.client(`vip=${vip}; ${script}`));
  });

  const marked = async (mark: number, script: string): Promise<Answers> => {
    await path.director(`iptables-legacy -t mangle -F PREROUTING; iptables-legacy -t mangle -A PREROUTING -p tcp -d 10.0.0.160/29 -j MARK --set-mark ${mark}`);
    return path.client(`vip=10.0.0.160; ${script}`);
  };

  it('dh takes the server by the destination', async () => {
    const answers = await marked(marks.dh, `get 10.0.0.33 10.0.0.34 -- ${destinations.join(' ')}`);
    expect(answers.slice(8)).toEqual(answers.slice(0, 8));
    expect(new Set(answers).size).toBeGreaterThan(1);
    expect(answers).not.toContain('nobody');
  });

  /** Weight 2: a server with more than two connections is overloaded when another has none. */
  const overload = async (mark: number): Promise<Answers> => {
    await marked(mark, 'true');
    const three = await path.hold('ask 10.0.0.160; ask 10.0.0.160; ask 10.0.0.160', 3);
    const fourth = await path.hold('ask 10.0.0.160', 1);
    await three.end();
    await expect.poll(() => path.connections(`-f ${mark}`), { timeout: 60_000 }).toEqual({ [String(fourth.answers[0])]: 1 });
    const after = await path.client('ask 10.0.0.160; ask 10.0.0.161');
    await fourth.end();
    return [...three.answers, ...fourth.answers, ...after];
  };

  it('lblc keeps a destination on its server until that is overloaded, then moves it; another goes where there are the fewest', async () => {
    const [first, second, third, moved, after, other] = await overload(marks.lblc);
    expect([second, third]).toEqual([first, first]);
    expect(moved).not.toBe(first);
    expect(after).toBe(moved);
    expect(other).not.toBe(moved);
  });

  it('lblcr adds a server to those of the destination then, and takes the one with the fewest of them', async () => {
    const [first, second, third, added, after, other] = await overload(marks.lblcr);
    expect([second, third]).toEqual([first, first]);
    expect(added).not.toBe(first);
    expect(after).toBe(first);
    expect(other).toBe(others([String(first), String(added)]));
  });

  it('no scheduler is left out', () => {
    expect([...new Set([...rows.map(({ scheduler }) => scheduler), ...Object.keys(marks)])].sort()).toEqual([...schedulers].sort());
  });
});

describe('a server', () => {
  it('at its upper threshold gets no new connection until it has less than the lower', async () => {
    const vip = '10.0.0.180';
    const pairs = [await path.hold(`vip=${vip}; ${ask(2)}`, 2), await path.hold(`vip=${vip}; ${ask(2)}`, 2), await path.hold(`vip=${vip}; ${ask(2)}`, 2)];
    expect(pairs.map(({ answers }) => [...answers].sort())).toEqual([['rs1', 'rs2'], ['rs1', 'rs2'], ['rs1', 'rs2']]);
    const left = async (connections: number): Promise<Answers> => {
      await expect.poll(() => path.connections(`-t ${vip}:80`), { timeout: 60_000 }).toEqual({ rs1: connections, rs2: connections });
      return path.client(`vip=${vip}; ${ask(3)}`);
    };
    expect(await left(3)).toEqual(['rs2', 'rs2', 'rs2']);
    await pairs[0]?.end();
    expect(await left(2)).toEqual(['rs2', 'rs2', 'rs2']);
    await pairs[1]?.end();
    expect(await left(1)).toContain('rs1');
    await pairs[2]?.end();
  });
});

describe('a service', () => {
  const dig = (address: string): Promise<Answers> => path.client(`for i in 1 2 3; do dig +short +timeout=20 -b 10.0.0.9#4001 TXT who @${address}; done`);

  it('of UDP keeps a client on its server', async () => {
    const [first, second, third] = await dig('10.0.0.182');
    expect(first).toMatch(/^"rs[123]"$/);
    expect([second, third]).toEqual([first, first]);
  });

  it('of UDP with one-packet scheduling sends each packet of a client to another server', async () => {
    expect([...(await dig('10.0.0.181'))].sort()).toEqual(['"rs1"', '"rs2"', '"rs3"']);
    expect(await path.director('ipvsadm -Lnc')).not.toContain('10.0.0.181');
  });

  it.each([['dr', sctpVip], ['nat', '10.0.0.184']])('of SCTP with %s is served by all', async (_, address) => {
    expect([...(await path.client(`for i in 1 2 3; do socat -u -T10 SCTP4:${address}:3868,bind=10.0.0.9 -; done`))].sort()).toEqual(['rs1', 'rs2', 'rs3']);
  });

  it('of a group answers to every address and port of it, with one quorum for all', async () => {
    const all = async (): Promise<readonly number[]> => counts(await path.client(`get 10.0.0.33 10.0.0.34 10.0.0.35 -- ${groupTargets.join(' ')}`));
    await expect.poll(all, { timeout: 60_000 }).toEqual([5, 5, 5]);
    const [one, two] = path.site.realServers;
    await Promise.all([one?.set('failing'), two?.set('failing')]);
    const tell = async (): Promise<Answers> => path.client(`get 10.0.0.33 -- ${groupTargets.join(' ')}`);
    await expect.poll(tell, { timeout: 60_000 }).toEqual(groupTargets.map(() => 'sorry'));
    await Promise.all([one?.set('healthy'), two?.set('healthy')]);
    await expect.poll(tell, { timeout: 60_000 }).not.toContain('sorry');
  });
});
