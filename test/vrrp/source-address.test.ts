/** Which addresses can become the source of an instance: what is passed over when hundreds of virtual ones come at once must make no difference. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { mayBeSource, sourceAddress } from '../../src/vrrp/source-address.js';

const known = ['192.0.2.1', '192.0.2.2', '192.0.2.100', '192.0.2.101', 'fe80::1', 'fe80::100', '2001:db8::1', '2001:db8::100'];
const addresses = fc.uniqueArray(fc.constantFrom(...known));

it('an address that may not be the source changes nothing when it comes or goes', () => {
  let passedOver = 0;
  fc.assert(
    fc.property(addresses, addresses, fc.constantFrom(...known), fc.constantFrom(100, 255), fc.option(fc.constantFrom(...known), { nil: undefined }), fc.boolean(), (there, virtual, address, priority, source, isUnicast) => {
      const virtualAddresses = virtual.map((each) => ({ address: each, prefixLength: 32, interface: 'e0', label: undefined, advertise: true }));
      const unicast = isUnicast ? { unicast: { source, peers: ['192.0.2.9'], ttl: 255, minTtl: 0, maxTtl: 255 } } : {};
      const own = { interface: 'e0', priority, virtualAddresses, advertisementInterval: Milliseconds(100), preemptDelay: Seconds(0), ...unicast };
      const taken = new Set(virtual);
      const on = (list: readonly string[]) => list.map((each) => ({ index: 2, address: each, prefixLength: 24, label: undefined, secondary: false, tentative: false }));
      if (mayBeSource(own, address, taken)) return;
      passedOver++;
      const without = there.filter((each) => each !== address);
      const current = sourceAddress(own, on(without), taken);
      for (const list of [[...without, address], [address, ...without]]) expect(sourceAddress(own, on(list), taken, current)).toBe(current);
    }),
    { numRuns: 2_000 },
  );
  expect(passedOver).toBeGreaterThan(100);
});
