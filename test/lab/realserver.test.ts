/** Real servers that `tandem realserver apply --from` sets up, of every method and tunnel, and a client who asks for them through the director. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab, root, type ScriptResult } from '../../src/lab/lab.js';
import { type FileContent, siteConfiguration, Tandem } from '../../src/lab/pair.js';
import { buildSite, type Site } from '../../src/lab/topology.js';
import { requireLab } from '../tiers.js';

requireLab();

let lab: Lab;
let site: Site;
let tandem: Tandem;
let before: Readonly<Record<string, string>>;

const tunnel = (keys: object): object => ({ forwarding: { method: 'tun', ...keys } });
const [rs2, rs2six] = [{ real_servers: [{ address: '10.0.0.12' }] }, { real_servers: [{ address: 'fd00::12' }] }];
const services: readonly FileContent[] = [
  { address: '10.0.0.100', forwarding: 'dr', real_servers: [{ address: '10.0.0.11' }, { address: '10.0.0.12' }] },
  { address: 'fd00::100', forwarding: 'dr', real_servers: [{ address: 'fd00::11' }] },
  { address: '10.0.0.101', forwarding: 'tun', ...rs2 },
  { address: '10.0.0.102', ...tunnel({ type: 'gre' }), ...rs2 },
  { address: '10.0.0.103', ...tunnel({ type: 'gre', checksum: 'plain' }), real_servers: [{ address: '10.0.0.11' }] },
  { address: '10.0.0.104', ...tunnel({ type: 'gue', port: 6080 }), ...rs2 },
  { address: '10.0.0.105', forwarding: 'tun', ...rs2six },
  { address: 'fd00::101', forwarding: 'tun', ...rs2 },
  { address: 'fd00::102', forwarding: 'tun', ...rs2six },
  { address: 'fd00::103', ...tunnel({ type: 'gre' }), ...rs2six },
];
const virtualAddresses = services.map(({ address }) => String(address));

const servers = ['rs1', 'rs2'] as const;
type Server = (typeof servers)[number];
const options: Readonly<Record<Server, string>> = { rs1: '--arp-method arptables', rs2: '' };

const realserver = (host: string, parameters: string): Promise<ScriptResult> => site.run(host, `node '${root}dist/bin/tandem.js' realserver ${parameters}`, { timeout: 120_000 });
const all = async (parametersOf: (server: Server) => string): Promise<readonly ScriptResult[]> => Promise.all(servers.map((server) => realserver(server, parametersOf(server))));

/** Everything of a host that `apply` may change. */
const stateOf = (host: string): Promise<string> =>
  site.must(host, "ip addr show up; grep -rs . /proc/sys/net/ipv4/conf/{all,default,lo,e0} | sort; arptables-legacy -n -L; ip fou show 2>/dev/null || :; ls /sys/class/net | grep tandem || :");
const statesOf = async (): Promise<Readonly<Record<string, string>>> => Object.fromEntries(await Promise.all(servers.map(async (server) => [server, await stateOf(server)] as const)));

beforeAll(async () => {
  lab = await Lab.boot();
  site = await buildSite(lab, { forwarding: 'dr', realServers: 2 });
  // fou's list needs its module; the others are for apply to load
  await lab.must(`
    for name in fou arptable_filter arpt_mangle; do modprobe $name; done
    for host in cli d1 ${servers.join(' ')}; do
      own=$(ip -n $host -4 -o addr show dev e0 | sed 's|.*inet [0-9]*[.][0-9]*[.][0-9]*[.]\\([0-9]*\\)/.*|\\1|')
      ip -n $host addr add fd00::$own/64 dev e0 nodad
    done
    for host in ${servers.join(' ')}; do
      ip -n $host addr del ${site.vip}/32 dev lo
      ip netns exec $host sysctl -qw net.ipv4.conf.all.arp_ignore=0 net.ipv4.conf.all.arp_announce=0 net.ipv4.conf.all.rp_filter=1
    done`);
  tandem = new Tandem(site, site.directors[0]);
  const { vrrp, ipvs, ...rest } = siteConfiguration(site, tandem.director) as { vrrp: { instances: FileContent[] }; ipvs: FileContent };
  await tandem.configure({
    ...rest,
    vrrp: { instances: vrrp.instances.map((instance) => ({ ...instance, advertisement_interval: '200ms', virtual_addresses: virtualAddresses.map((address) => ({ address, advertise: !address.includes(':') })) })) },
    ipvs: { modprobe: ipvs['modprobe'] },
    virtual_servers: services.map((service, index) => ({ name: `s${index}`, port: 80, scheduler: 'rr', health_check: 'none', ...service })),
  });
  tandem.start();
  await tandem.process.waitForLine(/web: holding 10 addresses/, 90_000);
  before = await statesOf();
}, 180_000);
afterAll(() => lab?.stop());

describe('real servers set up from the file of their director', () => {
  it('are set up, and then there is nothing left to do', async () => {
    const results = await all((server) => `apply --from ${tandem.file} ${options[server]}`);
    expect(results).toEqual(servers.map(() => expect.objectContaining({ stderr: '', status: 0 })));
    const [first, second] = results.map(({ stdout }) => stdout);
    expect(first).toContain('add 10.0.0.100/32 to lo\n');
    expect(first).not.toContain('arp_ignore');
    expect(second).toMatch(/load the kernel module ipip .*\n(.*\n)*set net\.ipv4\.conf\.tunl0\.rp_filter: \d -> 2\n/);
    expect(await realserver('rs2', `apply --from ${tandem.file}`)).toEqual({ stdout: 'nothing to do\n', stderr: '', status: 0 });
  });

  it('answer a client through each virtual address', async () => {
    const ask = (address: string): string => `curl -gsS -m 20 http://${address.includes(':') ? `[${address}]` : address}/`;
    const answers = (await site.must('cli', [...virtualAddresses, '10.0.0.100'].map(ask).join('\n'))).trim().split('\n');
    expect([answers[0], answers.at(-1)].sort()).toEqual(['rs1', 'rs2']);
    expect(answers.slice(1, -1)).toEqual(services.slice(1).map((_, index) => (index === 0 || index === 3 ? 'rs1' : 'rs2')));
    // and the client has learnt nobody but the director for them
    const [mac] = (await site.must('d1', 'cat /sys/class/net/e0/address')).trim().split('\n');
    const neighbours = (await site.must('cli', 'ip neigh')).split('\n').filter((line) => virtualAddresses.includes(line.split(' ')[0] ?? ''));
    expect(neighbours.filter((line) => !line.includes(` lladdr ${mac} `))).toEqual([]);
    expect(neighbours).toHaveLength(virtualAddresses.length);
  });

  it('say what is not there', async () => {
    await site.must('rs2', 'ip addr del 10.0.0.101/32 dev tunl0');
    expect(await realserver('rs2', `show --from ${tandem.file}`)).toMatchObject({ status: 1, stdout: expect.stringMatching(/^10\.0\.0\.101\/32 +MISSING on tunl0$/m) });
  });

  it('are as they were, to the octet, after remove', async () => {
    expect(await all(() => 'remove')).toEqual(servers.map(() => expect.objectContaining({ stderr: '', status: 0 })));
    expect(await statesOf()).toEqual(before);
    expect(await site.must('rs2', 'ip -br link show tunl0')).toContain('DOWN');
  });
});

it('the director that holds the addresses is told that it needs nothing of this, and keeps them', async () => {
  const { status, stderr } = await realserver('d1', 'apply 10.0.0.100');
  expect(stderr).toContain('10.0.0.100/32 is on e0 already: this host is the director that holds it now');
  expect(status).toBe(1);
  expect(await site.must('d1', 'sysctl -n net.ipv4.conf.all.arp_ignore; ip -o addr show to 10.0.0.100')).toMatch(/^0\n.* e0 .*\n$/);
});
