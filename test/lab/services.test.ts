/** What services may answer to, as ipvsadm shows it of a running director: groups, ranges, marks, IPv6, SCTP, tunnels, flags, thresholds, engines. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab } from '../../src/lab/lab.js';
import { Tandem, type FileContent } from '../../src/lab/pair.js';
import { buildSite, type Site } from '../../src/lab/topology.js';
import { requireLab } from '../tiers.js';
import { logSince, reload } from './directors.js';

requireLab();

let lab: Lab;
let site: Site;
let tandem: Tandem;

const servers = [{ address: '10.0.0.11' }, { address: '10.0.0.12', weight: 2 }];
const content = (...services: readonly FileContent[]): FileContent => ({
  ipvs: { modprobe: ['/sbin/modprobe', '-d', '/run/kernel'] },
  virtual_servers: services.map((service, index) => ({ name: `s${index}`, scheduler: 'wrr', forwarding: 'dr', health_check: 'none', real_servers: servers, ...service })),
});
/** `ipvsadm -Sn` after a reload with these services. */
const shown = async (...services: readonly FileContent[]): Promise<readonly string[]> => {
  await reload(tandem, content(...services));
  return (await site.must('d1', 'ipvsadm -Sn')).trim().split('\n');
};

beforeAll(async () => {
  lab = await Lab.boot();
  site = await buildSite(lab, { forwarding: 'dr' });
  tandem = new Tandem(site, site.directors[0]);
  await tandem.configure(content({ address: '10.0.0.100', port: 80 }));
  tandem.start();
  await tandem.process.waitForLine(/INFO ready/, 60_000);
});
afterAll(() => lab?.stop());

describe('the table of the kernel has', () => {
  it('a service for each address and port of a group, with one pool behind them', async () => {
    expect(await shown({ addresses: ['10.0.0.100-101', { address: '10.0.0.105', ports: [25, 587] }], port: 80 })).toEqual(
      ['10.0.0.100:80', '10.0.0.101:80', '10.0.0.105:25', '10.0.0.105:587'].flatMap((target) => {
        const port = target.split(':')[1] ?? '';
        return [`-A -t ${target} -s wrr`, `-a -t ${target} -r 10.0.0.11:${port} -g -w 1`, `-a -t ${target} -r 10.0.0.12:${port} -g -w 2`];
      }),
    );
    const { virtual_servers: [status] } = await tandem.status();
    expect(status).toMatchObject({ address: '10.0.0.100', port: 80, services: ['10.0.0.100:80/tcp', '10.0.0.101:80/tcp', '10.0.0.105:25/tcp', '10.0.0.105:587/tcp'], real_servers: [{ weight: 1 }, { weight: 2 }] });
  });

  it('only what is left of a group after a reload', async () => {
    expect(await shown({ addresses: ['10.0.0.101'], port: 80 })).toEqual(['-A -t 10.0.0.101:80 -s wrr', '-a -t 10.0.0.101:80 -r 10.0.0.11:80 -g -w 1', '-a -t 10.0.0.101:80 -r 10.0.0.12:80 -g -w 2']);
  });

  it('a service of a firewall mark, of either family', async () => {
    expect(await shown({ fwmark: 7, persistence: '60s' }, { fwmark: 7, real_servers: [{ address: 'fd00::11' }] })).toEqual([
      '-A -f 7 -s wrr -p 60',
      '-a -f 7 -r 10.0.0.11:0 -g -w 1',
      '-a -f 7 -r 10.0.0.12:0 -g -w 2',
      '-A -f 7 -6 -s wrr',
      '-a -f 7 -6 -r [fd00::11]:0 -g -w 1',
    ]);
  });

  it('services of UDP, SCTP and IPv6 with their masks, engines and flags', async () => {
    const ipv6 = [{ address: 'fd00::11' }];
    const table = await shown(
      { address: '10.0.0.100', port: 53, protocol: 'udp', one_packet: true },
      { address: '10.0.0.100', port: 5060, protocol: 'udp', persistence: { engine: 'sip', timeout: '60s', netmask: '255.255.255.0' } },
      { address: '10.0.0.100', port: 3868, protocol: 'sctp', scheduler: 'sh', scheduler_flags: ['port', 'fallback'] },
      { address: 'fd00::100', port: 80, scheduler: 'mh', scheduler_flags: ['port'], persistence: { prefix_length: 64 }, real_servers: ipv6 },
    );
    expect(table.filter((line) => line.startsWith('-A')).sort()).toEqual([
      '-A --sctp-service 10.0.0.100:3868 -s sh -b sh-fallback,sh-port',
      '-A -t [fd00::100]:80 -s mh -p 360 -M 64 -b mh-port',
      '-A -u 10.0.0.100:5060 -s wrr -p 60 -M 255.255.255.0 --pe sip',
      '-A -u 10.0.0.100:53 -s wrr -o',
    ]);
    expect(table).toContain('-a -t [fd00::100]:80 -r [fd00::11]:80 -g -w 1');
  });

  it('destinations in tunnels of each type, with thresholds, and IPv4 servers behind IPv6', async () => {
    const tunnel = (keys: object): object => ({ method: 'tun', ...keys });
    const of = (last: number, keys: object): object => ({ address: `10.0.0.${last}`, ...keys });
    expect(
      (
        await shown(
          {
            address: '10.0.0.100',
            port: 80,
            real_servers: [
              of(11, { forwarding: 'tun', upper_threshold: 200, lower_threshold: 100 }),
              of(12, { forwarding: tunnel({ type: 'gre' }) }),
              of(13, { forwarding: tunnel({ type: 'gre', checksum: 'plain' }) }),
              of(14, { forwarding: tunnel({ type: 'gue', port: 6080 }) }),
              of(15, { forwarding: tunnel({ type: 'gue', port: 6080, checksum: 'remote' }) }),
            ],
          },
          { address: 'fd00::100', port: 80, forwarding: 'tun' },
        )
      ).filter((line) => line.startsWith('-a')),
    ).toEqual([
      '-a -t 10.0.0.100:80 -r 10.0.0.11:80 -i -w 1 --tun-type ipip',
      '-a -t 10.0.0.100:80 -r 10.0.0.12:80 -i -w 1 --tun-type gre --tun-nocsum',
      '-a -t 10.0.0.100:80 -r 10.0.0.13:80 -i -w 1 --tun-type gre --tun-csum',
      '-a -t 10.0.0.100:80 -r 10.0.0.14:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum',
      '-a -t 10.0.0.100:80 -r 10.0.0.15:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-remcsum',
      '-a -t [fd00::100]:80 -r 10.0.0.11:80 -i -w 1 --tun-type ipip',
      '-a -t [fd00::100]:80 -r 10.0.0.12:80 -i -w 2 --tun-type ipip',
    ]);
    expect(await site.must('d1', 'ipvsadm -Ln --thresholds -t 10.0.0.100:80')).toMatch(/10\.0\.0\.11:80 +200 +100 +0 +0 *$/m);
  });

  it('nothing to do when nothing has changed, and the module that a helper needs', async () => {
    const service = { address: '10.0.0.100', port: 21, forwarding: 'nat', helper: 'ftp' };
    await shown(service);
    expect(await lab.must('lsmod')).toMatch(/^ip_vs_ftp /m);
    const since = await lab.now();
    await shown(service);
    expect(logSince(tandem, since, /IPVS: /)).toEqual([]);
  });
});

describe('a start', () => {
  it('takes the virtual addresses when the table behind them is whole, however short the advertisement interval', async () => {
    tandem.process.signal('SIGTERM');
    await tandem.process.exited;
    await site.must('d1', 'ipvsadm -C');
    const services = Array.from({ length: 300 }, (_, index) => ({ address: '10.0.0.100', port: 10_000 + index }));
    await tandem.configure({ ...content(...services), vrrp: { instances: [{ name: 'web', interface: 'e0', virtual_router_id: 51, advertisement_interval: '50ms', virtual_addresses: ['10.0.0.100'] }] } });
    tandem.start();
    const inTable = await site.must('d1', "until ip -o addr show dev e0 | grep -q ' 10.0.0.100/32'; do sleep 0.02; done; grep -c '^  ->' /proc/net/ip_vs", { timeout: 60_000 });
    // the first is the heading
    expect(Number(inTable)).toBe(1 + 300 * servers.length);
  });
});
