/** What the parts of a keepalived.conf become. Where keepalived does not do what its file says, what 2.2.7 was seen to do (`keepalived -d`) counts. */
import { describe, expect, it } from 'vitest';
import { importText, instance, service, surroundings, type Tree } from './importing.js';

const instanceOf = (text: string): Tree | undefined => importText(text).data['vrrp']?.['instances']?.[0];
const serviceOf = (text: string): Tree | undefined => importText(text).data['virtual_servers']?.[0];
const checkOf = (body: string, more = ''): unknown => serviceOf(service(more, body))?.['real_servers']?.[0]?.['health_check'];

describe('defaults of keepalived that are not those of Tandem are written out', () => {
  it('of an instance: version 2, no refresh of gratuitous ARP, no broadcast address', () => {
    const { data, text, told } = importText(instance('', 'VI_1', 51, '192.0.2.10/24'));
    expect(data).toEqual({
      vrrp: { version: 2, instances: [{ name: 'VI_1', interface: 'eth0', virtual_router_id: 51, virtual_addresses: [{ address: '192.0.2.10/24', broadcast: 'none' }], garp: { refresh: '0s' } }] },
    });
    expect(text).toContain("version: 2 # keepalived's default; Tandem's is 3");
    expect(text).toContain('# /etc/keepalived/keepalived.conf:1: vrrp_instance VI_1');
    expect(told).toEqual([]);
  });

  it('of a service: UDP, wlc, NAT, healthy at the start, a table that goes with the daemon, settings of the kernel', () => {
    const { data } = importText('virtual_server 192.0.2.10 53 {\n real_server 192.0.2.22 53 {\n }\n}');
    expect(data).toEqual({
      ipvs: { on_stop: 'remove', expire_nodest_conn: false, expire_quiescent_template: false, sync_threshold: '3 50', sync_refresh_period: '0s' },
      virtual_servers: [{ name: '192.0.2.10:53/udp', address: '192.0.2.10', port: 53, protocol: 'udp', scheduler: 'wlc', forwarding: 'nat', initial: 'up', real_servers: [{ address: '192.0.2.22', health_check: 'none' }] }],
    });
  });

  it('of a check: 60 s apart, 5 s to connect, one retry a second later, up at the first success', () => {
    expect(checkOf('TCP_CHECK { }')).toEqual({ type: 'tcp', interval: '1m', fast_interval: '1s', timeout: '5s', rise: 1, fall: 2 });
    expect(checkOf('HTTP_GET {\n url { path /x }\n}')).toEqual({ type: 'http', path: '/x', interval: '1m', fast_interval: '3s', timeout: '5s', rise: 1, fall: 2 });
    expect(checkOf('DNS_CHECK { }')).toEqual({ type: 'dns', interval: '1m', timeout: '5s', rise: 1, fall: 4 });
    expect(checkOf('MISC_CHECK {\n misc_path /bin/check\n}')).toEqual({ type: 'script', command: ['/bin/check'], user: 'root', interval: '1m', timeout: '1m', rise: 1, fall: 1 });
  });

  it('of a script: its user, which is keepalived_script where there is one', () => {
    const text = `vrrp_script s {\n script "/bin/check -a 'b c'"\n}\n${instance('track_script { s }')}`;
    expect(importText(text).data['scripts']).toEqual([{ name: 's', command: ['/bin/check', '-a', 'b c'], user: 'root' }]);
    expect(importText(text, surroundings({}, { hasUser: (name) => name === 'keepalived_script' })).data['scripts']?.[0]?.['user']).toBe('keepalived_script');
    expect(importText(`global_defs { script_user ha }\n${text}`).data['scripts']?.[0]?.['user']).toBe('ha');
  });

  it('of commands: no limit of their time', () => {
    expect(instanceOf(instance('notify_master "/bin/m a" root\nnotify /bin/any'))?.['notify']).toEqual({ master: ['/bin/m', 'a'], any: ['/bin/any'], timeout: '1h' });
  });

  it('but settings that the host has in force are kept', () => {
    const { data } = importText(service(''), surroundings({}, { ipvsSetting: (name) => ({ expire_nodest_conn: '1\n', sync_threshold: '3\t100\n', sync_refresh_period: '10' })[name] }));
    expect(data['ipvs']).toEqual({ on_stop: 'remove', expire_quiescent_template: false, sync_threshold: '3 100', sync_refresh_period: '10s' });
  });
});

describe('an instance', () => {
  it('with state MASTER and no priority owns its addresses, and preempts whatever nopreempt says', () => {
    const { data, told } = importText(instance('state MASTER\nnopreempt'));
    expect(data['vrrp']?.['instances']?.[0]).toMatchObject({ priority: 255 });
    expect(data['vrrp']?.['instances']?.[0]).not.toHaveProperty('preempt');
    expect(told).toEqual(['warning 8:1 nopreempt has no effect with priority 255: keepalived clears it']);
    expect(instanceOf(instance('state BACKUP\nnopreempt\npreempt_delay 300'))).toEqual(expect.not.objectContaining({ preempt_delay: '5m' }));
    expect(instanceOf(instance('state BACKUP\nnopreempt'))).toMatchObject({ preempt: false });
    expect(instanceOf(instance('preempt_delay 300'))).toMatchObject({ preempt_delay: '5m' });
    expect(instanceOf(instance('state MASTER\npriority 150\npreempt_delay 300'))).not.toHaveProperty('preempt_delay');
  });

  it('of version 2 rounds its interval to whole seconds, of version 3 to centiseconds', () => {
    expect(importText(instance('advert_int 0.4')).told).toEqual(['warning 7:12 VRRP version 2 cannot say this interval, and keepalived rounds it']);
    expect(instanceOf(instance('advert_int 2'))).toMatchObject({ advertisement_interval: '2s' });
    expect(instanceOf(instance('advert_int 0.1234\nversion 3'))).toMatchObject({ version: 3, advertisement_interval: '120ms' });
  });

  it('has a password of eight octets in version 2, and none in version 3', () => {
    const password = 'authentication {\n auth_type PASS\n auth_pass "sec#ret!42"\n}';
    const { data, text } = importText(instance(password));
    expect(data['vrrp']?.['instances']?.[0]?.['authentication']).toEqual({ type: 'pass', password: 'sec#ret!' });
    expect(text?.split('instances:')[0]).not.toContain('sec#ret');
    expect(instanceOf(instance(`${password}\nversion 3`))).not.toHaveProperty('authentication');
    expect(instanceOf(instance('authentication {\n auth_pass abc\n}'))).not.toHaveProperty('authentication');
  });

  it('that is strict neither authenticates nor accepts, and does not preempt when told so', () => {
    const text = `global_defs {\n vrrp_strict\n}\n${instance('state MASTER\npriority 150\nnopreempt\naccept\nauthentication {\n auth_type PASS\n auth_pass 1111\n}')}`;
    expect(instanceOf(text)).toMatchObject({ priority: 150, preempt: false, accept: false });
    expect(instanceOf(text)).not.toHaveProperty('authentication');
  });

  it('of version 3 may sign its advertisements', () => {
    const key = `hex:${'0123456789abcdef'.repeat(4)}`;
    expect(instanceOf(instance(`version 3\nauth_hmac {\n key 1 ${key}\n key 2 file:/etc/k2\n active_key 2\n mode receive-only\n}`))?.['authentication']).toEqual({ type: 'hmac', keys: [{ id: 1, key }, { id: 2, key_file: '/etc/k2' }], active_key: 2, mode: 'receive_only' });
  });

  it('has addresses with their options, each once, and excluded ones of either family', () => {
    const text = `vrrp_instance V {\n interface eth0\n virtual_router_id 1\n virtual_ipaddress {\n 192.0.2.10/24 brd + dev eth1 label eth1:1 scope link\n 192.0.2.11/24 brd -\n 192.0.2.11\n 2001:db8::1\n}\n virtual_ipaddress_excluded { 2001:db8::2/64\n }\n}`;
    const { data, told } = importText(text);
    expect(data['vrrp']?.['instances']?.[0]?.['virtual_addresses']).toEqual([
      { address: '192.0.2.10/24', interface: 'eth1', label: 'eth1:1', scope: 'link' },
      { address: '192.0.2.11/24', broadcast: '192.0.2.0' },
      { address: '2001:db8::2/64', advertise: false },
    ]);
    expect(told).toEqual(['warning 7:2 192.0.2.11 stands here already', "warning 8:2 2001:db8::1 is not of the family of V's first address"]);
  });

  it('of IPv6 has version 3', () => {
    expect(instanceOf(instance('', 'six', 6, 'fe80::6/64'))).toEqual({ name: 'six', interface: 'eth0', virtual_router_id: 6, version: 3, virtual_addresses: ['fe80::6/64'], garp: { refresh: '0s' } });
  });

  it('with unicast names its peers, without itself', () => {
    expect(instanceOf(instance('unicast_src_ip 192.0.2.1/24\nunicast_peer {\n 192.0.2.2 min_ttl 255\n 192.0.2.1\n}'))?.['unicast']).toEqual({ source: '192.0.2.1', peers: ['192.0.2.2'], min_ttl: 255 });
    expect(importText(instance('unicast_src_ip 192.0.2.1')).told[0]).toContain('VI_1 has no unicast peers: keepalived sends by multicast then');
  });

  it('has its gratuitous ARP, by itself or from global_defs', () => {
    expect(instanceOf(`global_defs {\n vrrp_garp_master_refresh 60\n vrrp_garp_master_repeat 2\n vrrp_garp_interval 0.01\n}\n${instance('garp_master_delay 1')}`)?.['garp']).toEqual({ repeat: 2, delay: '1s', interval: '10ms' });
    expect(instanceOf(`global_defs { vrrp_min_garp }\n${instance('')}`)?.['garp']).toEqual({ repeat: 1, delay: '0s', refresh: '0s' });
  });

  it('has a virtual MAC, whose addresses stand on the macvlan', () => {
    expect(instanceOf(instance('use_vmac', 'v', 51, '192.0.2.10 dev eth0'))).toMatchObject({ virtual_mac: true, virtual_addresses: ['192.0.2.10'] });
    expect(instanceOf(instance('use_vmac vmac51\nno_accept'))).toMatchObject({ virtual_mac: { interface: 'vmac51' }, accept: false });
  });

  it('tracks interfaces, scripts, files and processes, with the weights that are in force', () => {
    const text = `vrrp_script s {\n script /bin/s\n weight -4 reverse\n}\ntrack_file f {\n file /run/f\n weight 3\n}\nvrrp_track_process p {\n process /usr/sbin/named\n}\n${instance('track_interface {\n eth0\n eth1\n eth2 weight 5\n}\ntrack_script {\n s\n}\ntrack_file { f }\ntrack_process { p weight -9 }')}interface_up_down_delays {\n eth1 0.5 2\n}`;
    expect(instanceOf(text)?.['track']).toEqual({
      interfaces: [{ name: 'eth1', up_delay: '2s', down_delay: '500ms' }, { name: 'eth2', weight: 5 }],
      scripts: [{ name: 's', weight: -4, reverse: true }],
      files: [{ path: '/run/f', weight: 3 }],
      processes: [{ name: 'named', weight: -9 }],
    });
  });

  it('has routes and rules, those without a preference numbered as keepalived numbers them', () => {
    // of OpenStack's amphorae, and of doc/samples
    const text = instance('virtual_routes {\n 10.1.0.0/24 dev eth1 src 10.1.0.5 scope link table 1\n default via 10.1.0.1 dev eth1 onlink table 1\n blackhole 192.168.114.0/24\n 10.66.0.0/16 nexthop via 10.1.0.7 weight 2 nexthop via 10.1.0.8 dev eth1\n}\nvirtual_rules {\n from 10.1.0.5/32 table 1 priority 100\n to 10.2.0.0/16 table 2\n from all fwmark 0x3/7 blackhole\n from 10.9.0.1 table 3 goto 5\n}');
    expect(instanceOf(text)).toMatchObject({
      virtual_routes: [
        { destination: '10.1.0.0/24', interface: 'eth1', source: '10.1.0.5', table: 1, scope: 'link' },
        { destination: 'default', via: '10.1.0.1', interface: 'eth1', onlink: true, table: 1 },
        { destination: '192.168.114.0/24', type: 'blackhole' },
        { destination: '10.66.0.0/16', next_hops: [{ via: '10.1.0.7', weight: 2 }, { via: '10.1.0.8', interface: 'eth1' }] },
      ],
      virtual_rules: [
        { priority: 100, from: '10.1.0.5/32', table: 1 },
        { priority: 16_384, to: '10.2.0.0/16', table: 2 },
        { priority: 16_383, from: 'all', fwmark: '0x3/7', action: 'blackhole' },
      ],
    });
  });
});

describe('a sync group', () => {
  it('has its members, and takes the weights of what they track by themselves', () => {
    const text = `vrrp_script s {\n script /bin/s\n weight 4\n}\nvrrp_sync_group G {\n group {\n A\n B\n C\n }\n track_script { s }\n notify_fault /bin/f\n}\n${instance('track_interface {\n eth5 weight 9\n}\ntrack_script { s }', 'A')}${instance('', 'B', 52, '192.0.2.11')}`;
    const { data, told } = importText(text);
    expect(data['vrrp']?.['sync_groups']).toEqual([{ name: 'G', instances: ['A', 'B'], track: { scripts: [{ name: 's', weight: 4 }] }, notify: { fault: ['/bin/f'], timeout: '1h' } }]);
    expect(data['vrrp']?.['instances']?.[0]?.['track']).toEqual({ interfaces: ['eth5'] });
    expect(told.map((line) => line.replace(/^\S+ \S+ /, ''))).toEqual(['there is no instance C', 'the weight of eth5 has no effect: in a member of a sync group keepalived takes 0', 'the group tracks the script s too']);
  });
});

describe('global_defs', () => {
  it('have connection sync, timeouts, delays and the rest', () => {
    const { data } = importText(`global_defs {\n router_id lb-1\n lvs_sync_daemon eth1 VI_1 id 7\n lvs_timeouts tcp 900 udp 300\n vrrp_startup_delay 5.5\n vrrp_version 3\n notify_fifo /run/fifo\n}\n${instance('')}`);
    expect(data).toMatchObject({ router_id: 'lb-1', vrrp: { startup_delay: '5.5s', notify_fifo: '/run/fifo' }, ipvs: { sync: { instance: 'VI_1', interface: 'eth1', id: 7 }, timeouts: { tcp: '15m', udp: '5m' } } });
    expect(data['vrrp']).not.toHaveProperty('version');
  });

  it('have e-mail for what keepalived would send: real servers, and the rest where smtp_alert says so', () => {
    const mail = 'global_defs {\n notification_email {\n ops@example.org\n root\n }\n notification_email_from lb@example.org\n smtp_server mail.example.org 2525\n}\n';
    expect(importText(mail + service('')).data['notify']).toEqual({ email: { server: 'mail.example.org', port: 2525, tls: 'none', from: 'lb@example.org', to: ['ops@example.org'], on: ['real_servers'] } });
    expect(importText(mail + instance('smtp_alert')).data['notify']?.['email']?.['on']).toEqual(['instances']);
    expect(importText(mail + instance('')).data).not.toHaveProperty('notify');
  });
});

describe('what is static', () => {
  it('stays so', () => {
    const { data } = importText(`static_ipaddress {\n 172.16.0.5/24 dev eth1 scope link\n}\nstatic_routes {\n 10.0.0.0/8 via 172.16.0.1\n}\nstatic_rules {\n from 172.16.0.5 table main preference 5\n}\n${instance('')}`);
    expect(data['static']).toEqual({ addresses: [{ address: '172.16.0.5/24', interface: 'eth1', scope: 'link', broadcast: 'none' }], routes: [{ destination: '10.0.0.0/8', via: '172.16.0.1' }], rules: [{ priority: 5, from: '172.16.0.5', table: 'main' }] });
  });
});

describe('a virtual server', () => {
  it('has its scheduler, method, persistence, quorum and sorry server', () => {
    const text = service('lb_algo mh\nmh-port\nlb_kind TUN type gue port 6080 csum\npersistence_timeout 50\npersistence_granularity 255.255.255.0\nalpha\nquorum 1\nquorum_up "/bin/q up" ha\nsorry_server 192.0.2.99 8080\nsorry_server_lvs_method NAT\nsorry_server_inhibit\ninhibit_on_failure');
    expect(serviceOf(text)).toEqual({
      name: '192.0.2.10:80/tcp', address: '192.0.2.10', port: 80, scheduler: 'mh', scheduler_flags: ['port'],
      forwarding: { method: 'tun', type: 'gue', port: 6080, checksum: 'plain' }, persistence: { timeout: '50s', netmask: '255.255.255.0' },
      quorum: { on_up: ['/bin/q', 'up'], timeout: '1h', user: 'ha' }, sorry_server: { address: '192.0.2.99', port: 8080, forwarding: 'nat', on_recovery: 'weight_zero' }, on_failure: 'weight_zero', real_servers: [{ address: '192.0.2.22', health_check: 'none' }],
    });
  });

  it('by direct routing keeps its port, and is probed at the one that the real server names', () => {
    const { data, told } = importText('virtual_server 192.0.2.10 80 {\n protocol TCP\n lb_kind DR\n real_server 192.0.2.22 8080 {\n TCP_CHECK { }\n }\n}');
    expect(data['virtual_servers']?.[0]?.['real_servers']).toEqual([{ address: '192.0.2.22', health_check: { type: 'tcp', port: 8080, interval: '1m', fast_interval: '1s', timeout: '5s', rise: 1, fall: 2 } }]);
    expect(told).toEqual(['warning 4:2 the port 8080 of the real server has no effect: DR and TUN keep that of the service']);
  });

  it('may be a mark, or a group of addresses, ranges and marks', () => {
    expect(serviceOf('virtual_server fwmark 7 {\n real_server 2001:db8::22 {\n }\n}')).toMatchObject({ name: 'fwmark-7-ipv6', fwmark: 7, family: 'ipv6' });
    const { data } = importText('virtual_server_group G {\n 192.0.2.10-12 80\n 192.0.2.16/30 80\n fwmark 3\n}\nvirtual_server group G {\n protocol TCP\n real_server 192.0.2.22 80 {\n }\n}');
    expect(data['virtual_servers']).toMatchObject([{ name: 'G', addresses: ['192.0.2.10-12', '192.0.2.16-192.0.2.19'], port: 80 }, { name: 'G-fwmark-3', fwmark: 3 }]);
  });

  it('of every port is persistent', () => {
    expect(serviceOf('virtual_server 192.0.2.10 {\n protocol TCP\n real_server 192.0.2.22 {\n PING_CHECK { }\n }\n}')).toMatchObject({ port: 0, persistence: { timeout: '360s' }, real_servers: [{ health_check: { type: 'ping' } }] });
  });

  it('has a quorum and a hysteresis that its weights can reach, as keepalived lowers them', () => {
    const { data, told } = importText(service('quorum 9\nhysteresis 12'));
    expect(data['virtual_servers']?.[0]).not.toHaveProperty('quorum');
    expect(told).toEqual(['warning 3:1 the quorum 9 is more than all weights together (1): keepalived lowers it', 'warning 4:1 the hysteresis 12 is not below the quorum 1: keepalived lowers it']);
  });

  it('shares a check that all its real servers have alike', () => {
    const servers = (check: string): string => `virtual_server 192.0.2.10 80 {\n protocol TCP\n real_server 192.0.2.22 80 {\n TCP_CHECK { }\n }\n real_server 192.0.2.23 80 {\n ${check}\n }\n}`;
    expect(serviceOf(servers('TCP_CHECK { }'))).toMatchObject({ health_check: { type: 'tcp' }, real_servers: [{ address: '192.0.2.22' }, { address: '192.0.2.23' }] });
    expect(serviceOf(servers('PING_CHECK { }'))).not.toHaveProperty('health_check');
  });
});

describe('a check', () => {
  it('inherits from its real server and virtual server', () => {
    expect(checkOf('delay_loop 6\nTCP_CHECK {\n retry 3\n connect_port 81\n bindto 192.0.2.1\n}', 'delay_loop 9\nconnect_timeout 2\ndelay_before_retry 4')).toEqual({ type: 'tcp', port: 81, source: '192.0.2.1', interval: '6s', fast_interval: '4s', timeout: '2s', rise: 1, fall: 4 });
  });

  it('over HTTP has its URLs, digests, codes and expressions', () => {
    const text = 'virtualhost www.example.org\nSSL_GET {\n enable_sni\n url {\n path /a\n digest 9b3a0c85a887a256d6939da88aabd8cd\n }\n url {\n path b\n status_code 200 301-302\n regex "err.*"\n regex_no_match\n }\n}';
    expect(checkOf(text)).toEqual({
      type: 'https', host: 'www.example.org', server_name: 'www.example.org',
      urls: [{ path: '/a', digest: { algorithm: 'md5', value: '9b3a0c85a887a256d6939da88aabd8cd' } }, { path: '/b', status: '200,301-302', body: '^(?![\\s\\S]*(?:err.*))' }],
      interval: '1m', fast_interval: '3s', timeout: '5s', rise: 1, fall: 2,
    });
  });

  it('over UDP has octets as keepalived reads them, and an expression for what may be anything', () => {
    // the octets of keepalived.conf(5), UDP_CHECK: "Ab12f 3 456 546443123" is AB 12 0F 03 45 06 54 64 43 12 03
    expect(checkOf('UDP_CHECK {\n payload Ab12f 3 456 546443123\n require_reply 41XX4x\n}')).toMatchObject({ type: 'udp', send: { hex: 'ab120f0345065464431203' }, expect: { regex: '^\\x41[\\s\\S][\\x40-\\x4f]' } });
    expect(checkOf('UDP_CHECK {\n require_reply\n}')).toMatchObject({ require_reply: true });
  });

  it('by a script that tells a weight does so here', () => {
    expect(checkOf('MISC_CHECK {\n misc_path "/bin/check a"\n misc_dynamic\n misc_timeout 4\n user nobody\n}')).toMatchObject({ type: 'script', command: ['/bin/check', 'a'], user: 'nobody', weight_from: 'exit_status', timeout: '4s' });
  });

  it('is one: of several the first is taken, and the others are told', () => {
    const { told } = importText(service('', 'TCP_CHECK { }\nPING_CHECK { }\nBFD_CHECK { }'));
    expect(told).toEqual(['warning 6:1 this PING_CHECK is not imported: a real server has one check, here TCP_CHECK', 'warning 7:1 BFD_CHECK is not imported: Tandem has no BFD']);
  });
});

describe('a command', () => {
  const command = (line: string) => {
    const { data, told } = importText(instance(`notify_master ${line}`));
    return { words: data['vrrp']?.['instances']?.[0]?.['notify']?.['master'], told: told.map((each) => each.replace(/^\S+ \S+ /, '')) };
  };

  it('in quotes has arguments, and without them user and group behind it', () => {
    expect(command('"/bin/m MASTER \'a b\'" ha ha')).toEqual({ words: ['/bin/m', 'MASTER', 'a b'], told: [] });
    expect(command('/bin/m ha wheel')).toEqual({ words: ['/bin/m'], told: ['the group wheel is not imported: commands run in the groups of their user'] });
  });

  it('that stands twice is the first one, as with keepalived', () => {
    expect(command('/bin/a\nnotify_master /bin/b')).toEqual({ words: ['/bin/a'], told: ['there is a notify_master already, and keepalived takes the first'] });
  });

  it('without its path is looked for, as keepalived looks for it', () => {
    expect(command('"killall -0 haproxy"')).toEqual({ words: ['/usr/bin/env', 'killall', '-0', 'haproxy'], told: ['killall has no absolute path'] });
  });

  it('has no shell, as with keepalived (2.2.7 hands > and | to the program)', () => {
    expect(command('"/bin/echo hi > /tmp/x"')).toEqual({ words: ['/bin/echo', 'hi', '>', '/tmp/x'], told: ['> is handed to /bin/echo as an argument: keepalived runs commands without a shell, and so does Tandem'] });
    expect(command(`"/bin/sh -c 'echo hi > /tmp/x'"`)).toEqual({ words: ['/bin/sh', '-c', 'echo hi > /tmp/x'], told: [] });
    expect(command('"</dev/tcp/127.0.0.1/80"')).toEqual({ words: ['/bin/sh', '-c', '</dev/tcp/127.0.0.1/80'], told: ['</dev/tcp/127.0.0.1/80 is no program, and keepalived runs commands without a shell: this one always fails'] });
  });
});
