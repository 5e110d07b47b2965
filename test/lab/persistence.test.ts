/** Who stays with whom: persistence by client, port, mark and network, of every port, by Call-ID, and FTP's data connections. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FileContent } from '../../src/lab/pair.js';
import { requireLab } from '../tiers.js';
import { DataPath, pool, pool6 } from './data-path.js';

requireLab();

const mark = 5;
const sipVip = '10.0.0.138';
const persistence = '5m';
const services: readonly FileContent[] = [
  { address: '10.0.0.131', persistence },
  { address: '10.0.0.132', persistence },
  { address: '10.0.0.132', port: 7000, persistence },
  { fwmark: mark, persistence },
  { address: '10.0.0.134', persistence: { timeout: persistence, netmask: '255.255.255.0' } },
  { address: 'fd00::1:5', persistence: { timeout: persistence, prefix_length: 112 }, real_servers: pool6({}, {}, {}) },
  { address: '10.0.0.136', port: 0, persistence },
  { address: '10.0.0.137', persistence: '4s' },
  { address: sipVip, port: 5060, protocol: 'udp', persistence: { timeout: persistence, engine: 'sip' } },
  { address: '10.0.0.139', port: 21, forwarding: 'nat', helper: 'ftp', real_servers: pool({}, {}) },
  { address: 'fd00::1:a', port: 21, forwarding: 'nat', helper: 'ftp', real_servers: pool6({}, {}) },
];

let path: DataPath;

beforeAll(async () => {
  path = await DataPath.boot(services, { timeouts: { tcp_fin: '1s' } });
  await path.lab.must('for name in iptable_mangle xt_mark; do modprobe $name; done; mkdir -p /run/ftp/empty');
  await path.servers(`
    mkdir -p ftp; echo $name >ftp/name
    printf '%s\\n' listen=NO listen_ipv6=YES anonymous_enable=YES anon_root=/run/$name/ftp secure_chroot_dir=/run/ftp/empty seccomp_sandbox=NO background=YES >vsftpd.conf
    vsftpd $PWD/vsftpd.conf
    socat UDP4-RECVFROM:5060,bind=${sipVip},fork SYSTEM:"cat >/dev/null & echo $name" >socat.log 2>&1 &`);
  await path.director([80, 7000].map((port) => `iptables-legacy -t mangle -A PREROUTING -p tcp -d 10.0.0.133 --dport ${port} -j MARK --set-mark ${mark}`).join('\n'));
});
afterAll(() => path?.stop());

/** `CLIENT VIRTUAL` of each template whose virtual side begins so. A template has no client's port. */
const templates = async (virtual: string): Promise<readonly string[]> => {
  const rows = (await path.director('ipvsadm -Lnc')).map((line) => line.split(/ +/));
  return rows.filter(([, , , client, to]) => client?.endsWith(':0') && to?.startsWith(virtual)).map(([, , , client, to]) => `${client} ${to}`).sort();
};

describe('persistence', () => {
  it('keeps a client on its server, and gives other clients others', async () => {
    const answers = await path.client('for i in 1 2; do get 10.0.0.33 10.0.0.34 10.0.0.35 -- 10.0.0.131 10.0.0.131; done');
    const [a, , b, , c] = answers;
    expect(answers).toEqual([a, a, b, b, c, c, a, a, b, b, c, c]);
    expect([a, b, c].sort()).toEqual(['rs1', 'rs2', 'rs3']);
  });

  it('of two ports is two: each service has its own templates', async () => {
    // another client goes first on port 80, so that round robin is not in step
    const [, web, other] = await path.client('get 10.0.0.34 -- 10.0.0.132; get 10.0.0.33 -- 10.0.0.132 10.0.0.132:7000');
    expect(other).not.toBe(web);
    expect(await path.client('get 10.0.0.33 -- 10.0.0.132:7000 10.0.0.132 10.0.0.132:7000 10.0.0.132')).toEqual([other, web, other, web]);
    expect(await templates('10.0.0.132:')).toEqual(['10.0.0.33:0 10.0.0.132:7000', '10.0.0.33:0 10.0.0.132:80', '10.0.0.34:0 10.0.0.132:80']);
  });

  it('of a mark is one for all ports that bear it', async () => {
    const [, first, ...answers] = await path.client('get 10.0.0.34 -- 10.0.0.133; get 10.0.0.33 10.0.0.33 -- 10.0.0.133 10.0.0.133:7000');
    expect(answers).toEqual([first, first, first]);
    expect(await templates(`0.0.0.${mark}:`)).toEqual([`10.0.0.33:0 0.0.0.${mark}:0`, `10.0.0.34:0 0.0.0.${mark}:0`]);
  });

  it('with a netmask takes the clients of a network as one', async () => {
    const [a, b, c, d] = await path.client('get 10.0.1.1 10.0.0.33 10.0.1.200 10.0.0.60 -- 10.0.0.134');
    expect([c, d]).toEqual([a, b]);
    expect(b).not.toBe(a);
    expect(await templates('10.0.0.134:')).toEqual(['10.0.0.0:0 10.0.0.134:80', '10.0.1.0:0 10.0.0.134:80']);
  });

  it('with a prefix length takes the IPv6 clients of a network as one', async () => {
    const [a, b, c] = await path.client('get fd00::2:1 fd00::9 fd00::2:77 -- [fd00::1:5]');
    expect(c).toBe(a);
    expect(b).not.toBe(a);
  });

  it('of every port is one for all of them', async () => {
    const [, first, ...answers] = await path.client('get 10.0.0.34 -- 10.0.0.136; get 10.0.0.33 10.0.0.33 -- 10.0.0.136:7000 10.0.0.136');
    expect(answers).toEqual([first, first, first]);
    expect(await templates('10.0.0.136:')).toEqual(['10.0.0.33:0 10.0.0.136:0', '10.0.0.34:0 10.0.0.136:0']);
  });

  it('ends when its time is over', async () => {
    const [first] = await path.client('get 10.0.0.9 -- 10.0.0.137');
    // one whose connection has not ended yet is kept for a minute more
    await expect.poll(() => templates('10.0.0.137:'), { timeout: 90_000, interval: 500 }).toEqual([]);
    expect(await path.client('get 10.0.0.9 -- 10.0.0.137')).not.toEqual([first]);
  });

  it('with the engine of SIP keeps a call on its server, from wherever its packets come', async () => {
    const register = (call: string, from: string): string =>
      `printf 'REGISTER sip:lab SIP/2.0\\r\\nVia: SIP/2.0/UDP ${from}\\r\\nFrom: <sip:a@lab>;tag=1\\r\\nTo: <sip:a@lab>\\r\\nCall-ID: ${call}@lab\\r\\nCSeq: 1 REGISTER\\r\\nContent-Length: 0\\r\\n\\r\\n' | socat -t10 -T10 - UDP4:${sipVip}:5060,bind=${from},shut-null | head -1`;
    const calls = [['one', '10.0.0.33'], ['two', '10.0.0.33'], ['three', '10.0.0.33'], ['one', '10.0.0.34'], ['two', '10.0.1.9'], ['three', '10.0.0.33']] as const;
    const [one, two, three, ...again] = await path.client(calls.map(([call, from]) => register(call, from)).join('\n'));
    expect([one, two, three].sort()).toEqual(['rs1', 'rs2', 'rs3']);
    expect(again).toEqual([one, two, three]);
  });
});

describe('FTP by NAT with its helper', () => {
  const name = 'ftp://10.0.0.139/name';
  it.each([
    ['passive (EPSV)', name],
    ['passive (PASV)', `--disable-epsv ${name}`],
    ['active (EPRT)', `--ftp-port - ${name}`],
    ['active (PORT)', `--ftp-port - --disable-eprt ${name}`],
    ['passive over IPv6', '-g ftp://[fd00::1:a]/name'],
    ['active over IPv6', '-g --ftp-port - ftp://[fd00::1:a]/name'],
  ])('%s: both connections are with the same server, of two', async (_, parameters) => {
    const answers = await path.client(`for i in 1 2; do curl -s -m 25 ${parameters} || echo "curl: $?"; done`);
    expect([...answers].sort()).toEqual(['rs1', 'rs2']);
  });
});
