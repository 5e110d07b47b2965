/** `tandem ipvs` and `tandem import ipvsadm` beside Debian's ipvsadm, on a live table with connections. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab, root } from '../../src/lab/lab.js';
import { Tandem } from '../../src/lab/pair.js';
import { buildSite, type Site } from '../../src/lab/topology.js';
import { requireLab } from '../tiers.js';

requireLab();

let lab: Lab;
let site: Site;

/** Each kind of service; none that Tandem would not configure, so that the import can make them again. */
const rules = `
-A -t 10.0.0.100:80 -s wrr
-a -t 10.0.0.100:80 -r 10.0.0.11:80 -g -w 3
-a -t 10.0.0.100:80 -r 192.0.2.12:80 -g -w 0
-a -t 10.0.0.100:80 -r 130.0.0.1:8080 -m -w 0
-A -t 10.0.0.100:443 -s sh -p 1800 -M 255.255.255.0 -b sh-fallback,sh-port
-a -t 10.0.0.100:443 -r 10.0.0.14:443 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum
-a -t 10.0.0.100:443 -r 10.0.0.15:443 -i -w 1 --tun-type gre --tun-csum
-a -t 10.0.0.100:443 -r 10.0.0.16:443 -i -w 1 --tun-type ipip
-a -t 10.0.0.100:443 -r 10.0.0.17:443 -i -w 1 --tun-type gue --tun-port 6081 --tun-remcsum
-A -t 10.0.0.100:0 -s rr -p 360
-a -t 10.0.0.100:0 -r 10.0.0.11:0 -g -w 1
-A -u 10.0.0.100:53 -s rr -o
-a -u 10.0.0.100:53 -r 10.0.0.11:5353 -m -w 1
-A -u 10.0.0.100:5060 -s mh -p 600 --pe sip -b mh-port
-a -u 10.0.0.100:5060 -r 10.0.0.11:5060 -g -w 1
-A --sctp-service 10.0.0.100:5672 -s wlc
-a --sctp-service 10.0.0.100:5672 -r 10.0.0.11:5672 -g -w 1
-A -t [fd00::100]:80 -s wlc -p 360 -M 64
-a -t [fd00::100]:80 -r [fd00::11]:80 -g -w 5
-a -t [fd00::100]:80 -r [2001:db8:1111:2222:3333:4444:5555:6666]:80 -i -w 5 --tun-type ipip
-A -f 7 -s rr
-a -f 7 -r 10.0.0.11:0 -g -w 1
-A -f 7 -6 -s rr -p 360
-a -f 7 -6 -r [fd00::11]:0 -g -w 1
-A -f 4294967295 -s rr
-a -f 4294967295 -r 10.0.0.11:0 -g -w 1
`;
const hosts = `127.0.0.1 localhost
10.0.0.100 vip.example.org vip
10.0.0.11 a-real-server-with-a-long-name.example.org
10.0.0.9 client
fd00::11 a-real-server-with-a-long-name.example.org
`;

beforeAll(async () => {
  lab = await Lab.boot();
  site = await buildSite(lab, { forwarding: 'dr', realServers: 1 });
  await lab.must(`for name in ip_vs_rr ip_vs_wrr ip_vs_wlc ip_vs_sh ip_vs_mh ip_vs_pe_sip; do modprobe $name; done
    cat >/run/hosts <<'HOSTS'\n${hosts}HOSTS
    mount --bind /run/hosts /etc/hosts`);
  await site.must('d1', `ip addr add 10.0.0.100/32 dev e0
    ipvsadm -R <<'RULES'\n${rules.trim()}\nRULES
    ipvsadm --start-daemon master --mcast-interface e0 --syncid 51
    ipvsadm --start-daemon backup --mcast-interface e0 --syncid 52 --mcast-group 239.1.2.3 --mcast-port 9999 --mcast-ttl 5
    ipvsadm --set 900 0 77`);
  // connections: one that was closed, one that gets no answer with a template, one of UDP (in one datagram) with the engine's Call-ID
  await site.must('cli', `curl -sS -o /dev/null http://10.0.0.100/
    curl -s -m 1 -o /dev/null http://10.0.0.100:8080/ || true
    printf 'OPTIONS sip:a@b SIP/2.0\\r\\nCall-ID: abc@example.org\\r\\n\\r\\n' >/run/message; cat /run/message >/dev/udp/10.0.0.100/5060`);
}, 120_000);
afterAll(() => lab?.stop());

const lines = (text: string): readonly string[] => text.trim().split('\n').sort();
const tandem = `${process.execPath} ${root}dist/bin/tandem.js`;

// the connections first: they end
const views = [
  '-Lc --persistent-conn', '-Lc', '-Lcn',
  '-L', '-Ln', '-L --nosort', '-L --stats', '-Ln --stats --exact', '-Ln --rate', '-L --rate --exact', '-Ln --thresholds', '-L --persistent-conn', '-Ln --tun-info',
  '-S', '-Sn', '-L --timeout', '-L --daemon',
  '-L -t vip:80', '-Ln -u 10.0.0.100:53 --stats', '-Ln --sctp-service 10.0.0.100:5672', '-Ln -t [fd00::100]:80', '-Ln -f 7', '-Ln -f 7 -6',
]; // prettier-ignore

interface Beside {
  readonly options: string;
  readonly shown: string;
  readonly before: string;
  readonly after: string;
}
let compared: readonly Beside[] = [];

describe('tandem ipvs', () => {
  beforeAll(async () => {
    compared = JSON.parse(await site.must('d1', `${process.execPath} ${root}test/ipvs/view-driver.mjs ${root}dist ${views.map((view) => `'${view}'`).join(' ')}`, { timeout: 240_000 })) as readonly Beside[];
  }, 250_000);
  const of = (view: string): Beside => compared.find(({ options }) => options === view) ?? { options: view, shown: 'nothing', before: '', after: '' };

  it.each(views)('%s shows what ipvsadm shows', (view) => {
    const { shown, before, after } = of(view);
    expect([before, after]).toContain(shown);
  });

  it('had connections, a persistence template and an engine to show, names and large marks', () => {
    const { shown } = of('-Lc --persistent-conn');
    expect(shown).toMatch(/^TCP \d\d:\d\d +\w+ +client:\d+ +vip\.example\.org:(http|80) +a-real-server\S+:(http|80)$/m);
    expect(shown).toMatch(/^TCP \d\d:\d\d +\w+ +client:0 +vip\.example\.org:0 +a-real-server\S+:0$/m);
    expect(shown).toMatch(/^UDP .* sip +abc@example\.org$/m);
    expect(of('-Ln').shown).toContain('\nFWM  -1 rr\n');
    expect(of('-L --daemon').shown.split('\n')).toHaveLength(3);
  });

  it('says which capability it lacks, and which service is not there', async () => {
    const refused = await site.run('d1', `setpriv --reuid 65534 --clear-groups --bounding-set=-all ${tandem} ipvs`);
    expect(refused).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('CAP_NET_ADMIN') as string });
    expect(await site.run('d1', `${tandem} ipvs -Ln -t 10.0.0.100:81`)).toMatchObject({ status: 1, stdout: '', stderr: 'tandem: there is no such service: 10.0.0.100:81/tcp\n' });
  });
});

describe('tandem import ipvsadm', () => {
  it("turns ipvsadm's saved rules into a file with which the daemon makes the same table", async () => {
    const saved = await site.must('d1', 'ipvsadm -Sn');
    const director = new Tandem(site, site.directors[0]);
    await site.must('d1', `mkdir -p ${director.folder}; ipvsadm -Sn | ${tandem} import ipvsadm - --output ${director.file}; ${tandem} check ${director.file}; ipvsadm -C`);
    director.start();
    await director.process.waitForLine(/INFO ready/, 60_000);
    // ipvsadm's order depends on the order in which they were added
    await expect.poll(async () => lines(await site.must('d1', 'ipvsadm -Sn')), { timeout: 30_000, interval: 250 }).toEqual(lines(saved));
  }, 120_000);
});
