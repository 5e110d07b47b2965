/** Forwarding by full NAT, marks that the daemon sets, and system.manage, as the file says them. */
import { describe, expect, test } from 'vitest';
import { differences } from '../../src/config/reload-difference.js';
import { showDefaults } from '../../src/config/show-defaults.js';
import { accepted, acceptedWithWarnings, brief, first, instanceFile, rejected, serviceFile, serviceOf } from './reading.js';

const fullnat = 'port: 80, forwarding: fullnat';
const marked = (match: string, more = '', server = '{ address: 192.0.2.22 }'): string => `virtual_servers:\n  - { name: web, fwmark: 7, match: ${match}, forwarding: dr${more}, real_servers: [${server}] }\n`;
const matchOf = (match: string): unknown => first(first(accepted(marked(match)).virtualServers).targets);

describe('fullnat', () => {
  test('is NAT of the IPVS table with source NAT behind it, and has netfilter know the connections', () => {
    const { ipvs, virtualServers } = accepted(serviceFile('', '{ address: 192.0.2.22 }', fullnat));
    expect(first(first(virtualServers).realServers)).toMatchObject({ forwarding: 'nat', sourceNat: { address: undefined } });
    expect(ipvs.sysctls['conntrack']).toBe('1');
    expect(accepted(serviceFile('')).ipvs.sysctls['conntrack']).toBeUndefined();
  });

  test('may be of one server, of the sorry server, map ports, and name its source address', () => {
    const service = serviceOf('sorry_server: { address: 192.0.2.99, port: 8080, forwarding: { method: fullnat, source: 192.0.2.1 } }', '{ address: 192.0.2.22 }, { address: 192.0.2.23, port: 8080, forwarding: fullnat }');
    expect(service.realServers.map(({ forwarding, sourceNat, port }) => [forwarding, sourceNat !== undefined, port])).toEqual([['dr', false, 80], ['nat', true, 8080]]);
    expect(service.sorryServer).toMatchObject({ forwarding: 'nat', sourceNat: { address: '192.0.2.1' } });
  });

  test('is shown and compared as fullnat', () => {
    const text = serviceFile('', '{ address: 192.0.2.22 }, { address: 192.0.2.23, forwarding: { method: fullnat, source: 192.0.2.1 } }', fullnat);
    const configuration = accepted(text);
    expect(showDefaults(configuration)).toContain('forwarding: fullnat');
    expect(accepted(showDefaults(configuration))).toEqual(configuration);
    expect(differences(accepted(serviceFile('', '{ address: 192.0.2.22 }', 'port: 80, forwarding: nat')), accepted(serviceFile('', '{ address: 192.0.2.22 }', fullnat)))).toEqual(['ipvs.conntrack none -> true', 'virtual server web: real server 192.0.2.22:80: forwarding nat -> fullnat']);
  });

  test('of a pair comes with the warning that its connections do not survive a failover', () => {
    const warnings = (text: string): readonly string[] => brief(acceptedWithWarnings(text).warnings);
    expect(warnings(instanceFile('') + serviceFile('', '{ address: 192.0.2.22 }', fullnat))).toEqual(['8:61 doubtful connections of fullnat do not survive a failover: connection sync does not carry what netfilter knows of them']);
    expect(warnings(serviceFile('', '{ address: 192.0.2.22 }', fullnat))).toEqual([]);
  });

  test.each([
    ['one_packet', serviceFile('protocol: udp, one_packet: true', '{ address: 192.0.2.22 }', fullnat), 'conflict with one_packet IPVS keeps no connection that fullnat could go by'],
    ['a source of the other family', serviceFile('', '{ address: 192.0.2.22 }', 'port: 80, forwarding: { method: fullnat, source: "2001:db8::1" }'), 'conflict the source 2001:db8::1 is IPv6, the real server 192.0.2.22 IPv4'],
    ['conntrack: false', `${serviceFile('', '{ address: 192.0.2.22 }', fullnat)}ipvs: { conntrack: false }\n`, 'conflict fullnat needs conntrack: the source address is rewritten by netfilter, which goes by its own connections'],
    ['the FTP helper', serviceFile('helper: ftp', '{ address: 192.0.2.22 }', fullnat), 'conflict the FTP helper does not go with fullnat, which rewrites the source address too'],
    ['a source with another method', serviceFile('', '{ address: 192.0.2.22 }', 'port: 80, forwarding: { method: nat, source: 192.0.2.1 }'), 'invalid_value source belongs to fullnat; the method is nat'],
    ['a server of the other family', serviceFile('', '{ address: "2001:db8::22" }', fullnat), 'conflict 2001:db8::22 is IPv6, the service IPv4: fullnat cannot cross families'],
  ])('does not go with %s', (_, text, expected) => {
    expect(brief(rejected(text)).map((line) => line.replace(/^\S+ /, ''))).toEqual([expected]);
  });
});

describe('match', () => {
  test('takes addresses with ports as text, and as mappings with ranges and protocols', () => {
    expect(matchOf('["192.0.2.10:80", { address: "192.0.2.10-11", ports: [443, "8000-8001"], protocol: udp }, { address: 192.0.2.12, port: 0 }]')).toEqual({
      fwmark: 7,
      family: 'ipv4',
      match: [
        { address: '192.0.2.10', ports: [80], protocol: 'tcp' },
        { address: '192.0.2.10', ports: [443, 8000, 8001], protocol: 'udp' },
        { address: '192.0.2.11', ports: [443, 8000, 8001], protocol: 'udp' },
        { address: '192.0.2.12', ports: [0], protocol: 'tcp' },
      ],
    });
  });

  test('says the family of the service, and the port that is probed', () => {
    const service = first(accepted(marked('["[2001:db8::10]:443", "[2001:db8::10]:80"]', '', '{ address: "2001:db8::22" }')).virtualServers);
    expect(service.targets).toMatchObject([{ fwmark: 7, family: 'ipv6' }]);
    expect(service.realServers).toMatchObject([{ port: 0, healthCheck: { port: 443 } }]);
  });

  test('comes back from --show-defaults, with its ranges', () => {
    const configuration = accepted(marked('[{ address: 192.0.2.10, ports: [80, 443, "8000-8010"] }, { address: 192.0.2.11, port: 0, protocol: udp }]'));
    expect(showDefaults(configuration)).toContain('8000-8010');
    expect(accepted(showDefaults(configuration))).toEqual(configuration);
  });

  test.each([
    ['no port', marked('[192.0.2.10]'), 'invalid_value an item of match cannot be 192.0.2.10'],
    ['a port too large', marked('["192.0.2.10:70000"]'), 'invalid_value an item of match cannot be "192.0.2.10:70000"'],
    ['a mapping without port', marked('[{ address: 192.0.2.10 }]'), 'invalid_value port is missing'],
    ['port and ports', marked('[{ address: 192.0.2.10, port: 1, ports: [2] }]'), 'invalid_value both port and ports are given'],
    ['nothing', marked('[]'), 'invalid_value match cannot be an empty list'],
    ['no mark beside it', serviceFile('match: ["192.0.2.10:443"]'), 'conflict match belongs to fwmark: it says which packets get the mark'],
    ['two families', marked('["192.0.2.10:80", "[2001:db8::10]:80"]'), 'conflict 2001:db8::10 is IPv6, the service IPv4'],
    ['the family that the service has not', marked('["192.0.2.10:80"]', ', family: ipv6', '{ address: "2001:db8::22" }'), 'conflict 192.0.2.10 is IPv4, the service IPv6'],
    ['what is a service already', `${marked('["192.0.2.10:80"]')}  - { name: other, address: 192.0.2.10, port: 80, forwarding: dr }\n`, 'duplicate 192.0.2.10:80 over tcp is a service already (first on line 2)'],
    ['what is marked already', `${marked('["192.0.2.10:80"]')}  - { name: other, fwmark: 8, match: ["192.0.2.10:80"], forwarding: dr }\n`, 'duplicate 192.0.2.10:80 over tcp is a service already (first on line 2)'],
  ])('is refused with %s', (_, text, expected) => {
    expect(brief(rejected(text).filter(({ severity }) => severity === 'error')).map((line) => line.replace(/^\S+ /, ''))).toEqual([expected]);
  });
});

test('system.manage is off by default, and a reload says when it changes', () => {
  const [off, on] = [accepted(instanceFile('')), accepted(`${instanceFile('')}system: { manage: true }\n`)];
  expect([off.system.manage, on.system.manage]).toEqual([false, true]);
  expect(differences(off, on)).toEqual(['system.manage false -> true']);
});
