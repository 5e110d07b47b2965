/** The keys of health checks of type dns. */
import { recordTypes, responseCodes } from '../check-model.js';
import { textual } from './kinds.js';
import { oneOf, someText } from './values.js';

export const dnsDefaults = { name: '.', record_type: 'SOA', protocol: 'udp', rcode: 'NOERROR' } as const;

/** RFC 1035 2.3.4: labels of at most 63 octets, 255 in all, of which the wire's form takes two. */
const domainName = () =>
  textual('a domain name such as www.example.org, or "." (the root)', (text, fail) => {
    const name = text === '.' ? text : text.replace(/\.$/, '');
    return name === '.' || (name.length <= 253 && /^[\x21-\x2d\x2f-\x5b\x5d-\x7e]{1,63}(\.[\x21-\x2d\x2f-\x5b\x5d-\x7e]{1,63})*$/.test(name)) ? name : fail();
  });

export const dnsKeys = {
  name: domainName().optional().describe('dns: the name to ask for; the root by default').meta({ lastDefault: dnsDefaults.name }),
  record_type: oneOf(recordTypes).optional().describe('dns: the type of record to ask for').meta({ lastDefault: dnsDefaults.record_type }),
  protocol: oneOf(['udp', 'tcp']).optional().describe('dns: udp (a truncated answer is asked for again over TCP) or tcp').meta({ lastDefault: dnsDefaults.protocol }),
  rcode: oneOf(responseCodes).optional().describe('dns: the response code that is accepted').meta({ lastDefault: dnsDefaults.rcode }),
  answer: someText('the data of a record, such as 192.0.2.10 or "10 mail.example.org"').optional().describe('dns: data that a record of the answer must have, as a zone file writes it: 192.0.2.10, "10 mail.example.org"'),
};
