/** `persistence:` of a service. */
import { Seconds } from '../../time/microseconds.js';
import { readBySchema } from '../schema-read.js';
import { boolean, mapping, union, type Output } from './kinds.js';
import { duration, netmask, oneOf, wholeNumber } from './values.js';

/** IPVS counts persistence in whole seconds; IP_VS_TEMPLATE_TIMEOUT is 360. */
const timeout = () => duration({ from: Seconds(1), to: Seconds(31 * 86_400), step: Seconds(1) });

const keys = mapping({
  timeout: timeout().prefault('360s').describe('A client stays with its server until so long after its last connection; whole seconds'),
  netmask: netmask().optional().describe('IPv4: clients whose addresses agree under this mask count as one; by default every address is one client'),
  prefix_length: wholeNumber(1, 128).optional().describe('IPv6: clients whose addresses agree in so many leading bits count as one; 128 by default'),
  engine: oneOf(['sip']).optional().describe('sip (UDP): packets with the same Call-ID count as one client'),
});

const standard = readBySchema(keys, {});

export const persistence = () =>
  union([boolean(), timeout(), keys], { error: 'true (360s), a duration, or a mapping such as { timeout: 360s, netmask: 255.255.255.0 }' })
    .transform((value): Output<typeof keys> | undefined => {
      if (value === false) return undefined;
      if (value === true) return standard;
      return typeof value === 'number' ? standard && { ...standard, timeout: value } : value;
    });
