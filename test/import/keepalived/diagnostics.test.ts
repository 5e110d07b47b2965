/** What is told of a keepalived.conf: each warning and error with its place, the reason and what to do; never a secret. */
import { describe, expect, it } from 'vitest';
import { importConfiguration } from '../../../src/import/keepalived/import.js';
import { formatImportDiagnostics } from '../../../src/import/keepalived/report.js';
import { importText, instance, service, surroundings } from './importing.js';

const shown = (text: string, files: Readonly<Record<string, string>> = {}): string => {
  const { diagnostics, texts } = importConfiguration('/etc/k.conf', text, surroundings(files));
  return formatImportDiagnostics(diagnostics, texts);
};

describe('a warning', () => {
  it('names the keyword without a counterpart, the reason and the remedy', () => {
    expect(shown(instance('dont_track_primary'))).toBe(
      '/etc/k.conf:7:1: warning: dont_track_primary is not imported: an instance whose interface is down is in FAULT: it could reach nobody\n   7 | dont_track_primary\n     | ^^^^^^^^^^^^^^^^^^\n     = nothing is to be done, unless the interface has no carrier by design (a dummy one has)\n\n1 warning\n',
    );
  });

  it('suggests the keyword that a mistyped one may have been', () => {
    const { diagnostics } = importText(instance('prioritty 200'));
    expect(diagnostics).toMatchObject([{ line: 7, column: 1, length: 9, message: 'there is no keyword prioritty in vrrp_instance', remedy: 'did you mean priority? it is left out, as keepalived leaves it out' }]);
  });

  it('tells a value that keepalived would not take, and goes by the default', () => {
    const { told, data } = importText(instance('priority 300\nadvert_int soon\nversion 4'));
    expect(told).toEqual(['warning 7:10 300 is not a whole number from 1 to 255', 'warning 8:12 soon is not a number of seconds from 0.01 to 255', 'warning 9:9 4 is not a whole number from 2 to 3']);
    expect(data['vrrp']?.['instances']?.[0]).not.toHaveProperty('priority');
  });

  it('of a parameter that nobody defined says so', () => {
    expect(importText(instance('priority ${PRIORITY}')).diagnostics).toMatchObject([{ message: '${PRIORITY} is not a whole number from 1 to 255', remedy: expect.stringContaining('the parameter PRIORITY is not defined') as unknown }]);
  });

  it('tells what stands behind a value on its line, where keepalived does not look', () => {
    expect(importText(service('', 'weight 3 inhibit_on_failure')).told).toEqual(['warning 5:10 inhibit_on_failure stands behind weight on one line, where keepalived does not look']);
  });

  it('tells of an included file by its name and line', () => {
    expect(shown(`include extra\n${instance('')}`, { '/etc/extra': 'global_defs {\n  enable_dbus\n}\n' })).toContain('/etc/extra:2:3: warning: enable_dbus is not imported: Tandem has no D-Bus interface');
  });

  it('points into a line that a parameter made, at the word if it stands there', () => {
    expect(importText(`$P=300\n${instance('priority $P')}`).told).toEqual(['warning 8:1 300 is not a whole number from 1 to 255']);
  });

  it('stands in the head of the result too', () => {
    expect(importText(instance('vrf red')).text).toContain('#   /etc/keepalived/keepalived.conf:7: vrf is not imported: an instance has an interface, never only a VRF');
  });
});

describe('an error', () => {
  it('ends the import, and all of them are told at once', () => {
    const { text, told } = importText('vrrp_instance A {\n interface eth0\n virtual_ipaddress { 192.0.2.1 }\n}\nvrrp_instance B {\n virtual_router_id 5\n virtual_ipaddress { 192.0.2.2 }\n}\nrouter {');
    expect(text).toBeUndefined();
    expect(told.filter((line) => line.startsWith('error'))).toEqual(['error 1:15 the instance A has no virtual_router_id', 'error 5:15 the instance B has no interface', 'error 9:8 the block is not closed']);
  });

  it('of what Tandem cannot take stands where keepalived has it, and names the other place there too', () => {
    const { text, told, diagnostics } = importText(`${instance('', 'A', 5, '192.0.2.1')}${instance('', 'B', 5, '192.0.2.2')}`);
    expect(text).toBeUndefined();
    expect(told).toEqual(['error 11:3 Tandem cannot take this: virtual_router_id 5 is in use on eth0 already (first on line 3)']);
    expect(diagnostics[0]?.remedy).toBe('give every instance on an interface a virtual_router_id of its own');
  });

  it('is told with its count, and that nothing was written', () => {
    expect(shown('a {').trimEnd().split('\n').at(-1)).toBe('1 error, 1 warning: nothing was written');
  });

  it('of a file in which nothing is for Tandem', () => {
    expect(importText('! nothing\n').told).toEqual(['error 1:1 there is nothing in it that Tandem would do']);
  });
});

describe('a secret', () => {
  it('is never shown with the line that it stands in', () => {
    const text = instance('authentication { auth_type PASS auth_pass tops3cret\n auth_pass "t0 psecret"\n auth_pass un quoted5 }\nauth_pas m1styped\nversion 3\nauth_hmac { key 7 hex:00112233445566778899aabbccddeeff\n key 8 plaintextkey extra }');
    const output = shown(text);
    expect(output).toContain('warning');
    for (const secret of ['tops3cret', 't0 ', 'psecret', '00112233', 'plaintextkey', 'quoted5', 'm1styped', 'extra']) expect(output).not.toContain(secret);
  });
});
