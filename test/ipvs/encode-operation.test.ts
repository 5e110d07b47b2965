/** Messages of many destinations are copies of one: they say what one that is encoded for itself says. */
import { expect, it } from 'vitest';
import * as ipvs from '../../src/ipvs/constants.js';
import { type DestinationEntry, encodeDestination } from '../../src/ipvs/destination.js';
import { encodeMessage } from '../../src/ipvs/message.js';
import { encodeOperation, type Operation } from '../../src/ipvs/operation.js';
import { encodeServiceSelector, type ServiceSelector } from '../../src/ipvs/service.js';

const services: readonly ServiceSelector[] = [
  { protocol: 'tcp', address: '10.0.0.100', port: 80 },
  { fwmark: 7, family: 'ipv4' },
  { protocol: 'udp', address: '2001:db8::100', port: 0 },
];
const destinations: readonly DestinationEntry[] = [
  { address: '10.0.0.11', port: 80, forwarding: 'dr', weight: 1 },
  { address: '255.254.253.252', port: 65_535, forwarding: 'nat', weight: 65_535, upperThreshold: 1000, lowerThreshold: 800 },
  { address: '10.0.0.12', port: 0, forwarding: 'tun', weight: 0, tunnel: { type: 'gue', port: 6080, checksum: 'remote' } },
  { address: '2001:db8::11', port: 443, forwarding: 'tun', weight: 2 },
];
const commands = { add_destination: ipvs.IPVS_CMD_NEW_DEST, edit_destination: ipvs.IPVS_CMD_SET_DEST } as const;

it('whichever came before: services, destinations and commands in turn', () => {
  for (const service of [...services, ...services]) {
    for (const destination of destinations) {
      for (const type of ['add_destination', 'edit_destination'] as const) {
        const operation: Operation = type === 'add_destination' ? { type, service, destination } : { type, service, destination, before: destination };
        const alone = encodeMessage(commands[type], 1, [
          { type: ipvs.IPVS_CMD_ATTR_SERVICE, value: encodeServiceSelector(service) },
          { type: ipvs.IPVS_CMD_ATTR_DEST, value: encodeDestination(destination) },
        ]);
        expect(encodeOperation(operation).toString('hex')).toBe(alone.toString('hex'));
      }
    }
  }
});
