/** Health checks of the virtual address on each real server, by a pair: the director that holds the address finds it missing there as the standby does. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FileContent, siteConfiguration, type Tandem } from '../../src/lab/pair.js';
import { requireLab } from '../tiers.js';
import { logSince, PairUnderTest, reload } from './directors.js';
import { connectionsOf } from './director-view.js';

requireLab();

let pair: PairUnderTest;

const probe = { type: 'tcp', probe: 'virtual_address', interval: '1s', timeout: '2s', rise: 1, fall: 2 };
const ipv6 = [{ address: 'fd00::11' }, { address: 'fd00::12' }];

/** Each on an address of its own, so that each can be missing by itself; both servers run all of them. */
const services: readonly FileContent[] = [
  { name: 'dr', address: '10.0.0.100', port: 80 },
  { name: 'plain', address: '10.0.0.100', port: 7000, health_check: { ...probe, probe: 'real_server' } },
  { name: 'tun', address: '10.0.0.101', port: 80, forwarding: 'tun' },
  { name: 'marked', fwmark: 7, match: ['10.0.0.102:80'] },
  { name: 'dns', address: '10.0.0.103', port: 53, protocol: 'udp', one_packet: true, health_check: { ...probe, type: 'dns', name: 'example.org' } },
  { name: 'ipv6', address: 'fd00::100', port: 80, real_servers: ipv6 },
];

const configuration = (content: FileContent, manage: boolean): FileContent => ({
  ...content,
  vrrp: {
    instances: [
      { name: 'web', interface: 'e0', virtual_router_id: 51, priority: content['router_id'] === 'd1' ? 150 : 100, virtual_addresses: ['10.0.0.100', '10.0.0.101', '10.0.0.102', '10.0.0.103'] },
      { name: 'web6', interface: 'e0', virtual_router_id: 51, priority: content['router_id'] === 'd1' ? 150 : 100, virtual_addresses: ['fd00::100'] },
    ],
  },
  system: { manage },
  virtual_servers: services.map((service) => ({ scheduler: 'rr', forwarding: 'dr', health_check: probe, real_servers: [{ address: '10.0.0.11' }, { address: '10.0.0.12' }], ...service })),
});
const edit = (content: FileContent): FileContent => configuration(content, content['router_id'] === 'd2');

const isProbes = (line: string): boolean => / -f 20971\d{5} /.test(line);
/** What `ipvsadm -Sn` shows of destinations: those of clients, as `10.0.0.100:80 10.0.0.11`, and those of probes. */
const destinations = async ({ director }: Tandem, ofProbes: boolean): Promise<readonly string[]> => {
  const lines = (await pair.site.must(director.name, 'ipvsadm -Sn')).split('\n').filter((line) => line.startsWith('-a') && isProbes(line) === ofProbes);
  return lines.map((line) => line.replace(/^-a -\S+ (\S+) (?:-6 )?-r (\S+):\d+ .*/, '$1 $2')).sort();
};
const everywhere = ['10.0.0.100:7000', '10.0.0.100:80', '10.0.0.101:80', '10.0.0.103:53', '7'].flatMap((service) => [`${service} 10.0.0.11`, `${service} 10.0.0.12`]);
const all = [...everywhere, '[fd00::100]:80 [fd00::11]', '[fd00::100]:80 [fd00::12]'].sort();
const served = (wanted: readonly string[]): Promise<unknown> =>
  Promise.all(pair.both.map((tandem) => expect.poll(() => destinations(tandem, false), { timeout: 60_000, interval: 300 }).toEqual(wanted)));

const reasonOf = async (tandem: Tandem, service: string, address: string): Promise<string | undefined> =>
  (await tandem.status()).virtual_servers.find(({ name }) => name === service)?.real_servers.find((server) => server.address === address)?.reason;

beforeAll(async () => {
  pair = await PairUnderTest.boot(edit, { realServers: 2 });
  const { site, lab } = pair;
  await lab.must(`
    for name in ipip iptable_mangle xt_mark; do modprobe $name; done
    mount --bind /usr/sbin/xtables-legacy-multi /usr/sbin/xtables-nft-multi # this kernel has the legacy back end only
    mkdir -p /run/dns; printf '$TTL 60\\n@ SOA ns a 1 1 1 1 1\\n@ NS ns\\nns A 10.0.0.11\\n' >/run/dns/example.org
    printf 'options { directory "/run/dns"; listen-on { any; }; pid-file none; session-keyfile none; recursion no; dnssec-validation no; }; controls { }; zone "example.org" { type primary; file "example.org"; };' >/run/dns/named.conf`);
  for (const { name, address } of [...site.directors, ...site.realServers]) {
    const last = address.slice(address.lastIndexOf('.') + 1);
    await lab.must(`ip -n ${name} addr add fd00::${last}/64 dev e0 nodad`);
  }
  for (const { name } of site.realServers) {
    await site.must(name, `
      sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.tunl0.rp_filter=0
      ip -batch - <<END\nlink set tunl0 up\naddr add 10.0.0.101/32 dev tunl0\naddr add 10.0.0.102/32 dev lo\naddr add 10.0.0.103/32 dev lo\naddr add fd00::100/128 dev lo nodad\nEND
      named -n 1 -c /run/dns/named.conf`);
  }
  await pair.start();
}, 200_000);
afterAll(() => pair?.lab.stop());

it('the master that would drop the answers says so at once, and asks the real servers at their own addresses', async () => {
  await served(all);
  await pair.d1.process.waitForLine(/ WARN net\.ipv4\.conf\.e0\.accept_local is 0, and should be 1\. probe: virtual_address \(dr, tun, marked, \.\.\.\) needs it: .*; run sysctl -w net\.ipv4\.conf\.e0\.accept_local=1 /, 30_000);
  await expect.poll(() => reasonOf(pair.d1, 'dr', '10.0.0.11'), { timeout: 30_000 }).toMatch(/^connected; 10\.0\.0\.100:80 is not asked for: this host holds the address and drops the answers, since net\.ipv4\.conf\.e0\.accept_local is 0; /);
  await expect.poll(() => reasonOf(pair.d2, 'dr', '10.0.0.11'), { timeout: 30_000 }).toBe('connected');
});

it('system.manage has it take them', async () => {
  await reload(pair.d1, configuration(siteConfiguration(pair.site, pair.d1.director), true));
  await expect.poll(() => reasonOf(pair.d1, 'dr', '10.0.0.11'), { timeout: 30_000 }).toBe('connected');
  await served(all);
});

it('a server without the address is found by both, for dr, tun, marks, UDP and IPv6, where a check of its own address finds nothing', async () => {
  await pair.lab.must(`
    ip -n rs1 addr del 10.0.0.100/32 dev lo; ip -n rs2 addr del 10.0.0.101/32 dev tunl0; ip -n rs1 addr del 10.0.0.102/32 dev lo
    ip -n rs2 addr del 10.0.0.103/32 dev lo; ip -n rs1 addr del fd00::100/128 dev lo`);
  const missing = ['10.0.0.100:80 10.0.0.11', '10.0.0.101:80 10.0.0.12', '7 10.0.0.11', '10.0.0.103:53 10.0.0.12', '[fd00::100]:80 [fd00::11]'];
  await served(all.filter((each) => !missing.includes(each)));
  for (const tandem of pair.both) {
    const said = (sentence: string): Promise<unknown> => expect.poll(() => logSince(tandem, 0, / is down: /).join('\n'), { timeout: 30_000 }).toContain(sentence);
    await said('real server 10.0.0.11:80 of dr is down: 10.0.0.100:80 through 10.0.0.11 (dr): no answer within 2 s (connecting); is the address on its lo? (2 failures)');
    await said('real server 10.0.0.12:80 of tun is down: 10.0.0.101:80 through 10.0.0.12 (tun): no answer within 2 s (connecting); is the address on its lo or tunl0, and its tunnel up? (2 failures)');
    await said('real server 10.0.0.12:53 of dns is down: 10.0.0.103:53 through 10.0.0.12 (dr): no answer within 2 s (waiting for the answer); is the address on its lo? (2 failures)');
  }
  await pair.lab.must(`
    ip -n rs1 addr add 10.0.0.100/32 dev lo; ip -n rs2 addr add 10.0.0.101/32 dev tunl0; ip -n rs1 addr add 10.0.0.102/32 dev lo
    ip -n rs2 addr add 10.0.0.103/32 dev lo; ip -n rs1 addr add fd00::100/128 dev lo nodad`);
  await served(all);
});

it("its connections count for none of the clients' destinations, neither here nor, by connection sync, with the other one, which has the same marks", async () => {
  expect(await destinations(pair.d1, true)).toEqual(await destinations(pair.d2, true));
  expect(await destinations(pair.d1, true)).toHaveLength(6); // two servers by dr, by tun, and of IPv6
  for (const { director } of pair.both) {
    const sources = async (): Promise<ReadonlySet<string>> => new Set((await connectionsOf(pair.site, director.name)).map(({ client }) => client.replace(/:\d+$/, '')));
    await expect.poll(sources, { timeout: 30_000 }).toEqual(new Set(['10.0.0.1', '10.0.0.2', '[fd00::1]', '[fd00::2]']));
    const rows = (await pair.site.must(director.name, 'ipvsadm -Ln')).split('\n');
    let service = '';
    const counted = rows.flatMap((row) => {
      if (!row.startsWith('  ->')) service = row;
      return row.startsWith('  ->') && !/^FWM  20971/.test(service) ? [row.trim().split(/ +/).slice(-2).join(' ')] : [];
    });
    expect(new Set(counted.slice(1))).toEqual(new Set(['0 0'])); // without the heading
  }
});

it('its services go at the end, where those of clients stay', async () => {
  pair.d2.process.signal('SIGTERM');
  await pair.d2.process.exited;
  expect(await destinations(pair.d2, true)).toEqual([]);
  const left = (await pair.site.must('d2', 'ipvsadm -Sn')).split('\n').flatMap((line) => /^-A -\S+ (\S+)/.exec(line)?.[1] ?? []);
  expect(left.sort()).toEqual([...new Set(all.map((each) => each.split(' ')[0]))].sort());
  expect(await pair.site.must('d2', 'sysctl -n net.ipv4.conf.e0.accept_local')).toBe('0\n');
});
