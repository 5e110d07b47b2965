/** tandem doctor on a pair with tunnels and real IPVS: nothing on a healthy one, and what is made wrong with tunnels, sync, modules and tables. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { Finding } from '../../src/doctor/finding.js';
import type { LabProcess } from '../../src/lab/lab-process.js';
import { siteConfiguration, type FileContent, type Tandem } from '../../src/lab/pair.js';
import { requireLab } from '../tiers.js';
import { editServers, PairUnderTest } from './directors.js';

requireLab();

let pair: PairUnderTest;
beforeAll(async () => {
  pair = await PairUnderTest.boot(undefined, { forwarding: 'tun', realServers: 3 });
  for (const tandem of pair.both) tandem.start();
  await pair.d1.process.waitForLine(/web: BACKUP -> MASTER/, 120_000);
  await Promise.all(pair.both.map((tandem) => tandem.process.waitForLine(/INFO ready/, 120_000)));
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
  const { stdout, stderr, status } = await pair.site.run(host, `node dist/bin/tandem.js --runtime-dir ${folder} doctor --json --wait 5s --config ${file} ${options}`, { timeout: 150_000 });
  if (!stdout.startsWith('{')) throw new Error(`status ${status}: ${stdout}${stderr}`);
  return { ...(JSON.parse(stdout) as Report), status };
};
/** A connection every now and then, of which the standby knows when this resolves; those that hang are left. */
const connect = async (): Promise<LabProcess> => {
  const client = pair.site.start('cli', 'connections', 'while :; do (exec 3<>/dev/tcp/10.0.0.100/80) 2>/dev/null & sleep 0.3; done');
  await expect.poll(() => pair.site.must('d2', 'ipvsadm -Lnc'), { timeout: 60_000, interval: 500 }).toMatch(/10\.0\.0\.100:80/);
  return client;
};
const brief = ({ findings }: Report): readonly string[] => findings.map(({ code, subject }) => `${code} ${subject}`).sort();
const of = ({ findings }: Report, code: string): Finding => {
  const found = findings.find((each) => each.code === code);
  if (!found) throw new Error(`no ${code}: ${JSON.stringify(findings)}`);
  return found;
};
const write = async (path: string, content: FileContent): Promise<void> => void (await pair.lab.must(`cat >${path} <<'END_OF_FILE'\n${stringify(content)}\nEND_OF_FILE`));
const fileOf = ({ file }: Tandem): string => file;

it('finds nothing on a healthy pair, hears the connection sync of the master, and finds what a file has otherwise than the kernel and the peer', async () => {
  await expect.poll(() => pair.weights(pair.d1), { timeout: 60_000 }).toEqual({ 'TCP 10.0.0.100:80': { rs1: 1, rs2: 1, rs3: 1 } });
  const usual = siteConfiguration(pair.site, pair.d2.director);
  const other = editServers(usual, (server) => ({ ...server, scheduler: 'lblcr' }));
  const { instances } = usual['vrrp'] as { readonly instances: readonly FileContent[] };
  const signed = { instances: instances.map((instance) => ({ ...instance, authentication: { type: 'hmac', keys: [{ id: 1, key: `hex:${'01'.repeat(32)}` }] } })) };
  await write('/run/other.yaml', { ...other, vrrp: signed, ipvs: { sync: { instance: 'web', interface: 'e0', id: 52 }, expire_nodest_conn: false, modprobe: ['/sbin/modprobe', '-d', '/nonexistent'] } });
  await pair.lab.must('ip netns exec d1 ipvsadm -Sn >/run/table');
  const client = await connect();
  const [first, second, wrong] = await Promise.all([doctor('d1', fileOf(pair.d1)), doctor('d2', fileOf(pair.d2)), doctor('d2', '/run/other.yaml', '--peer /run/table')]);
  client.signal('SIGKILL', { group: true });
  expect([first, second].map(({ findings }) => findings)).toEqual([[], []]);
  expect([first, second].map(({ role, status }) => `${role} ${status}`)).toEqual(['director 0', 'director 0']);
  expect(second.observations).toEqual([expect.stringMatching(/^web: 10\.0\.0\.1 \(.*\) advertises, priority 150/), expect.stringMatching(/^connection sync: \d+ messages of 10\.0\.0\.1/)]);

  // the lab's clock is kept right by nobody
  expect(brief(wrong)).toEqual(['clock_not_synchronised web', 'configuration_not_loaded /run/other.yaml', 'vrrp_authentication_differs web', 'ipvs_setting net.ipv4.vs.expire_nodest_conn', 'kernel_module_missing ip_vs_lblcr', 'peer_services_differ web-80', 'sync_id_differs e0', 'sync_not_running e0'].sort());
  expect(of(wrong, 'sync_id_differs').seen).toMatch(/^\d+ sync messages? of 10\.0\.0\.1 on e0 with id 51, ours is 52$/);
  expect(of(wrong, 'peer_services_differ').seen).toBe('the scheduler of 10.0.0.100:80/tcp is lblcr here, and wrr in /run/table');
  expect(of(wrong, 'kernel_module_missing').seen).toMatch(/^it is not loaded, and \/sbin\/modprobe -d \/nonexistent --dry-run ip_vs_lblcr says: /);
}, 180_000);

it('finds real servers that are made wrong, a narrow way to one, and rules against the sync, each with its remedy', async () => {
  const { site, lab } = pair;
  await lab.must(`ip -n rs1 addr del ${site.vip}/32 dev tunl0; ip -n rt link set e1 mtu 1400`);
  await site.must('rs2', 'sysctl -qw net.ipv4.conf.tunl0.rp_filter=1 net.ipv4.conf.all.arp_announce=1');
  await site.must('d1', 'iptables-legacy -A INPUT -p udp -m udp --dport 8848 -j DROP');
  const [director, strict] = await Promise.all([doctor('d1', fileOf(pair.d1)), doctor('rs2', fileOf(pair.d1), '--real-server')]);

  expect(brief(director)).toEqual(['firewall_drops_sync e0', 'real_server_without_vip web-80 10.2.0.11', 'real_server_without_vip web-80 10.2.0.12', 'tunnel_mtu web-80 10.2.0.13']);
  expect(of(director, 'real_server_without_vip').remedy).toMatch(/^on 10\.2\.0\.11: modprobe ipip; ip link set tunl0 up; ip addr add 10\.0\.0\.100\/32 dev tunl0/);
  expect(of(director, 'tunnel_mtu').seen).toBe('an echo request of 1500 octets through the tunnel to 10.2.0.13 by e0 was not answered, and a router on the way said that 1400 octets are all that fits; a small one was');
  expect(of(director, 'firewall_drops_sync').remedy).toMatch(/^iptables-legacy -t filter -I INPUT -p udp --dport 8848 -j ACCEPT/);

  expect(brief(strict)).toEqual(['arp_announce e0', 'rp_filter web-80 10.2.0.12']);
  expect(of(strict, 'rp_filter').remedy).toMatch(/^sysctl -w net\.ipv4\.conf\.all\.rp_filter=0 net\.ipv4\.conf\.tunl0\.rp_filter=0/);
}, 180_000);
