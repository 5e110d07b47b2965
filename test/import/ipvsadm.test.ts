/** Rules as ipvsadm 1.31 saves and reads them, turned into configuration. What it accepts, refuses and makes of rules was observed with ipvsadm itself in the lab kernel. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseConfiguration } from '../../src/config/parse.js';
import { convertRules } from '../../src/import/ipvsadm/import.js';
import type { Resolve } from '../../src/import/ipvsadm/read.js';
import { resolveEndpoint, UnknownNameError } from '../../src/ipvs/view/resolve.js';

/** Without /etc/services, which not every machine has. */
const resolve: Resolve = (text, protocol) => resolveEndpoint(text.replace(/:http$/, ':80'), protocol);

interface File {
  readonly ipvs?: unknown;
  readonly virtual_servers: readonly (Record<string, unknown> & { readonly real_servers: readonly Record<string, unknown>[] })[];
}

const convert = async (...lines: readonly string[]) => convertRules(`${lines.join('\n')}\n`, 'rules', resolve);
/** What the rules become; they must be understood without a word. */
const imported = async (...lines: readonly string[]): Promise<File> => {
  const { configuration, messages } = await convert(...lines);
  expect(messages).toBe('');
  return parse(configuration ?? '') as File;
};
const first = async (...lines: readonly string[]) => (await imported(...lines)).virtual_servers[0];
/** Its first line. */
const complaint = async (...lines: readonly string[]): Promise<string> => (await convert(...lines)).messages.split('\n')[0] ?? '';

const web = '-A -t 192.0.2.10:80 -s wrr';
const server = '-a -t 192.0.2.10:80 -r 192.0.2.22:80 -g -w 3';

describe('rules become', () => {
  it('a service without health checks, since ipvsadm has none, and its servers', async () => {
    expect(await imported(web, server)).toEqual({
      virtual_servers: [{ name: 'tcp-192.0.2.10-80', address: '192.0.2.10', port: 80, scheduler: 'wrr', forwarding: 'dr', health_check: 'none', real_servers: [{ address: '192.0.2.22', weight: 3 }] }],
    });
  });

  it('a commented file that says where each service was, and passes the check', async () => {
    const { configuration = '' } = await convert('', web, server);
    expect(configuration).toMatch(/^# Made by `tandem import ipvsadm` of rules/);
    expect(configuration).toContain('  # line 2\n  - name: tcp-192.0.2.10-80\n');
    expect(configuration).toContain('      - { address: 192.0.2.22, weight: 3 }\n');
    expect(parseConfiguration(configuration, 'imported')).toMatchObject({ ok: true });
  });

  it.each([
    ['-A -u 192.0.2.10:53 -s rr -o', { name: 'udp-192.0.2.10-53', protocol: 'udp', one_packet: true }],
    ['-A --sctp-service 192.0.2.10:3868 -s rr', { protocol: 'sctp', port: 3868 }],
    ['-A -t [2001:db8::10]:80 -s rr -p 60 -M 64', { address: '2001:db8::10', persistence: { timeout: '60s', prefix_length: 64 } }],
    ['-A -t 192.0.2.10:443 -s rr -p -M 255.255.255.0', { persistence: { timeout: '360s', netmask: '255.255.255.0' } }],
    ['-A -u 192.0.2.10:5060 -s rr -p 60 --pe sip', { persistence: { timeout: '60s', engine: 'sip' } }],
    ['-A -t 192.0.2.10 -p', { port: 0, scheduler: 'wlc', persistence: { timeout: '360s' } }],
    ['-A -t 192.0.2.10:80 -s sh -b sh-port,sh-fallback', { scheduler_flags: ['fallback', 'port'] }],
    ['-A -t 192.0.2.10:80 -s mh -b flag-2', { scheduler_flags: ['port'] }],
    ['-A -f 7', { name: 'mark-7', fwmark: 7, family: 'ipv4', scheduler: 'wlc' }],
    ['-A -f 7 -6', { name: 'mark-7-ipv6', family: 'ipv6' }],
    ['-A -f -1 -s rr', { fwmark: 4_294_967_295 }],
  ])('%s', async (rule, service) => {
    expect(await first(rule)).toMatchObject(service);
  });

  it.each([
    ['-m', { forwarding: 'nat' }, {}],
    ['-m -w 0 -x 200 -y 100', { forwarding: 'nat' }, { weight: 0, upper_threshold: 200, lower_threshold: 100 }],
    ['-i --tun-type ipip', { forwarding: 'tun' }, {}],
    ['-i --tun-type gre --tun-nocsum', { forwarding: { method: 'tun', type: 'gre' } }, {}],
    ['-i --tun-type gue --tun-port 6080 --tun-remcsum', { forwarding: { method: 'tun', type: 'gue', port: 6080, checksum: 'remote' } }, {}],
  ])('a server with %s', async (options, service, own) => {
    const made = await first(web, `-a -t 192.0.2.10:80 -r 192.0.2.22:80 ${options}`);
    expect(made).toMatchObject(service);
    expect(made?.real_servers[0]).toEqual({ address: '192.0.2.22', weight: 1, ...own });
  });

  it('the forwarding of most servers for the service, and of the others for themselves', async () => {
    const made = await first(web, '-a -t 192.0.2.10:80 -r 192.0.2.22 -g', '-a -t 192.0.2.10:80 -r 192.0.2.23:8080 -m', '-a -t 192.0.2.10:80 -r 192.0.2.24 -m');
    expect(made).toMatchObject({ forwarding: 'nat', real_servers: [{ address: '192.0.2.22', forwarding: 'dr' }, { address: '192.0.2.23', port: 8080 }, { address: '192.0.2.24' }] });
  });

  it('timeouts', async () => {
    expect((await imported('--set 900 0 300', web)).ipvs).toEqual({ timeouts: { tcp: '900s', udp: '300s' } });
  });

  it('what is left after they were changed and deleted', async () => {
    const { virtual_servers: services } = await imported('-A -t 192.0.2.9:80', '-C', web, server, '-e -t 192.0.2.10:80 -r 192.0.2.22 -m -w 0', '-E -t 192.0.2.10:80 -s rr', '-A -f 1', '-D -f 1', '-a -t 192.0.2.10:80 -r 192.0.2.23', '-d -t 192.0.2.10:80 -r 192.0.2.23:80');
    expect(services).toMatchObject([{ scheduler: 'rr', forwarding: 'nat', real_servers: [{ address: '192.0.2.22', weight: 0 }] }]);
  });

  it.each(['ipvsadm -A -t 192.0.2.10:80 -s wrr', '/sbin/ipvsadm -A -t 192.0.2.10:80 -s wrr', '  -At192.0.2.10:80 -swrr', '--add-service --tcp-service=192.0.2.10:80 --scheduler wrr', '-A -t 192.0.2.10:http -s wrr', '-A -t 192.0.2.10:80 -s wrr\r', '# a comment\n\n-A -t 192.0.2.10:80 -s wrr'])(
    'the same in another form: %j',
    async (rule) => {
      expect(await first(rule)).toMatchObject({ address: '192.0.2.10', port: 80, scheduler: 'wrr' });
    },
  );

  it("a configuration that passes the check: all that ipvsadm recorded of every kind of service", async () => {
    const recording = JSON.parse(readFileSync(new URL('../ipvs/fixtures/ipvsadm-view.json', import.meta.url), 'utf8')) as { readonly tables: readonly { readonly arguments: string; readonly text: string }[] };
    const saved = recording.tables.find(({ arguments: given }) => given === '-Sn')?.text ?? '';
    const { configuration = '', messages } = await convertRules(saved, 'saved', resolve);
    expect(messages).not.toContain('error');
    expect((parse(configuration) as File).virtual_servers).toHaveLength(saved.split('\n').filter((line) => line.startsWith('-A')).length);
  });
});

describe('what has no counterpart is told, and the rest imported', () => {
  it.each([
    ['--start-daemon master --mcast-interface eth0', 'rules:3:1: warning: --start-daemon has no counterpart by itself'],
    ['-a -t 192.0.2.10:80 -r 192.0.2.23 -w 65536', 'rules:3:35: warning: weight 65536 is more than 65535'],
    ['-a -t 192.0.2.10:80 -r 192.0.2.23:81 -g', "rules:3:21: warning: port 81 is not the service's, and only NAT (-m) maps ports"],
    ['-a -t 192.0.2.10:80 -r 192.0.2.23 -x 5 -y 5', 'rules:3:40: warning: the lower threshold 5 is not below the upper one (5)'],
    ['-A -t 192.0.2.11:80 -b flag-1', 'rules:3:21: warning: flag-1 means nothing to the scheduler wlc'],
    ['-A -t 192.0.2.11:80 -s sh -b ', undefined],
    ['-A -t 192.0.2.11:80 -p -M 0.0.0.0', 'rules:3:24: warning: Tandem has no netmask like 0.0.0.0'],
    ['-A -t 192.0.2.11:80 -M 255.0.0.0', 'rules:3:21: warning: -M has no effect without -p'],
    ['-A -t localhost:80', 'rules:3:4: warning: the name localhost stands for 127.0.0.1 now'],
    [web, 'rules:3:1: warning: the service 192.0.2.10:80/tcp is there already'],
    [server, 'rules:3:1: warning: 192.0.2.22:80 is a server of 192.0.2.10:80/tcp already'],
    ['-d -t 192.0.2.10:80 -r 192.0.2.99:80', 'rules:3:1: warning: 192.0.2.99:80 is no server of 192.0.2.10:80/tcp'],
    ['-a -t 192.0.2.99:80 -r 192.0.2.22:80', 'rules:3:1: warning: there is no service 192.0.2.99:80/tcp'],
    ['-Z', 'rules:3:1: warning: --zero changes nothing in the table'],
  ])('%s', async (rule, warning) => {
    const { configuration, messages } = await convert(web, server, rule);
    expect(configuration).toContain('name: tcp-192.0.2.10-80');
    if (warning === undefined) expect(messages).toBe('');
    else expect(messages.split('\n')[0]?.startsWith(warning) ? warning : messages).toBe(warning);
  });

  it("the port of a mark's server that cannot be mapped, once", async () => {
    const { configuration = '', messages } = await convert('-A -f 7', '-a -f 7 -r 192.0.2.22:80 -g', '-a -f 7 -r 192.0.2.22:443 -g', '-a -f 7 -r 192.0.2.23:80 -m');
    expect(messages.match(/warning/g)).toHaveLength(2);
    expect((parse(configuration) as File).virtual_servers[0]?.real_servers).toEqual([{ address: '192.0.2.22', weight: 1 }, { address: '192.0.2.23', port: 80, weight: 1, forwarding: 'nat' }]);
  });
});

describe('refused with line and column', () => {
  it.each([
    ['-A -t 192.0.2.10:80 --sheduler rr', 'rules:1:21: error: ipvsadm has no option --sheduler'],
    ['-A -t 192.0.2.10:80 -s', 'rules:1:21: error: -s lacks its value'],
    ['-A -t 192.0.2.10:80 -s nosuch', "rules:1:21: error: 'nosuch' is no scheduler that Tandem knows"],
    ['-A -t 192.0.2.10:80 -s rr extra', "rules:1:27: error: 'extra' stands where an option is expected"],
    ['-t 192.0.2.10:80 -A', 'rules:1:1: error: -t stands before the command'],
    ['-A -a -t 192.0.2.10:80', 'rules:1:4: error: -a is a second command'],
    ['-A -s rr', 'rules:1:1: error: the rule names no service'],
    ['-A -t 192.0.2.10:80 -u 192.0.2.10:80', 'rules:1:21: error: --udp-service is a second service'],
    ['-A -t 192.0.2.10:80 -t 192.0.2.11:80', 'rules:1:21: error: -t is given twice'],
    ['-A -t 192.0.2.10:80 -r 192.0.2.11:80', 'rules:1:21: error: --real-server does not go with --add-service'],
    ['-A -t 192.0.2.10', 'rules:1:1: error: port 0 (every port) needs persistence'],
    ['-A -t 192.0.2.10:80 -o', 'rules:1:21: error: -o is for UDP'],
    ['-A -t 192.0.2.10:80 -p 5m', "rules:1:21: error: '5m' is no value for --persistent"],
    ['-A -t 192.0.2.10:80 -b sh-port', "rules:1:21: error: the scheduler wlc has no flag 'sh-port'"],
    ['-A -t 192.0.2.10:99999', "rules:1:4: error: '99999' is no port"],
    ['-A -t 192.0.2.1000:80', "rules:1:4: error: '192.0.2.1000' is no address"],
    ['-A -t [192.0.2.10]:80', "rules:1:4: error: '[192.0.2.10]:80' is no address"],
    ['-A -6 -t [2001:db8::1]:80', 'rules:1:4: error: -6 belongs to -f'],
    ['-A -f 0', "rules:1:4: error: '0' is no firewall mark"],
    ['--set 1 2', 'rules:1:1: error: --set lacks its value'],
    ['', 'rules:1:1: error: there is no service in it'],
  ])('%s', async (rule, error) => {
    const { configuration, messages } = await convert(rule);
    expect(configuration).toBeUndefined();
    expect(messages.startsWith(error) ? error : messages).toBe(error);
  });

  it.each([
    ['-w -1', "rules:2:38: error: '-1' is no value for --weight"],
    ['-g -m', 'rules:2:41: error: --masquerading is a second forwarding method'],
    ['-i --tun-type gue', 'rules:2:1: error: a tunnel of type gue needs --tun-port'],
    ['--tun-type gre', 'rules:2:38: error: --tun-type belongs to tunnels'],
    ['-i --tun-type ipip --tun-csum', 'rules:2:57: error: a tunnel of type ipip has no --tun-csum'],
  ])('a server with %s', async (options, error) => {
    expect(await complaint(web, `-a -t 192.0.2.10:80 -r 192.0.2.22:80 ${options}`)).toBe(error);
  });

  it('all errors at once, in the order of the file', async () => {
    const { messages } = await convert('-A -t 192.0.2.10:80 -s x', web, '-A -t 192.0.2.11:80 -s y');
    expect(messages.match(/rules:\d+/g)).toEqual(['rules:1', 'rules:3']);
  });

  it('a name that nothing knows, with the advice to save numbers', async () => {
    const { messages } = await convertRules('-A -t no-such-host.example:80', 'rules', (text) => Promise.reject(new UnknownNameError('host', text, `'${text}' has no IPv4 address`)));
    expect(messages).toMatch(/^rules:1:4: error: 'no-such-host.example:80' has no IPv4 address/);
    expect(messages).toContain('ipvsadm -Sn');
  });

  it('what Tandem itself would refuse, by the words of its check', async () => {
    const { configuration, messages } = await convert('-A -t 224.0.0.1:80 -s rr');
    expect(configuration).toBeUndefined();
    expect(messages).toMatch(/^\(the imported configuration\):\d+:\d+: error: /);
  });
});
