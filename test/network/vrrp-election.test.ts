/** Elections between real vrrp children on a real segment: who is master, which addresses are where, what is on the wire. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Milliseconds } from '../../src/time/microseconds.js';
import { addressesOn, type Host, ipIn, Segment } from './namespaces.js';
import { instance, VrrpChild } from './vrrp-child.js';

let segment: Segment;
let hosts: readonly [Host, Host];
let children: VrrpChild[];

const start = (host: Host): VrrpChild => {
  const child = new VrrpChild(host);
  children.push(child);
  return child;
};

beforeEach(() => {
  segment = new Segment();
  hosts = [segment.host('a', '10.77.0.1/24'), segment.host('b', '10.77.0.2/24')];
  children = [];
});

afterEach(async () => {
  await Promise.all(children.map((child) => child.stop()));
  segment.remove();
});

describe('an election', () => {
  it('gives the addresses to the higher priority, and only to it', async () => {
    const [a, b] = hosts.map(start) as [VrrpChild, VrrpChild];
    await Promise.all([a.configure([instance({ priority: 150 })]), b.configure([instance({ priority: 100 })])]);
    await a.line(/^web: holding 1 address, 3 gratuitous ARPs sent/);
    expect(addressesOn(hosts[0])).toContain('10.77.0.100/32');
    expect(addressesOn(hosts[1])).not.toContain('10.77.0.100/32');
    const status = await b.status();
    expect(status.state).toBe('BACKUP');
    expect(status.master).toBe('10.77.0.1');
  });
});
