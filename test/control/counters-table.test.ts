/** `tandem counters` for people. */
import { describe, expect, it } from 'vitest';
import { type Counted, formatCounters } from '../../src/control/counters-table.js';

const web: Counted['instances'][number] = {
  name: 'web',
  interface: 'eth0',
  virtual_router_id: 51,
  state: 'MASTER',
  counters: { advertisements_sent: 8124, priority_zero_sent: 0, garp_sent: 30, advertisements_received: 3, 'checksum.pseudo_header': 3, to_master: 2, 'rejected.authentication_failure': 12, 'rejected.ttl': 1, 'rejected.unknown_virtual_router_id': 9 },
};
const none: Counted = { instances: [], processes: [{ name: 'vrrp', restarts: 0, dropped_messages: 0 }] };

describe('tandem counters', () => {
  it('groups the counters of an instance, marks what is wrong, and leaves out what is 0', () => {
    expect(formatCounters({ ...none, instances: [web] }, { colours: false })).toBe(
      [
        'web  MASTER, eth0, virtual router 51',
        '  rejected     unknown virtual router id 9',
        '  transitions  to master 2',
        '  sent         advertisements 8124',
        '  received     advertisements 3   checksum pseudo header 3',
        '  announced    gratuitous ARP sent 30',
        '! rejected     authentication failure 12   ttl 1',
      ].join('\n'),
    );
  });

  it('paints what is wrong red on a terminal', () => {
    const painted = formatCounters({ ...none, instances: [web] }, { colours: true });
    expect(painted.split('\n').filter((line) => line.startsWith('\u001b[31m'))).toEqual(['\u001b[31m! rejected     authentication failure 12   ttl 1\u001b[0m']);
  });

  it('shows a counter that it does not know', () => {
    expect(formatCounters({ ...none, instances: [{ ...web, counters: { moon_phase: 3 } }] }, { colours: false })).toContain('  other        moon phase 3');
  });

  it('begins with processes that died or lost messages', () => {
    const text = formatCounters({ instances: [{ ...web, counters: {} }], processes: [{ name: 'lvs', restarts: 2, dropped_messages: 0 }] }, { colours: false });
    expect(text).toBe('! process lvs: started again 2 times, 0 messages dropped\n\nweb  MASTER, eth0, virtual router 51\n  nothing counted yet');
  });

  it('keeps within its width, however many counters there are', () => {
    const counters = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`rejected.reason_${index}`, 1_000_000]));
    const lines = formatCounters({ ...none, instances: [{ ...web, counters }] }, { colours: false, columns: 80 }).split('\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(lines.join(' ').match(/reason \d+ 1000000/g)).toHaveLength(40);
  });

  it('says that there are no instances', () => {
    expect(formatCounters(none, { colours: false })).toBe('no instances');
  });
});
