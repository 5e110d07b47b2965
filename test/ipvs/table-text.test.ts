/** The table as /proc/net/ip_vs shows it; the text is what Linux 6.1 wrote in the lab kernel. */
import { describe, expect, it } from 'vitest';
import type { DestinationEntry } from '../../src/ipvs/destination.js';
import { isAsShown, parseShownTable } from '../../src/ipvs/table-text.js';

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

describe('the shown table', () => {
  it('has the destinations of each service by its key, but not those of marks, whose family it does not tell', () => {
    expect([...parseShownTable(text)]).toEqual([
      [
        '10.0.0.100:80/tcp',
        [
          { key: '10.0.0.11:80', forwarding: 'Route', weight: 1 },
          { key: '10.0.0.12:80', forwarding: 'Masq', weight: 0 },
        ],
      ],
      ['[fd00::100]:53/udp', [{ key: '[fd00::11]:53', forwarding: 'Tunnel', weight: 2 }]],
    ]);
  });

  it('agrees with what is known, in any order', () => {
    const shown = parseShownTable(text).get('10.0.0.100:80/tcp') ?? [];
    const known = [server('10.0.0.12', { forwarding: 'nat', weight: 0 }), server('10.0.0.11')];
    expect(isAsShown(known, shown)).toBe(true);
  });

  it.each([
    ['a weight', [server('10.0.0.11', { weight: 2 })]],
    ['a forwarding method', [server('10.0.0.11', { forwarding: 'nat' })]],
    ['a server', [server('10.0.0.13')]],
    ['how many there are', []],
  ])('does not agree when %s is another', (_, known) => {
    expect(isAsShown(known, [{ key: '10.0.0.11:80', forwarding: 'Route', weight: 1 }])).toBe(false);
  });

  it('says nothing of thresholds and tunnels: such servers are asked for', () => {
    expect(isAsShown([server('10.0.0.11', { upperThreshold: 5 })], [{ key: '10.0.0.11:80', forwarding: 'Route', weight: 1 }])).toBe(false);
    expect(isAsShown([server('10.0.0.11', { forwarding: 'tun' })], [{ key: '10.0.0.11:80', forwarding: 'Tunnel', weight: 1 }])).toBe(false);
  });
});
