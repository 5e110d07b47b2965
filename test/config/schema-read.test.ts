/** What is read by the schema's kinds alone is what zod's schema of them gives, and what zod refuses is not read. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readDocument } from '../../src/config/document.js';
import { readBySchema } from '../../src/config/schema-read.js';
import { fileSchema } from '../../src/config/schema.js';
import { zodOf } from '../../src/config/zod-schema.js';
import { exampleFiles } from './example-files.js';

/** Every key that has a form of its own. */
const rare = `
router_id: a
log: { level: debug, format: json }
vrrp:
  version: 2
  startup_delay: 1.5s
  notify_fifo: /run/fifo
  instances:
    - name: w
      interface: e0
      virtual_router_id: 1
      version: 3
      advertisement_interval: 2
      virtual_addresses: [192.0.2.1/24, "2001:DB8::1", { address: 192.0.2.2, interface: e1, label: "e1:a", advertise: false, scope: link, broadcast: none }]
      virtual_routes: [{ destination: default, via: 192.0.2.254, table: 5 }, { destination: 10.0.0.0/8, next_hops: [{ via: 192.0.2.3 }, { via: 192.0.2.4, weight: 2 }], metric: 0 }]
      virtual_rules: [{ priority: 5, from: all, fwmark: 0x10/0xff }, { priority: 6, fwmark: 3, action: blackhole }]
      authentication: { type: hmac, keys: [{ id: 1, key: "0123456789012345678901234567890123456789" }], time_window: 5 }
      garp: { repeat: 1 }
      unicast: { peers: [192.0.2.9] }
      virtual_mac: { interface: v1 }
      track: { interfaces: [e2, { name: e3, weight: -3, up_delay: 1s }], scripts: [s, { name: t, weight: 4 }], files: [{ path: /run/x }], processes: [p], routes: [default, { destination: 10.0.0.0/8, weight: 1 }] }
      notify: { master: [/bin/a, b], timeout: 5s }
  sync_groups: [{ name: g, instances: [w] }]
static: { addresses: [{ address: 192.0.2.5/24, interface: e0 }] }
ipvs: { sync: { instance: w, interface: e0 }, timeouts: { tcp: 900 }, sync_threshold: [3, 50], sync_ports: 4, conntrack: true, am_droprate: 7, probe_marks: { from: 1, to: 5 } }
scripts: [{ name: s, command: [/bin/s] }]
notify: { email: { server: m, to: [a@example.org] } }
virtual_servers:
  - { name: a, address: 192.0.2.1, ports: [80, "90-92"], forwarding: { method: tun, type: gue, port: 6080 }, persistence: true, scheduler: sh, scheduler_flags: [port], real_servers: [{ address: 192.0.2.7 }] }
  - { name: b, addresses: [192.0.2.1-3, { address: 192.0.2.9, ports: [1, 2] }], port: 80, forwarding: nat, persistence: 5m, sorry_server: { address: 192.0.2.8, health_check: none }, real_servers: [] }
  - { name: c, fwmark: 3, match: ["192.0.2.1:80", { address: 192.0.2.4-5, port: 0 }], forwarding: fullnat, persistence: { netmask: 255.255.0.0 }, damping: {}, panic: { threshold: 50% }, quorum: { on_up: [/bin/u] }, notify: { up: [/bin/u] } }
  - name: d
    address: 192.0.2.1
    port: 443
    forwarding: dr
    persistence: false
    slow_start: 10
    health_check: { type: https, urls: [/a, { path: /b, status: 200 }], headers: { X-A: b, Y: c }, status: [200, "300-399"], http_version: 1.1, redirects: 2, body: "a+", digest: { value: d41d8cd98f00b204e9800998ecf8427e, algorithm: md5 }, expiry_warning: 14d }
    real_servers:
      - { address: 192.0.2.7, weight: 3, health_check: { type: tcp, send: "a\\\\n", expect: { regex: "a|b" }, agent: { port: 9, send: { hex: "50 49" } } } }
      - { address: 192.0.2.8, health_check: { type: udp, send: { base64: UElORw== }, expect: { hex: "00" }, agent: none, status: "200-299,301", http_version: "2" } }
      - { address: 192.0.2.9, health_check: { type: dns, name: example.org., answer: 192.0.2.1 }, notify: { down: [/bin/d] }, slow_start: 2s }
`;

const zod = zodOf(fileSchema);
const agree = (value: unknown): boolean => {
  const { success, data } = zod.safeParse(value);
  expect(readBySchema(fileSchema, value)).toEqual(success ? data : undefined);
  return success;
};

const values = [...exampleFiles.map(({ text }) => text), rare].map((text) => readDocument(text).value);

it.each(values.map((value) => [value]))('the same of a whole file', (value) => {
  expect(agree(value)).toBe(true);
});

/** The value with another in place of one of its parts; the parts are counted as they come. */
const changed = (value: unknown, place: number, by: unknown): unknown => {
  let left = place;
  const change = (part: unknown): unknown => {
    if (left-- === 0) return by;
    if (Array.isArray(part)) return part.map(change);
    if (typeof part === 'object' && part !== null) return Object.fromEntries(Object.entries(part).map(([key, each]) => [key, change(each)]));
    return part;
  };
  return change(value);
};
const countOf = (value: unknown): number => (typeof value === 'object' && value !== null ? Object.values(value).reduce((sum: number, each) => sum + countOf(each), 1) : 1);

it('the same, whatever stands in place of a part', () => {
  const other = fc.constantFrom<unknown>(undefined, null, true, false, 0, 1, -1, 3, 100, 70_000, 1.5, 1.1, NaN, Infinity, 1e15, '', 'a', 'none', 'dr', 'tun', '1', '5s', '1.5', '-1', '10.0.0.1', '10.0.0.1/33', '::1', 'ff02::1', '0.0.0.0', 'main', 'default', '/a', '80-90', '90-80', '10.0.0.1-3', '50%', '200,x', 'a b', '(', [], [1], ['a'], ['/a'], [[]], [5, 3], [3, 5], {}, { a: 1 }, { type: 'none' }, { hex: '50' }, { hex: '5', base64: 'x' }, { method: 'dr', port: 1 }, { address: '10.0.0.1', port: 1 }, { address: '10.0.0.1', port: 1, ports: [2] }, { name: 'a' });
  let right = 0;
  fc.assert(
    fc.property(fc.constantFrom(...values), fc.nat(), other, (value, place, by) => {
      if (agree(changed(value, place % countOf(value), by))) right++;
    }),
    { numRuns: 2_000 },
  );
  expect(right).toBeGreaterThan(20);
});
