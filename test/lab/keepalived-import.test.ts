/**
 * keepalived 2.2.7 on its own file and Tandem on the file that `tandem import keepalived` makes of it, in two networks that are alike and not
 * joined: they make the same IPVS table, hold the same addresses and send the same advertisements. The files, one for each way to forward and more, are ours.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Lab, root } from '../../src/lab/lab.js';
import type { LabProcess } from '../../src/lab/lab-process.js';
import { requireLab } from '../tiers.js';

requireLab();

const files = fileURLToPath(new URL('keepalived-conf/', import.meta.url));
/** A director `da` or `db`, and in `wa` or `wb` everything that it talks to: real servers on e0 and e1, and what hears it. */
const networks = ['a', 'b'] as const;
type Network = (typeof networks)[number];

let lab: Lab;
/** what each world hears of VRRP */
const heard = new Map<Network, LabProcess>();

const inDirector = (network: Network, script: string): Promise<string> => lab.must(`ip netns exec d${network} bash -c '${script.replaceAll("'", "'\\''")}'`);

const build = (network: Network): string => `
  ip -batch - <<END
  netns add d${network}
  netns add w${network}
  link add e0 netns d${network} address 02:00:00:00:00:01 type veth peer name e0 netns w${network}
  link add e1 netns d${network} address 02:00:00:00:00:02 type veth peer name e1 netns w${network}
END
  ip -n d${network} -batch - <<END
  link set lo up
  addr add 10.0.0.1/24 dev e0
  addr add fd00::1/64 dev e0 nodad
  addr add 10.1.0.2/24 dev e1
  link set e0 up
  link set e1 up
END
  ip -n w${network} -batch - <<END
  link set lo up
  ${[11, 12, 13].flatMap((last) => [`addr add 10.0.0.${last}/24 dev e0`, `addr add 10.1.0.${last}/24 dev e1`]).join('\n  ')}
  addr add fd00::11/64 dev e0 nodad
  link set e0 up
  link set e1 up
END
  ip netns exec d${network} sysctl -qw net.ipv4.ip_forward=1`;

beforeAll(async () => {
  lab = await Lab.boot();
  await lab.must(`
    for name in ip_vs ip_vs_rr ip_vs_wrr ip_vs_wlc ip_vs_sh ip_vs_mh ip_vs_lblcr veth ipv6 ip_tables iptable_filter; do modprobe $name; done
    mkdir -p /run/web/health; echo fine >/run/web/health/index.html
    ${networks.map(build).join('\n')}`);
  for (const network of networks) {
    // whatever path it is asked for, port 80 answers with 200
    const web = lab.start('web', `exec ip netns exec w${network} node -e "require('http').createServer((q, a) => a.end('fine')).listen(80, '::', () => console.log('listening'))"`);
    // the payload alone: the identification of an IP header is not the same twice
    const listener = lab.start('tcpdump', `exec ip netns exec w${network} tcpdump -l -n -x -v -i any 'proto 112 or ip6 proto 112' 2>&1`);
    await Promise.all([web.waitForLine(/listening/, 60_000), listener.waitForLine(/listening on/, 60_000)]);
    heard.set(network, listener);
  }
}, 180_000);
afterAll(() => lab?.stop());

/** What a director holds, each in the words of the tool that shows it. */
const held = async (network: Network): Promise<{ readonly table: readonly string[]; readonly addresses: readonly string[]; readonly sync: string; readonly timeouts: string }> => {
  const sections = (await inDirector(network, `ipvsadm -Sn; echo ==; ip -o addr show; echo ==; ipvsadm -l --daemon; echo ==; ipvsadm -l --timeout`)).split('==\n');
  const [table = '', addresses = '', sync = '', timeouts = ''] = sections;
  return {
    table: table.trim().split('\n').sort(),
    addresses: addresses.split('\n').flatMap((line) => (/ (10\.|fd00|fe80::130)/.test(line) ? [line.replace(/^\d+: /, '').replaceAll(/\s+/g, ' ')] : [])).sort(),
    // Tandem listens as backup too, all the time
    sync: sync.split('\n').filter((line) => line.startsWith('master')).join('\n'),
    timeouts,
  };
};

/**
 * The different advertisements that a world has heard since then: where from and to, the hop limit, and the octets of VRRP. Not that of an orderly stop,
 * nor the source's port-like rest of the header.
 */
const advertisements = (network: Network, since: number): readonly string[] => {
  const packets: string[] = [];
  for (const { time, text } of heard.get(network)?.lines ?? []) {
    if (time < since) continue;
    if (/^\d\d:/.test(text)) packets.push('');
    else if (/^\s+0x/.test(text)) packets.push(`${packets.pop() ?? ''}${text.replace(/^\s+0x\w+:/, '').replaceAll(/\s/g, '')}`);
  }
  const told = packets.flatMap((packet) => {
    const octets = Buffer.from(packet, 'hex');
    const isIpv4 = (octets[0] ?? 0) >> 4 === 4;
    const payload = isIpv4 ? octets.subarray(20) : octets.subarray(40);
    // complete, of the master that stays
    if (payload.length < 8 || payload[2] === 0) return [];
    const [hops, addresses] = isIpv4 ? [octets[8], octets.subarray(12, 20)] : [octets[7], octets.subarray(24, 40)];
    return [`hops ${hops ?? 0}, ${addresses.toString('hex')}: ${payload.toString('hex')}`];
  });
  return [...new Set(told)].sort();
};

it.each([
  ['dr', 1, 6],
  ['nat', 2, 5],
  ['tun', 1, 6],
  ['fwmark', 1, 11],
  ['sync-group', 2, 2],
  ['quorum', 1, 5],
] as const)('%s: the same table, addresses and advertisements as keepalived on the original', async (name, instances, rows) => {
  const since = await lab.now();
  const folder = `/run/import-${name}`;
  await lab.must(`mkdir -p ${folder}; cp ${files}${name}.conf ${folder}/keepalived.conf
    node ${root}dist/bin/tandem.js import keepalived ${folder}/keepalived.conf --output ${folder}/tandem.yaml >${folder}/said 2>&1 || { cat ${folder}/said; exit 1; }`);
  const keepalived = lab.start('keepalived', `exec ip netns exec da keepalived -n -l -D -f ${folder}/keepalived.conf -p ${folder}/pid -r ${folder}/vrrp.pid -c ${folder}/check.pid`);
  const tandem = lab.start('tandem', `exec ip netns exec db node ${root}dist/bin/tandemd.js --config ${folder}/tandem.yaml --runtime-dir ${folder}`);
  try {
    await Promise.all([tandem.waitForLine(/ INFO ready /, 60_000), keepalived.waitForLine(/Entering MASTER STATE/, 60_000)]);
    await expect.poll(async () => ({ ...(await held('b')), told: advertisements('b', since) }), { timeout: 40_000, interval: 500 })
      .toEqual(await stable(async () => ({ ...(await held('a')), told: advertisements('a', since) }), ({ table, told }) => table.length === rows && told.length >= instances));
  } catch (error) {
    throw new Error([`${String(error)}`, ...keepalived.lines.map(({ text }) => text), ...tandem.lines.map(({ text }) => text)].join('\n'), { cause: error });
  } finally {
    for (const process of [keepalived, tandem]) process.signal('SIGTERM');
    await Promise.all([keepalived.exited, tandem.exited]);
    await Promise.all(networks.map((network) => inDirector(network, 'ipvsadm -C; ipvsadm --set 900 120 300')));
  }
}, 180_000);

/** What is read when it has come to what is expected, and is the same for two seconds. @throws Error with what it was last */
async function stable<T>(read: () => Promise<T>, isComplete: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + 90_000;
  for (let last = await read(), since = Date.now(); ; ) {
    await new Promise((resolve) => setTimeout(resolve, 400));
    const value = await read();
    if (JSON.stringify(value) !== JSON.stringify(last)) since = Date.now();
    last = value;
    if (isComplete(value) && Date.now() - since > 2_000) return value;
    if (Date.now() > deadline) throw new Error(`keepalived's table did not settle: ${JSON.stringify(last)}`);
  }
}
