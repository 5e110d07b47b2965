/** tandem doctor on a pair with tunnels and real IPVS: nothing on a healthy one, and what is made wrong with tunnels, sync, modules and tables. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { Finding } from '../../src/doctor/finding.js';
import { siteConfiguration, type FileContent, type Tandem } from '../../src/lab/pair.js';
import { requireLab } from '../tiers.js';
import { editServers, PairUnderTest } from './directors.js';

requireLab();

let pair: PairUnderTest;
beforeAll(async () => {
  pair = await PairUnderTest.boot(undefined, { forwarding: 'tun', realServers: 3 });
  await pair.start();
});
afterAll(() => pair?.lab.stop());

interface Report {
  readonly role: string;
  readonly findings: readonly Finding[];
  readonly observations: readonly string[];
}

/** On any host of the site; `file` is a director's. */
const doctor = async (host: string, file: string, options = ''): Promise<Report & { readonly status: number }> => {
  const folder = host.startsWith('d') ? `/run/${host}` : '/run/none';
  const { stdout, stderr, status } = await pair.site.run(host, `node dist/bin/tandem.js --runtime-dir ${folder} doctor --json --wait 5s --config ${file} ${options}`);
  if (!stdout.startsWith('{')) throw new Error(`status ${status}: ${stdout}${stderr}`);
  return { ...(JSON.parse(stdout) as Report), status };
};
/** A connection every now and then; those that hang are left. */
const connecting = 'while :; do (exec 3<>/dev/tcp/10.0.0.100/80) 2>/dev/null & sleep 0.3; done';
const brief = ({ findings }: Report): readonly string[] => findings.map(({ code, subject }) => `${code} ${subject}`).sort();
const of = ({ findings }: Report, code: string): Finding => {
  const found = findings.find((each) => each.code === code);
  if (!found) throw new Error(`no ${code}: ${JSON.stringify(findings)}`);
  return found;
};
const write = async (path: string, content: FileContent): Promise<void> => void (await pair.lab.must(`cat >${path} <<'END_OF_FILE'\n${stringify(content)}\nEND_OF_FILE`));
const fileOf = ({ file }: Tandem): string => file;

it('finds nothing on a healthy pair, and hears the connection sync of the master', async () => {
  // connections that the master has to tell of
  const client = pair.site.start('cli', 'connections', connecting);
  await expect.poll(() => pair.weights(pair.d1), { timeout: 30_000 }).toEqual({ 'TCP 10.0.0.100:80': { rs1: 1, rs2: 1, rs3: 1 } });
  const reports = await Promise.all([doctor('d1', fileOf(pair.d1)), doctor('d2', fileOf(pair.d2))]);
  client.signal('SIGKILL', { group: true });
  expect(reports.map(({ findings }) => findings)).toEqual([[], []]);
  expect(reports.map(({ role, status }) => `${role} ${status}`)).toEqual(['director 0', 'director 0']);
  expect(reports[1]?.observations).toEqual([expect.stringMatching(/^web: 10\.0\.0\.1 \(.*\) advertises, priority 150/), expect.stringMatching(/^connection sync: \d+ messages of 10\.0\.0\.1/)]);
}, 180_000);

it('finds what is made wrong, each with its remedy', async () => {
  const { site, lab, d2 } = pair;
  await lab.must(`ip netns exec d1 ipvsadm -Sn >/run/table; ip -n rs1 addr del ${site.vip}/32 dev tunl0; ip -n rt link set e1 mtu 1400`);
  await site.must('rs2', 'sysctl -qw net.ipv4.conf.tunl0.rp_filter=1 net.ipv4.conf.all.arp_announce=1');
  await site.must('d1', 'iptables-legacy -A INPUT -p udp -m udp --dport 8848 -j DROP');
  const usual = siteConfiguration(site, d2.director);
  const other = editServers(usual, (server) => ({ ...server, scheduler: 'lblcr' }));
  await write('/run/other.yaml', { ...other, ipvs: { sync: { instance: 'web', interface: 'e0', id: 52 }, expire_nodest_conn: false, modprobe: ['/sbin/modprobe', '-d', '/nonexistent'] } });
  const client = site.start('cli', 'connections', connecting);
  const [first, second, strict] = await Promise.all([doctor('d1', fileOf(pair.d1)), doctor('d2', '/run/other.yaml', '--peer /run/table'), doctor('rs2', fileOf(pair.d1), '--real-server')]);
  client.signal('SIGKILL', { group: true });

  expect(brief(first)).toEqual(['firewall_drops_sync e0', 'real_server_without_vip web-80 10.2.0.11', 'real_server_without_vip web-80 10.2.0.12', 'tunnel_mtu web-80 10.2.0.13']);
  expect(of(first, 'real_server_without_vip').remedy).toMatch(/^on 10\.2\.0\.11: modprobe ipip; ip link set tunl0 up; ip addr add 10\.0\.0\.100\/32 dev tunl0/);
  expect(of(first, 'tunnel_mtu').seen).toBe('an echo request of 1500 octets through the tunnel to 10.2.0.13 by e0 was not answered, and a router on the way said that 1400 octets are all that fits; a small one was');
  expect(of(first, 'firewall_drops_sync').remedy).toMatch(/^iptables-legacy -t filter -I INPUT -p udp --dport 8848 -j ACCEPT/);

  expect(brief(second).filter((line) => !line.startsWith('tunnel_mtu') && !line.startsWith('real_server_without_vip'))).toEqual(
    ['configuration_not_loaded /run/other.yaml', 'ipvs_setting net.ipv4.vs.expire_nodest_conn', 'kernel_module_missing ip_vs_lblcr', 'peer_services_differ web-80', 'sync_id_differs e0', 'sync_not_running e0'].sort(),
  );
  expect(of(second, 'sync_id_differs').seen).toMatch(/^\d+ sync messages? of 10\.0\.0\.1 on e0 with id 51, ours is 52$/);
  expect(of(second, 'peer_services_differ').seen).toBe('the scheduler of 10.0.0.100:80/tcp is lblcr here, and wrr in /run/table');

  expect(brief(strict)).toEqual(['arp_announce e0', 'rp_filter web-80 10.2.0.12']);
  expect(of(strict, 'rp_filter').remedy).toMatch(/^sysctl -w net\.ipv4\.conf\.all\.rp_filter=0 net\.ipv4\.conf\.tunl0\.rp_filter=0/);
}, 180_000);
