/** Neighbour Discovery by which others who have our addresses are found: bytes that Linux 6.18 sent and understood (tcpdump between two network namespaces). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeNeighbourAdvertisement, neighbourAdvertisement } from '../../src/network/neighbour-advertisement.js';
import { neighbourSolicitation } from '../../src/network/neighbour-solicitation.js';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');

const solicitation = hex(`3333 ff00 0100 0200 0000 0001 86dd 6000 0000 0020 3aff fe80 0000 0000 0000 0000 0000 0000 000a ff02 0000 0000 0000 0000
  0001 ff00 0100 8700 48e3 0000 0000 2001 0db8 0077 0000 0000 0000 0000 0100 0101 0200 0000 0001`);
const answer = hex(`0200 0000 0001 0200 0000 0002 86dd 6000 0000 0020 3aff 2001 0db8 0077 0000 0000 0000 0000 0100 fe80 0000 0000 0000 0000
  0000 0000 000a 8800 b6b6 6000 0000 2001 0db8 0077 0000 0000 0000 0000 0100 0201 0200 0000 0002`);
const heard = { target: '2001:db8:77::100', hardwareAddress: '02:00:00:00:00:02', solicited: true };

/** The recorded answer with octets changed. */
const changed = (...octets: readonly (readonly [number, number])[]): Buffer => {
  const frame = Buffer.from(answer);
  for (const [offset, value] of octets) frame.writeUInt8(value, offset);
  return frame;
};

describe('the question who has an address', () => {
  it('is the Neighbour Solicitation that Linux sends', () => {
    expect(neighbourSolicitation(hex('020000000001'), 'fe80::a', '2001:db8:77::100').toString('hex')).toBe(solicitation.toString('hex'));
  });
});

describe('a Neighbour Advertisement of another station', () => {
  it('tells the address and the station: the one that Linux answered with', () => {
    expect(decodeNeighbourAdvertisement(answer)).toEqual(heard);
  });

  it('that is unsolicited is told apart', () => {
    expect(decodeNeighbourAdvertisement(neighbourAdvertisement(hex('020000000003'), 'fe80::100', false))).toEqual({ target: 'fe80::100', hardwareAddress: '02:00:00:00:00:03', solicited: false });
  });

  it('without its option is of the station that sent the frame', () => {
    expect(decodeNeighbourAdvertisement(changed([19, 24]).subarray(0, 78))).toEqual(heard);
  });

  it.each<readonly [string, Buffer]>([
    ['that crossed a router (RFC 4861, 7.1.2)', changed([21, 254])],
    ['that is none but a solicitation', solicitation],
    ['whose code is not 0', changed([55, 1])],
    ['that is cut short', answer.subarray(0, 85)],
    ['whose option has no length', changed([79, 0])],
    ['whose option is longer than the message', changed([79, 2])],
    ['that is no IPv6', changed([12, 8])],
  ])('%s is not taken', (_, frame) => {
    expect(decodeNeighbourAdvertisement(frame)).toBeUndefined();
  });

  it('is never an exception, whatever its octets', () => {
    const octet = fc.tuple(fc.nat(85), fc.nat(255));
    fc.assert(
      fc.property(fc.array(octet, { maxLength: 8 }), fc.nat(86), (octets, length) => {
        decodeNeighbourAdvertisement(changed(...octets).subarray(0, length));
      }),
      { numRuns: 2_000 },
    );
  });
});
