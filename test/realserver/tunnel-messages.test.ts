/** The messages that make tunnels and open ports, beside those of `ip`. */
import { endianness } from 'node:os';
import { describe, expect, it } from 'vitest';
import { decodeGuePort, fouPortClosing, guePortOpening } from '../../src/network/fou.js';
import { decodeAttributes, readString } from '../../src/network/netlink-attributes.js';
import { tunnelCreation } from '../../src/network/tunnel-link.js';
import { fouPorts, tunnelsByIp } from './recorded.js';

const INFO_KIND = 1;
const INFO_DATA = 2;

/** Name, kind, and the attributes of the kind. */
const parts = (payload: Buffer) => {
  const attributes = decodeAttributes(payload.subarray(16));
  const information = decodeAttributes(attributes.get(18) ?? Buffer.alloc(0));
  const text = (value: Buffer | undefined): string => readString(value ?? Buffer.alloc(0)); // `ip` leaves the kind's last NUL out
  return { name: text(attributes.get(3)), kind: text(information.get(INFO_KIND)), data: decodeAttributes(information.get(INFO_DATA) ?? Buffer.alloc(0)) };
};

describe.runIf(endianness() === 'LE')('what makes a tunnel', () => {
  it.each(tunnelsByIp)('says no other than $command', ({ name, link, payload }) => {
    const [ours, theirs] = [parts(tunnelCreation(name, link).payload), parts(Buffer.from(payload, 'hex'))];
    expect([ours.name, ours.kind]).toEqual([theirs.name, theirs.kind]);
    expect(ours.data.size).toBeGreaterThan(1);
    for (const [type, value] of ours.data) expect([type, value]).toEqual([type, theirs.data.get(type)]);
    const local = Buffer.from(theirs.data.get(link.kind === 'ip6tnl' ? 2 : 6) ?? []);
    expect([...ours.data.values()]).toContainEqual(local);
  });
});

describe.runIf(endianness() === 'LE')('ports of fou', () => {
  it('that unwrap GUE are known, others are passed over', () => {
    expect(fouPorts.map((payload) => decodeGuePort({ type: 0, flags: 0, payload }))).toEqual([undefined, { family: 'ipv6', port: 6081 }, { family: 'ipv4', port: 6080 }]);
  });

  it('are opened and closed by the attributes by which the kernel shows them', () => {
    const shown = decodeAttributes((fouPorts[1] ?? Buffer.alloc(0)).subarray(4));
    const opening = decodeAttributes(guePortOpening(20, { family: 'ipv6', port: 6081 }).payload.subarray(4));
    for (const [type, value] of opening) expect([type, value]).toEqual([type, shown.get(type)]);
    expect([...opening.keys()].sort()).toEqual([1, 2, 4]);
    expect([...decodeAttributes(fouPortClosing(20, { family: 'ipv6', port: 6081 }).payload.subarray(4)).keys()].sort()).toEqual([1, 2]);
  });
});
