/** How packets reach the real servers: direct routing, NAT and tunnels of every type, of either family, as the packets on the server's wire show it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FileContent } from '../../src/lab/pair.js';
import type { LabProcess } from '../../src/lab/lab-process.js';
import { requireLab } from '../tiers.js';
import { DataPath, pool, pool6 } from './data-path.js';

requireLab();

interface Row {
  readonly what: string;
  readonly vip: string;
  readonly service: FileContent;
  /** rs1 unless said otherwise */
  readonly server?: string;
  /** among the packets that reach the server, as tcpdump -vx shows them */
  readonly wire: RegExp;
}

const [ipv4, ipv6] = [{ real_servers: pool({}) }, { real_servers: pool6({}) }];
const tunnel = (keys: object): object => ({ forwarding: { method: 'tun', ...keys } });
/** rs2 takes GRE with checksums only */
const second = { real_servers: [{ address: '10.0.0.12' }] };
const second6 = { real_servers: [{ address: 'fd00::12' }] };

/** A service whose only real server fails: what its sorry server gets goes by a method of its own. */
const failed = { real_servers: [{ address: '10.0.0.11', health_check: { type: 'tcp', port: 9, interval: '1s', fall: 1 } }] };
const sorry: Row = { what: 'the sorry server by its own method', vip: '10.0.0.142', server: 'rs2', service: { ...failed, sorry_server: { address: '10.0.0.12', ...tunnel({ type: 'gre', checksum: 'plain' }) } }, wire: /10\.0\.0\.1 > 10\.0\.0\.12: GREv0, Flags \[checksum present\].*10\.0\.0\.142\.80: Flags \[S\]/ };

const rows: readonly Row[] = [
  { what: 'dr', vip: '10.0.0.131', service: ipv4, wire: /10\.0\.0\.9\.\d+ > 10\.0\.0\.131\.80: Flags \[S\]/ },
  { what: 'dr over IPv6', vip: 'fd00::1:31', service: ipv6, wire: /fd00::9\.\d+ > fd00::1:31\.80: Flags \[S\]/ },
  { what: 'nat that maps the port', vip: '10.0.0.132', service: { forwarding: 'nat', real_servers: pool({ port: 7000 }) }, wire: /10\.0\.0\.9\.\d+ > 10\.0\.0\.11\.7000: Flags \[S\]/ },
  { what: 'nat over IPv6 that maps the port', vip: 'fd00::1:32', service: { forwarding: 'nat', real_servers: pool6({ port: 7000 }) }, wire: /fd00::9\.\d+ > fd00::11\.7000: Flags \[S\]/ },
  { what: 'tun of type ipip', vip: '10.0.0.133', service: { ...ipv4, forwarding: 'tun' }, wire: /10\.0\.0\.1 > 10\.0\.0\.11: .*10\.0\.0\.9\.\d+ > 10\.0\.0\.133\.80: Flags \[S\]/ },
  { what: 'tun of type gre', vip: '10.0.0.134', service: { ...ipv4, ...tunnel({ type: 'gre' }) }, wire: /10\.0\.0\.1 > 10\.0\.0\.11: GREv0, Flags \[none\].*10\.0\.0\.134\.80: Flags \[S\]/ },
  { what: 'tun of type gre with a checksum', vip: '10.0.0.135', server: 'rs2', service: { ...second, ...tunnel({ type: 'gre', checksum: 'plain' }) }, wire: /10\.0\.0\.1 > 10\.0\.0\.12: GREv0, Flags \[checksum present\].*10\.0\.0\.135\.80: Flags \[S\]/ },
  // port 6080 is 17c0; then the length, the checksum (0 = none) and GUE's header: no extension, protocol 4 or 41
  { what: 'tun of type gue', vip: '10.0.0.136', service: { ...ipv4, ...tunnel({ type: 'gue', port: 6080 }) }, wire: /10\.0\.0\.1\.\d+ > 10\.0\.0\.11\.6080: UDP,.* 17c0 \w{4} 0000 0004 0000 / },
  { what: 'tun of type gue with a checksum', vip: '10.0.0.137', service: { ...ipv4, ...tunnel({ type: 'gue', port: 6080, checksum: 'plain' }) }, wire: /10\.0\.0\.1\.\d+ > 10\.0\.0\.11\.6080: UDP,.* 17c0 \w{4} (?!0000)\w{4} 0004 0000 / },
  // remote: GUE with an extension of 8 octets, private flags that say REMCSUM (draft-ietf-intarea-gue, draft-herbert-remotecsumoffload)
  { what: 'tun of type gue with remote checksum offload', vip: '10.0.0.138', service: { ...ipv4, ...tunnel({ type: 'gue', port: 6080, checksum: 'remote' }) }, wire: /10\.0\.0\.1\.\d+ > 10\.0\.0\.11\.6080: .* 0204 0001 0x0020: 8000 0000 / },
  { what: 'tun of type ipip over IPv6', vip: 'fd00::1:33', service: { ...ipv6, forwarding: 'tun' }, wire: /fd00::1 > fd00::11: .*fd00::9\.\d+ > fd00::1:33\.80: Flags \[S\]/ },
  { what: 'tun of type gre over IPv6', vip: 'fd00::1:34', service: { ...ipv6, ...tunnel({ type: 'gre' }) }, wire: /fd00::1 > fd00::11: .*GREv0, Flags \[none\].*fd00::1:34\.80: Flags \[S\]/ },
  { what: 'tun of type gre with a checksum over IPv6', vip: 'fd00::1:35', server: 'rs2', service: { ...second6, ...tunnel({ type: 'gre', checksum: 'plain' }) }, wire: /fd00::1 > fd00::12: .*GREv0, Flags \[checksum present\].*fd00::1:35\.80: Flags \[S\]/ },
  { what: 'tun of type gue over IPv6', vip: 'fd00::1:36', service: { ...ipv6, ...tunnel({ type: 'gue', port: 6080 }) }, wire: /fd00::1\.\d+ > fd00::11\.6080: .* 17c0 \w{4} 0000 0x0030: 0029 0000 / },
  { what: 'tun of type gue with a checksum over IPv6', vip: 'fd00::1:40', service: { ...ipv6, ...tunnel({ type: 'gue', port: 6080, checksum: 'plain' }) }, wire: /fd00::1\.\d+ > fd00::11\.6080: .* 17c0 \w{4} (?!0000)\w{4} 0x0030: 0029 0000 / },
  { what: 'tun of type ipip of an IPv6 service to an IPv4 server', vip: 'fd00::1:37', service: { ...ipv4, forwarding: 'tun' }, wire: /10\.0\.0\.1 > 10\.0\.0\.11: .*fd00::9\.\d+ > fd00::1:37\.80: Flags \[S\]/ },
  { what: 'tun of type gre of an IPv6 service to an IPv4 server', vip: 'fd00::1:38', service: { ...ipv4, ...tunnel({ type: 'gre' }) }, wire: /10\.0\.0\.1 > 10\.0\.0\.11: GREv0.*fd00::1:38\.80: Flags \[S\]/ },
  { what: 'tun of type gue of an IPv6 service to an IPv4 server', vip: 'fd00::1:39', service: { ...ipv4, ...tunnel({ type: 'gue', port: 6080 }) }, wire: /10\.0\.0\.1\.\d+ > 10\.0\.0\.11\.6080: UDP,.* 17c0 \w{4} 0000 0029 0000 / },
  { what: 'tun of type gre of an IPv4 service to an IPv6 server', vip: '10.0.0.140', service: { ...ipv6, ...tunnel({ type: 'gre' }) }, wire: /fd00::1 > fd00::11: .*GREv0.*10\.0\.0\.140\.80: Flags \[S\]/ },
  { what: 'tun of type gue of an IPv4 service to an IPv6 server', vip: '10.0.0.141', service: { ...ipv6, ...tunnel({ type: 'gue', port: 6080 }) }, wire: /fd00::1\.\d+ > fd00::11\.6080: .* 17c0 \w{4} 0000 0x0030: 0004 0000 / },
  { what: 'tun of type ipip of an IPv4 service to an IPv6 server', vip: '10.0.0.139', service: { ...ipv6, forwarding: 'tun' }, wire: /fd00::1 > fd00::11: .*10\.0\.0\.9\.\d+ > 10\.0\.0\.139\.80: Flags \[S\]/ },
];

/** Receivers: the devices that take what comes from anywhere. With checksums GRE wants a device that expects them. */
const receivers = `
  ip -batch - <<END
link set tunl0 up
link set sit0 up
link set ip6tnl0 up
fou add port 6080 gue
fou add port 6080 gue -6
END
  ip link add any0 type ip6tnl mode any local fd00::\${own##*.} remote any; ip link set any0 up
  case $name in
  rs2) ip link add gre1 type gre local $own csum; ip link add gre61 type ip6gre local fd00::12 icsum ocsum; ip link set gre1 up; ip link set gre61 up;;
  *) ip link set gre0 up; ip link add gre61 type ip6gre local fd00::\${own##*.}; ip link set gre61 up;;
  esac
  for device in /proc/sys/net/ipv4/conf/*; do echo 0 >$device/rp_filter; done`;

let path: DataPath;
let captures: Readonly<Record<string, LabProcess>>;

beforeAll(async () => {
  path = await DataPath.boot([...rows, sorry].map(({ vip, service }) => ({ address: vip, ...service })));
  await path.lab.must('for name in ipip sit ip6_tunnel ip_gre ip6_gre fou fou6; do modprobe $name; done');
  await path.servers(receivers);
  const [director] = await path.director('cat /sys/class/net/e0/address');
  const capture = (server: string): LabProcess => path.site.start(server, `tcpdump on ${server}`, `exec tcpdump -i e0 -nn -v -x -l "ether src ${director} and not arp and not icmp6"`);
  captures = { rs1: capture('rs1'), rs2: capture('rs2') };
  await Promise.all(Object.values(captures).map((process) => process.waitForLine(/listening on e0/, 60_000)));
});
afterAll(() => path?.stop());

describe('a client is answered through', () => {
  beforeAll(() => path.tandem.process.waitForLine(/the sorry server 10\.0\.0\.12:80 takes over/, 60_000));

  it.each([...rows, sorry].map((row) => [row.what, row] as const))('%s', async (_, { vip, server = 'rs1', wire }) => {
    const before = captures[server]?.stdout.length;
    expect(await path.client(`ask ${vip}`)).toEqual([server]);
    await expect.poll(() => captures[server]?.stdout.slice(before).replaceAll(/\s+/g, ' '), { timeout: 30_000 }).toMatch(wire);
  });
});
