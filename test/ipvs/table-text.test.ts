/** The table as /proc/net/ip_vs shows it; the text is what Linux 6.1 wrote in the lab kernel. */
import { describe, expect, it } from 'vitest';
import type { DestinationEntry } from '../../src/ipvs/destination.js';
import type { ServiceSelector } from '../../src/ipvs/service.js';
import { addressOfHeading, isAsShown, shownAsKnown, shownServices } from '../../src/ipvs/table-text.js';

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

const web80 = 'TCP  0A000064:0050';
const dns53 = 'UDP  [fd00:0000:0000:0000:0000:0000:0000:0100]:0035';
const inPieces = (of: string, length: number): readonly string[] => Array.from({ length: Math.ceil(of.length / length) }, (_, index) => of.slice(index * length, (index + 1) * length));
const shown = (of: string, from = text) => [...shownServices([from])].find(({ heading }) => heading === of) ?? { text: '', start: 0, end: 0 };
const web = [server('10.0.0.12', { forwarding: 'nat', weight: 0 }), server('10.0.0.11')];

describe('the shown table', () => {
  it('has the services, but not those of marks, whose family it does not tell', () => {
    const headings = [...shownServices([text])].map(({ heading }) => heading);
    expect(headings).toEqual([web80, dns53]);
    expect(headings.map(addressOfHeading)).toEqual(['10.0.0.100', 'fd00::100']);
  });

  it('is the same in pieces, wherever they end', () => {
    const lines = (pieces: readonly string[]) => [...shownServices(pieces)].map(({ heading, text: of, start, end }) => [heading, of.slice(start, end)]);
    const whole = lines([text]);
    expect(whole[0]).toEqual([web80, text.split('\n').slice(4, 6).map((line) => `${line}\n`).join('')]);
    for (let length = 1; length <= text.length; length++) expect(lines(inPieces(text, length)), `of ${length}`).toEqual(whole);
    expect(lines([])).toEqual([]);
    expect(lines([text.split('TCP')[0] ?? ''])).toEqual([]);
    const ending = text.slice(0, text.indexOf('UDP'));
    for (let length = 1; length <= ending.length; length++) expect(lines(inPieces(ending, length)), `of ${length}`).toEqual(whole.slice(0, 1));
  });

  it('agrees with what is known, in any order', () => {
    expect(isAsShown(web, shown(web80))).toBe(true);
    expect(isAsShown([...web].reverse(), shown(web80))).toBe(true);
    const dns = text.replace('Tunnel ', 'Route  ');
    expect(isAsShown([server('fd00::11', { port: 53, weight: 2 })], shown(dns53, dns))).toBe(true);
    expect(isAsShown([], shown('TCP  0A000064:01BB'))).toBe(true);
  });

  it('agrees at the next look too, with other counts or in another order, but not with more, less or another line', () => {
    const known = [...web];
    const at = (of: string) => isAsShown(known, shown(web80, of));
    const [first = '', second = ''] = text.split('\n').slice(4, 6);
    expect([at(text), at(text)]).toEqual([true, true]);
    expect(at(text.replace('3          9', '12         0'))).toBe(true);
    expect(at(text.replace(`${first}\n${second}`, `${second}\n${first}`))).toBe(true);
    expect(at(text.replace(`${second}\n`, ''))).toBe(false);
    expect(at(text.replace(second, `${second}\n${second.replace('0C:', '0D:')}`))).toBe(false);
    expect(at(text.replace(first, first.replace('1      3', '10     3')))).toBe(false);
    expect(at(text)).toBe(true);
  });

  it('tells which of the services are as known', () => {
    const dns = { protocol: 'udp', address: 'fd00::100', port: 53 } as const;
    const http = { protocol: 'tcp', address: '10.0.0.100', port: 80 } as const;
    const other = { ...http, port: 443 };
    const mark = { family: 'ipv4', fwmark: 7 } as const;
    const direct = [...shownServices([text.replace('Tunnel ', 'Route  ')])];
    const resolvers = [server('fd00::11', { port: 53, weight: 2 })];
    expect(shownAsKnown<ServiceSelector>([[http, web], [dns, resolvers], [other, web], [mark, [server('10.0.0.11', { port: 0 })]]], direct)).toEqual(new Set([http, dns]));
    expect(shownAsKnown<ServiceSelector>([[http, resolvers], [dns, web]], direct)).toEqual(new Set());
  });

  it.each([
    ['a weight', [server('10.0.0.12', { forwarding: 'nat', weight: 0 }), server('10.0.0.11', { weight: 12 })]],
    ['a forwarding method', [server('10.0.0.12', { weight: 0 }), server('10.0.0.11')]],
    ['a port', [server('10.0.0.12', { forwarding: 'nat', weight: 0 }), server('10.0.0.11', { port: 81 })]],
    ['a server', [server('10.0.0.12', { forwarding: 'nat', weight: 0 }), server('10.0.0.13')]],
    ['how many there are', [server('10.0.0.11')]],
    ['how many there should be', [...web, server('10.0.0.13')]],
  ])('does not agree when %s is another', (_, known) => {
    expect(isAsShown(known, shown(web80))).toBe(false);
  });

  it('says nothing of thresholds and tunnels: such servers are asked for', () => {
    expect(isAsShown([server('10.0.0.12', { forwarding: 'nat', weight: 0 }), server('10.0.0.11', { upperThreshold: 5 })], shown(web80))).toBe(false);
    expect(isAsShown([server('fd00::11', { port: 53, weight: 2, forwarding: 'tun' })], shown(dns53))).toBe(false);
  });
});
