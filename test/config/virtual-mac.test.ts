import { describe, expect, test } from 'vitest';
import { accepted, acceptedWithWarnings, brief, instanceFile, instanceOf, rejected } from './reading.js';
import { differences } from '../../src/config/reload-difference.js';

const on = 'virtual_mac: true';

describe('virtual_mac', () => {
  test('gives the instance the address of its VRID and family, on a macvlan named as keepalived names it, that carries the addresses', () => {
    expect(instanceOf(on)).toMatchObject({ virtualMac: { interface: 'vrrp.51', address: '00:00:5e:00:01:33' }, virtualAddresses: [{ address: '192.0.2.10', interface: 'vrrp.51' }] });
    expect(instanceOf(on, 'virtual_addresses: ["fe80::10"]')).toMatchObject({ virtualMac: { interface: 'vrrp6.51', address: '00:00:5e:00:02:33' }, virtualAddresses: [{ interface: 'vrrp6.51' }] });
    expect(instanceOf('virtual_mac: { interface: vmac }')).toMatchObject({ virtualMac: { interface: 'vmac', address: '00:00:5e:00:01:33' }, virtualAddresses: [{ interface: 'vmac' }] });
    expect(instanceOf('virtual_mac: false').virtualMac).toBeUndefined();
  });

  test('leaves an address where the file puts it, and labels follow the macvlan', () => {
    expect(instanceOf(on, 'virtual_addresses: [192.0.2.10, { address: 192.0.2.11, interface: eth1 }]').virtualAddresses.map(({ interface: name }) => name)).toEqual(['vrrp.51', 'eth1']);
    expect(instanceOf(on, 'virtual_addresses: [{ address: 192.0.2.10, label: "vrrp.51:a" }]').virtualAddresses[0]?.label).toBe('vrrp.51:a');
    expect(brief(rejected(instanceFile(on, 'virtual_addresses: [{ address: 192.0.2.10, label: "eth0:a" }]')))).toEqual(["6:57 invalid_value the label eth0:a does not begin with the interface's name"]);
  });

  test.each([
    ['every address elsewhere', instanceFile(on, 'virtual_addresses: [{ address: 192.0.2.10, interface: eth1 }]'), '7:20 conflict no address would have the virtual MAC: each of them names another interface'],
    ['the name of its own interface', instanceFile('virtual_mac: { interface: eth0 }'), '7:20 conflict eth0 is the interface of an instance: the virtual MAC has one of its own, which is made'],
    ['a name that is too long', instanceFile('virtual_mac: { interface: sixteen-letters- }'), expect.stringContaining('invalid_value')],
    ['something else', instanceFile('virtual_mac: 3'), '7:20 invalid_value virtual_mac cannot be 3'],
    ['its macvlan tracked', instanceFile(`${on}\n      track: { interfaces: [vrrp.51] }`), '8:29 conflict vrrp.51 is the interface of a virtual MAC, which is up only while the instance is MASTER: tracked it would never become MASTER'],
    ['the loopback interface', instanceFile(on).replace('eth0', 'lo'), '7:20 conflict lo has no MAC addresses'],
    [
      'one VRID on two interfaces',
      `vrrp:\n  instances:\n    - { name: a, interface: eth0, virtual_router_id: 51, virtual_mac: true, virtual_addresses: [192.0.2.10] }\n    - { name: b, interface: eth1, virtual_router_id: 51, virtual_mac: true, virtual_addresses: [192.0.2.11] }\n`,
      '4:71 duplicate the interface of a virtual MAC is named vrrp.51 already (first on line 3)',
    ],
  ])('is refused with %s', (_, text, expected) => {
    expect(brief(rejected(text))).toEqual([expected]);
  });

  test.each([
    ['the owner', instanceFile(`priority: 255\n      ${on}`), 'the owner (priority 255) has the addresses on its interface already'],
    ['unicast and no refresh', instanceFile(`${on}\n      unicast: { peers: [192.0.2.2] }\n      garp: { refresh: 0s }`), 'switches forget where it is'],
  ])('is doubtful with %s', (_, text, expected) => {
    expect(acceptedWithWarnings(text).warnings.map(({ message }) => message)).toEqual([expect.stringContaining(expected)]);
  });

  test('is told by a reload', () => {
    expect(differences(accepted(instanceFile('')), accepted(instanceFile(on)))).toEqual(['instance web: virtual address 192.0.2.10/24: interface eth0 -> vrrp.51', 'instance web: virtual_mac false -> { interface: vrrp.51 }']);
  });
});

describe('accept', () => {
  test('is true, and false where the file says so', () => {
    expect([instanceOf('').accept, instanceOf('accept: false').accept]).toEqual([true, false]);
  });

  test('false is refused for the owner of the addresses (RFC 9568, 6.4.3)', () => {
    expect(brief(rejected(instanceFile('priority: 255\n      accept: false')))).toEqual(['8:15 conflict the owner of the addresses (priority 255) always accepts what is sent to them (RFC 9568 6.4.3)']);
  });

  test('is told by a reload', () => {
    expect(differences(accepted(instanceFile('')), accepted(instanceFile('accept: false')))).toEqual(['instance web: accept true -> false']);
  });
});
