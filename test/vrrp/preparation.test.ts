/** What a takeover needs is made once, and made anew when the interface is another one. */
import { describe, expect, it } from 'vitest';
import type { VirtualAddress } from '../../src/config/model.js';
import { gratuitousArp } from '../../src/network/arp.js';
import { addressAddition, type Link } from '../../src/network/rtnetlink.js';
import { Preparation } from '../../src/vrrp/preparation.js';

const address: VirtualAddress = { address: '10.77.0.100', prefixLength: 32, interface: 'e0', label: undefined, advertise: true };
const link = (last: number): Link => ({ index: 3, name: 'e0', hardwareAddress: Buffer.from([2, 0, 0, 0, 0, last]), up: true, running: true, arp: true, mtu: 1500 });

describe('a prepared takeover', () => {
  it('announces the hardware address that the interface has now', () => {
    const preparation = new Preparation();
    preparation.prepare([address], () => link(1));
    expect(preparation.frame(address, link(1))).toBe(preparation.frame(address, link(1)));
    expect(preparation.frame(address, link(2))).toEqual(gratuitousArp(link(2).hardwareAddress, '10.77.0.100'));
    expect(preparation.frame(address, link(1))).toEqual(gratuitousArp(link(1).hardwareAddress, '10.77.0.100'));
  });

  it('puts the address on the interface that has the name now', () => {
    const preparation = new Preparation();
    preparation.prepare([address], () => link(1));
    expect(preparation.addition(address, 3)).toBe(preparation.addition(address, 3));
    expect(preparation.addition(address, 4)).toEqual(addressAddition({ ...address, index: 4 }));
  });

  it('needs nothing while there is no interface', () => {
    const preparation = new Preparation();
    preparation.prepare([address], () => undefined);
    expect(preparation.frame(address, link(1))).toEqual(gratuitousArp(link(1).hardwareAddress, '10.77.0.100'));
  });
});
