/** The table as /proc/net/ip_vs shows it; the text is what Linux 6.1 wrote in the lab kernel. */
import { describe, expect, it } from 'vitest';
import type { DestinationEntry } from '../../src/ipvs/destination.js';
import { isAsShown, shownServices } from '../../src/ipvs/table-text.js';

const text = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  0A000064:0050 wrr persistent 360 FFFFFFFF
  -> 0A00000B:0050      Route   1      3          9         
  -> 0A00000C:0050      Masq    0      0          0         
UDP  [fd00:0000:0000:0000:0000:0000:0000:0100]:0035 wlc ops 
  -> [fd00:0000:0000:0000:0000:0000:0000:0011]:0035      Tunnel  2      0          0         
FWM  00000007 wrr 
  -> 0A00000B:0000      Route   1      0          0         
`;
const server = (address: string, more: Partial<DestinationEntry> = {}): DestinationEntry => ({ address, port: 80, forwarding: 'dr', weight: 1, ...more });

const inPieces = (of: string, length: number): readonly string[] => Array.from({ length: Math.ceil(of.length / length) }, (_, index) => of.slice(index * length, (index + 1) * length));
const shown = (of: string, from = text) => [...shownServices([from])].find(({ key }) => key === of) ?? { text: '', start: 0, end: 0 };
const web = [server('10.0.0.12', { forwarding: 'nat', weight: 0 }), server('10.0.0.11')];

describe('the shown table', () => {
  it('has the services by their keys, but not those of marks, whose family it does not tell', () => {
    expect([...shownServices([text])].map(({ key }) => key)).toEqual(['10.0.0.100:80/tcp', '[fd00::100]:53/udp']);
  });

  it('is the same in pieces, wherever they end', () => {
    const lines = (pieces: readonly string[]) => [...shownServices(pieces)].map(({ key, text: of, start, end }) => [key, of.slice(start, end)]);
    const whole = lines([text]);
    expect(whole[0]).toEqual(['10.0.0.100:80/tcp', text.split('\n').slice(4, 6).map((line) => `${line}\n`).join('')]);
    for (let length = 1; length <= text.length; length++) expect(lines(inPieces(text, length)), `of ${length}`).toEqual(whole);
    expect(lines([])).toEqual([]);
    expect(lines([text.split('TCP')[0] ?? ''])).toEqual([]);
    const ending = text.slice(0, text.indexOf('UDP'));
    for (let length = 1; length <= ending.length; length++) expect(lines(inPieces(ending, length)), `of ${length}`).toEqual(whole.slice(0, 1));
  });

  it('agrees with what is known, in any order', () => {
    expect(isAsShown(web, shown('10.0.0.100:80/tcp'))).toBe(true);
    expect(isAsShown([...web].reverse(), shown('10.0.0.100:80/tcp'))).toBe(true);
    const dns = text.replace('Tunnel ', 'Route  ');
    expect(isAsShown([server('fd00::11', { port: 53, weight: 2 })], shown('[fd00::100]:53/udp', dns))).toBe(true);
    expect(isAsShown([], shown('10.0.0.100:443/tcp'))).toBe(true);
  });

  it.each([
    ['a weight', [server('10.0.0.12', { forwarding: 'nat', weight: 0 }), server('10.0.0.11', { weight: 12 })]],
    ['a forwarding method', [server('10.0.0.12', { weight: 0 }), server('10.0.0.11')]],
    ['a port', [server('10.0.0.12', { forwarding: 'nat', weight: 0 }), server('10.0.0.11', { port: 81 })]],
    ['a server', [server('10.0.0.12', { forwarding: 'nat', weight: 0 }), server('10.0.0.13')]],
    ['how many there are', [server('10.0.0.11')]],
    ['how many there should be', [...web, server('10.0.0.13')]],
  ])('does not agree when %s is another', (_, known) => {
    expect(isAsShown(known, shown('10.0.0.100:80/tcp'))).toBe(false);
  });

  it('says nothing of thresholds and tunnels: such servers are asked for', () => {
    expect(isAsShown([server('10.0.0.12', { forwarding: 'nat', weight: 0 }), server('10.0.0.11', { upperThreshold: 5 })], shown('10.0.0.100:80/tcp'))).toBe(false);
    expect(isAsShown([server('fd00::11', { port: 53, weight: 2, forwarding: 'tun' })], shown('[fd00::100]:53/udp'))).toBe(false);
  });
});
