import { describe, expect, test } from 'vitest';
import { readQuickly } from '../../src/config/quick-yaml.js';
import { brief, instanceFile, rejected, rendered } from './reading.js';

/** Wrong files, and exactly what a person is shown. */
const shown: readonly (readonly [string, string, string])[] = [
  [
    'a value out of range',
    'vrrp:\n  instances:\n    - name: web\n      interface: eth0\n      virtual_router_id: 300\n      virtual_addresses: [192.0.2.10]\n',
    `tandem.yaml:5:26: error: virtual_router_id cannot be 300
   5 |       virtual_router_id: 300
     |                          ^^^
     = give a whole number from 1 to 255
`,
  ],
  [
    'a mistyped key',
    'log: { levle: debug }\nvrrp: { instances: [] }\n',
    `tandem.yaml:1:8: error: unknown key levle
   1 | log: { levle: debug }
     |        ^^^^^
     = did you mean level? known here: level, format
`,
  ],
  [
    'a key unlike any other',
    'colour: red\n',
    `tandem.yaml:1:1: error: unknown key colour
   1 | colour: red
     | ^^^^^^
     = known here: router_id, log, control, vrrp, static, ipvs, system, virtual_servers, scripts, notify
`,
  ],
  [
    'a missing key of a block mapping',
    'vrrp:\n  instances:\n    - name: web\n      interface: eth0\n      virtual_addresses: [192.0.2.10]\n',
    `tandem.yaml:3:7: error: virtual_router_id is missing
   3 |     - name: web
     |       ^^^^
     = add virtual_router_id: a whole number from 1 to 255
`,
  ],
  [
    'a missing key of a flow mapping',
    'virtual_servers:\n  - { name: web, address: 192.0.2.10, port: 80, forwarding: dr, real_servers: [{ port: 80 }] }\n',
    `tandem.yaml:2:80: error: address is missing
   2 |   - { name: web, address: 192.0.2.10, port: 80, forwarding: dr, real_servers: [{ port: 80 }] }
     |                                                                                ^^^^^^^^^^^^
     = add address: an address such as 192.0.2.10 or 2001:db8::10
`,
  ],
  [
    'a mapping where a word belongs',
    'router_id: { a: 1 }\nvrrp: { version: 3 }\n',
    `tandem.yaml:1:12: error: router_id cannot be a mapping
   1 | router_id: { a: 1 }
     |            ^^^^^^^^
     = give a name of at most 64 letters, digits and . _ - : / @ +
`,
  ],
  [
    'a number where a text belongs',
    'router_id: 7\n',
    `tandem.yaml:1:12: error: router_id cannot be 7
   1 | router_id: 7
     |            ^
     = give a name of at most 64 letters, digits and . _ - : / @ +, in quotes
`,
  ],
  [
    'a key without a value',
    'log:\n  level:\n',
    `tandem.yaml:2:3: error: level cannot be nothing
   2 |   level:
     |   ^^^^^
     = give one of debug, info, warn, error
`,
  ],
  [
    'a mistyped word',
    instanceFile('checksum: psuedo_header'),
    `tandem.yaml:7:17: error: checksum cannot be psuedo_header
   7 |       checksum: psuedo_header
     |                 ^^^^^^^^^^^^^
     = did you mean pseudo_header? give one of pseudo_header, rfc9568
`,
  ],
  [
    'a key twice',
    'log: { level: info }\nlog: { format: json }\n',
    `tandem.yaml:2:1: error: the key log stands twice in one mapping
   2 | log: { format: json }
     | ^^^
     = keep one of the two
`,
  ],
  [
    'a tab that indents',
    'log:\n\tlevel: info\n',
    `tandem.yaml:2:1: error: a tab cannot indent
   2 | \tlevel: info
     | ^
     = indent with spaces
`,
  ],
  [
    'a tab before the place',
    'log: {\tlevel: loud }\n',
    `tandem.yaml:1:15: error: level cannot be loud
   1 | log: {\tlevel: loud }
     |       \t       ^^^^
     = give one of debug, info, warn, error
`,
  ],
  [
    'Windows line ends',
    'log:\r\n  level: loud\r\n',
    `tandem.yaml:2:10: error: level cannot be loud
   2 |   level: loud
     |          ^^^^
     = give one of debug, info, warn, error
`,
  ],
  [
    'a byte order mark',
    '\ufefflog: { level: loud }\n',
    `tandem.yaml:1:15: error: level cannot be loud
   1 | log: { level: loud }
     |               ^^^^
     = give one of debug, info, warn, error
`,
  ],
  [
    'an unclosed quote',
    'router_id: "director\n',
    `tandem.yaml:1:21: error: missing closing "quote
   1 | router_id: "director
     |                     ^
     = add what is missing: a closing quote, a bracket, a comma, a space after ":"
`,
  ],
  [
    'an alias of nothing',
    'router_id: *name\n',
    `tandem.yaml:1:12: error: no anchor &name stands before this alias
   1 | router_id: *name
     |            ^^^^^
     = define &name before it is used
`,
  ],
  [
    'an empty file',
    '',
    `tandem.yaml:1:1: error: the file is empty
     = write at least an instance (vrrp.instances) or a service (virtual_servers)
`,
  ],
  [
    'unicast without peers, which must never become multicast',
    instanceFile('unicast: { peers: [] }'),
    `tandem.yaml:7:25: error: peers cannot be an empty list
   7 |       unicast: { peers: [] }
     |                         ^^
     = give at least one address: another router's
`,
  ],
  [
    'a later feature',
    instanceFile('version: 2\n      authentication: { type: ah, password: s3cret }'),
    `tandem.yaml:8:31: error: not supported by this version yet: authentication of type ah
   8 |       authentication: { type: ah, password: ****** }
     |                               ^^
     = give one of pass, hmac
`,
  ],
  [
    'a merge key',
    'log: &log { level: info }\nvrrp: { <<: *log }\n',
    `tandem.yaml:2:9: error: unknown key "<<"
   2 | vrrp: { <<: *log }
     |         ^^
     = merge keys are not part of YAML 1.2: write the keys out. known here: version, checksum, startup_delay, instances, sync_groups, notify_fifo
`,
  ],
];

describe('what a person is shown of', () => {
  test.each(shown)('%s', (_, text, expected) => {
    expect(rendered(text)).toBe(expected);
  });

  test('a place far out on a long line is a part of the line', () => {
    const line = `log: { format: text, ${' '.repeat(400)} level: loud }`;
    const [, source = '', carets = ''] = rendered(`${line}\n`).split('\n');
    expect(source.length).toBeLessThan(200);
    expect(source.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1)).toBe('loud');
  });
});

describe('all errors come at once', () => {
  const text = `router_id: 7
vrrp:
  instances:
    - name: web
      interface: eth0
      virtual_router_id: 51
      prioriy: 150
      advertisement_interval: 1.005s
      virtual_addresses: [192.0.2.10/33, 192.0.2.11]
    - name: web
      interface: eth0
      virtual_router_id: 51
      virtual_addresses: [192.0.2.11]
  sync_groups: [{ name: all, instances: [web, lan] }]
log: { level: info }
log: { level: loud }
virtual_servers:
  - name: http
    address: 192.0.2.10
    port: 80
    scheduler: wwr
    forwarding: dr
    health_check: { type: tcp, path: / }
    real_servers:
      - { address: 192.0.2.22, port: 8080 }
      - { address: 192.0.2.22, port: 8080, weight: -1 }
`;

  test('those of YAML, of the schema and across the file, in the order of the file', () => {
    expect(brief(rejected(text))).toEqual([
      '1:12 invalid_value router_id cannot be 7',
      '7:7 unknown_key unknown key prioriy',
      '8:31 invalid_value advertisement_interval cannot be 1.005s with VRRP version 3',
      '9:27 invalid_value an item of virtual_addresses cannot be 192.0.2.10/33',
      '10:13 duplicate an instance is named web already (first on line 4)',
      '12:26 duplicate virtual_router_id 51 is in use on eth0 already (first on line 6)',
      '13:27 duplicate 192.0.2.11 is a virtual address already (first on line 9)',
      '14:47 unknown_reference no instance is named lan',
      '16:1 duplicate_key the key log stands twice in one mapping',
      '16:15 invalid_value level cannot be loud',
      '21:16 invalid_value scheduler cannot be wwr',
      '23:32 conflict path has no meaning for a health check of type tcp',
      '25:38 conflict dr cannot map port 80 to 8080',
      '26:20 duplicate 192.0.2.22:8080 is a real server of this service already (first on line 25)',
      '26:38 conflict dr cannot map port 80 to 8080',
      '26:52 invalid_value weight cannot be -1',
    ]);
  });

  test('of text that ceases to be YAML, those before that place', () => {
    expect(brief(rejected('log: { level: loud }\nvrrp: { instances: [\nrouter_id: a\n  b: [c\n'))[0]).toBe('1:15 invalid_value level cannot be loud');
    expect(rejected('log: { level: loud }\nvrrp: [\n').some(({ code }) => code === 'syntax')).toBe(true);
  });

  test('a wrong name brings no complaint about what refers to it', () => {
    expect(brief(rejected('vrrp:\n  instances: [{ name: 7, interface: eth0, virtual_router_id: 1, virtual_addresses: [192.0.2.1] }]\n  sync_groups: [{ name: a, instances: [x, y] }]\n'))).toEqual(['2:23 invalid_value name cannot be 7']);
  });

  test('a service by mark is not asked for its address and port', () => {
    expect(brief(rejected('virtual_servers:\n  - { name: a, fwmark: 1, family: ipv4, forwarding: dr, health_check: none, real_servers: [{ address: 192.0.2.1, weight: -1 }] }\n'))).toEqual(['2:122 invalid_value weight cannot be -1']);
  });
});

describe('a text that would exhaust the reader', () => {
  test('by aliases of aliases is refused', () => {
    const levels = Array.from({ length: 12 }, (_, level) => `a${level}: &a${level} [${level === 0 ? 'x' : Array(10).fill(`*a${level - 1}`).join(', ')}]`).join('\n');
    expect(rejected(`${levels}\n`).map(({ code }) => code)).toContain('syntax');
  });

  test('by an alias of itself is refused', () => {
    expect(rejected('vrrp: &a { instances: [*a] }\n').map(({ message }) => message)).toContain('the alias *a contains itself');
  });

  test('by depth is refused', () => {
    expect(readQuickly(`virtual_servers:\n  - a: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`, 'virtual_servers')).toBeUndefined();
    expect(rejected('['.repeat(20_000)).map(({ message }) => message)).toEqual(['the text is nested too deeply']);
    expect(rejected(`${'{ a: '.repeat(20_000)}1${' }'.repeat(20_000)}`).map(({ message }) => message)).toContain('the text is nested too deeply');
  });
});
