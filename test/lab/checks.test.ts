/** Checks that converse, as the daemon makes them in the lab kernel: a server that answers is in the table, one that fails is out, and status says why. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab } from '../../src/lab/lab.js';
import { Tandem, type FileContent } from '../../src/lab/pair.js';
import { buildSite, type Site } from '../../src/lab/topology.js';
import { requireLab } from '../tiers.js';
import { reload } from './directors.js';

requireLab();

let lab: Lab;
let site: Site;
let tandem: Tandem;

/** Both real servers behind a service of this port; rs1 runs BIND, an SMTP server and nginx, rs2 nginx only. */
const content = (port: number, check: FileContent): FileContent => ({
  ipvs: { modprobe: ['/sbin/modprobe', '-d', '/run/kernel'] },
  virtual_servers: [{ name: 'web', address: '10.0.0.100', port, scheduler: 'wrr', forwarding: 'dr', health_check: { interval: '500ms', timeout: '3s', rise: 1, fall: 1, ...check }, real_servers: [{ address: '10.0.0.11' }, { address: '10.0.0.12' }] }],
});

/** Of these servers only rs1 comes into the kernel's table; `reasons`: what status says of each. */
const expectFirstOnly = async (port: number, check: FileContent, reasons: readonly unknown[]): Promise<void> => {
  await reload(tandem, content(port, check));
  await expect
    .poll(
      async () => {
        const { virtual_servers: [service] } = await tandem.status();
        const table = (await site.must('d1', 'ipvsadm -Sn')).trim().split('\n');
        return { table: table.filter((line) => line.startsWith('-a')), reasons: service?.real_servers.map(({ reason }) => reason) };
      },
      { timeout: 60_000, interval: 200 },
    )
    .toEqual({ table: [`-a -t 10.0.0.100:${port} -r 10.0.0.11:${port} -g -w 1`], reasons });
};

beforeAll(async () => {
  lab = await Lab.boot();
  site = await buildSite(lab, { forwarding: 'dr', realServers: 2 });
  await site.must(
    'rs1',
    `mkdir -p /run/dns; printf '$TTL 60\\n@ SOA ns a 1 1 1 1 1\\n@ NS ns\\nns A 10.0.0.11\\n' > /run/dns/example.org
    printf 'options { directory "/run/dns"; listen-on { any; }; pid-file none; session-keyfile none; recursion no; dnssec-validation no; }; controls { }; zone "example.org" { type primary; file "example.org"; };' > /run/dns/named.conf
    named -n 1 -c /run/dns/named.conf
    setsid aiosmtpd -n -c aiosmtpd.handlers.Sink -l 10.0.0.11:25 < /dev/null > /run/smtp.log 2>&1 &`,
  );
  await site.must('rs2', 'iptables-legacy -A INPUT -p icmp -j DROP');
  tandem = new Tandem(site, site.directors[0]);
  await tandem.configure(content(80, { type: 'tcp' }));
  tandem.start();
  await tandem.process.waitForLine(/INFO ready/, 60_000);
});
afterAll(() => lab?.stop());

describe('the one server that answers is in the table,', () => {
  it('of dns over UDP and TCP', async () => {
    const check = { type: 'dns', name: 'ns.example.org', record_type: 'A', answer: '10.0.0.11' };
    await expectFirstOnly(53, check, ['NOERROR, answer 10.0.0.11', 'port unreachable: nothing listens there']);
    await expectFirstOnly(53, { ...check, protocol: 'tcp' }, ['NOERROR, answer 10.0.0.11', 'connection refused']);
  });

  it('of smtp', () => expectFirstOnly(25, { type: 'smtp' }, ['greeting and EHLO', 'connection refused']));

  it('of ping', () => expectFirstOnly(80, { type: 'ping' }, [expect.stringMatching(/^echo reply in /), 'no answer within 3 s (waiting for the echo reply)']));

  it('of udp', () =>
    expectFirstOnly(53, { type: 'udp', send: { hex: '123401000001000000000000026e73076578616d706c65036f72670000010001' }, expect: { hex: '0a00000b' } }, ['reply holds hex 0a00000b', 'port unreachable: nothing listens there']));

  it('of tcp with an answer', () => expectFirstOnly(25, { type: 'tcp', expect: { regex: '^220 ' } }, ['answer matches /^220 /', 'connection refused']));
});
