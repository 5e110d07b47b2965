/** Which checks are one and the same. */
import { describe, expect, it } from 'vitest';
import { checkKey, type ActiveCheck } from '../../src/health/check-key.js';
import { Seconds } from '../../src/time/microseconds.js';
import { dnsCheck, httpCheck, pingCheck, smtpCheck, tcpCheck, tlsCheck, udpCheck } from './checks.js';

describe('the key of a check', () => {
  it('is the same for equal checks, whatever the order of their options', () => {
    const check = httpCheck({ ca: 'PEM' });
    const reversed = Object.fromEntries(Object.entries(check).reverse()) as unknown as ActiveCheck;
    expect(checkKey(reversed)).toBe(checkKey(check));
  });

  it('tells apart checks that differ in any one option', () => {
    const text = { form: 'text', value: 'a' } as const;
    const variants: readonly ActiveCheck[] = [
      httpCheck(), httpCheck({ address: '127.0.0.2' }), httpCheck({ port: 81 }), httpCheck({ source: '127.0.0.3' }), httpCheck({ interval: Seconds(3) }),
      httpCheck({ timeout: Seconds(2) }), httpCheck({ rise: 1 }), httpCheck({ fall: 1 }), httpCheck({ type: 'https' }), httpCheck({ method: 'HEAD' }),
      httpCheck({ path: '/health' }), httpCheck({ host: 'www' }), httpCheck({ status: [[200, 200]] }), httpCheck({ body: 'ok' }), httpCheck({ serverName: 'www' }),
      httpCheck({ verify: true }), httpCheck({ ca: 'one' }), httpCheck({ ca: 'two' }), tcpCheck(), tlsCheck(),
      tcpCheck({ expect: text }), tcpCheck({ expect: { form: 'hex', value: '61' } }), tcpCheck({ expect: text, send: text }), udpCheck(), udpCheck({ requireReply: true }), udpCheck({ send: text }), pingCheck(),
      dnsCheck(), dnsCheck({ name: 'a' }), dnsCheck({ recordType: 'A' }), dnsCheck({ protocol: 'tcp' }), dnsCheck({ rcode: 'REFUSED' }), dnsCheck({ answer: 'a' }), smtpCheck(), smtpCheck({ helo: 'a' }), smtpCheck({ security: 'starttls' }),
    ];
    expect(new Set(variants.map(checkKey)).size).toBe(variants.length);
  });

  it('stays short with a large bundle of authorities', () => {
    expect(checkKey(tlsCheck({ ca: 'x'.repeat(200_000) })).length).toBeLessThan(1_000);
  });
});
