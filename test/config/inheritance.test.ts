import { describe, expect, test } from 'vitest';
import { Seconds } from '../../src/time/microseconds.js';
import { serverOf } from './reading.js';

const checkOf = (service: string, server: string) => serverOf(service === '' ? '' : `health_check: ${service}`, `{ address: 192.0.2.22${server === '' ? '' : `, health_check: ${server}`} }`).healthCheck;

describe("a real server's health check", () => {
  test("is its service's when the server says nothing", () => {
    expect(checkOf('{ type: http, path: /health, host: a.example, interval: 2s, rise: 1, source: 192.0.2.1 }', '')).toMatchObject({ type: 'http', requests: [{ path: '/health', host: 'a.example' }], interval: Seconds(2), rise: 1, source: '192.0.2.1', address: '192.0.2.22' });
  });

  test('of the same type inherits key by key', () => {
    expect(checkOf('{ type: http, path: /health, interval: 2s, port: 8080 }', '{ interval: 1s, fall: 5 }')).toMatchObject({ type: 'http', requests: [{ path: '/health' }], interval: Seconds(1), fall: 5, port: 8080 });
    expect(checkOf('{ type: http, path: /health }', '{ type: http, host: b.example }')).toMatchObject({ type: 'http', requests: [{ path: '/health', host: 'b.example' }] });
  });

  test('of another type inherits only interval, timeout, rise, fall, address and source', () => {
    const check = checkOf('{ type: http, path: /health, interval: 2s, timeout: 1s, rise: 4, fall: 5, address: 192.0.2.50, source: 192.0.2.1, port: 8080 }', '{ type: https }');
    expect(check).toMatchObject({ type: 'https', requests: [{ path: '/' }], interval: Seconds(2), timeout: Seconds(1), rise: 4, fall: 5, address: '192.0.2.50', source: '192.0.2.1', port: 80 });
    expect(checkOf('{ type: http, path: /health, interval: 2s }', '{ type: tcp, interval: 1s }')).toEqual({ type: 'tcp', address: '192.0.2.22', port: 80, source: undefined, interval: Seconds(1), timeout: Seconds(2), rise: 2, fall: 3 });
  });

  test.each([
    ['none', ''],
    ['{ type: none }', ''],
    ['{ type: http }', 'none'],
    ['', '{ type: none }'],
  ])('is none with service %s and server %s', (service, server) => {
    expect(checkOf(service, server)).toEqual({ type: 'none' });
  });

  test('of a server whose service has none starts from the defaults', () => {
    expect(checkOf('none', '{ interval: 1s }')).toMatchObject({ type: 'tcp', interval: Seconds(1), timeout: Seconds(2) });
  });
});
