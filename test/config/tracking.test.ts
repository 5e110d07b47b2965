import { describe, expect, test } from 'vitest';
import { differences } from '../../src/config/reload-difference.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { accepted, acceptedWithWarnings, rejected } from './reading.js';

const file = (track: string, scripts = '[{ name: resolver, command: [/usr/bin/dig, example.org] }]', more = '') => `vrrp:
  instances:
    - { name: web, interface: eth0, virtual_router_id: 51, virtual_addresses: [192.0.2.10]${more}, track: ${track} }
    - { name: lan, interface: eth1, virtual_router_id: 52, virtual_addresses: [192.0.2.11] }
scripts: ${scripts}
`;
const usual = file('{ interfaces: [eth2, { name: eth3, weight: -20, up_delay: 5s }], scripts: [resolver], files: [{ path: /run/p }], processes: [named] }');

describe('tracking in the file', () => {
  test('has defaults', () => {
    const { vrrp, scripts } = accepted(usual);
    expect(vrrp.instances[0]?.track).toEqual({
      interfaces: [
        { name: 'eth2', weight: undefined, upDelay: 0, downDelay: 0 },
        { name: 'eth3', weight: -20, upDelay: Seconds(5), downDelay: 0 },
      ],
      scripts: [{ name: 'resolver', weight: undefined }],
      files: [{ path: '/run/p', weight: 1, interval: Seconds(1) }],
      processes: [{ name: 'named', weight: undefined, interval: Seconds(1) }],
    });
    expect(scripts).toEqual([{ name: 'resolver', command: ['/usr/bin/dig', 'example.org'], interval: Seconds(1), timeout: Seconds(1), rise: 1, fall: 1, user: 'nobody', init: 'wait' }]);
  });

  test('reverses what is asked to be, whatever its kind', () => {
    const { vrrp } = accepted(file('{ interfaces: [{ name: eth2, reverse: true }], scripts: [{ name: resolver, weight: 5, reverse: true }], files: [{ path: /run/p, reverse: true }], processes: [{ name: named, reverse: true }] }'));
    const { interfaces = [], scripts = [], files = [], processes = [] } = vrrp.instances[0]?.track ?? {};
    expect([...interfaces, ...scripts, ...files, ...processes].map(({ reverse }) => reverse)).toEqual([true, true, true, true]);
    const before = accepted(file('{ scripts: [resolver] }'));
    expect(differences(before, accepted(file('{ scripts: [{ name: resolver, reverse: true }] }')))).toEqual(['instance web: script resolver: reverse false -> true']);
  });

  test('takes the timeout of a script from its interval', () => {
    const [script] = accepted(file('{ scripts: [resolver] }', '[{ name: resolver, command: [/bin/true], interval: 500ms }]')).scripts;
    expect(script?.timeout).toBe(Milliseconds(500));
  });

  test('takes the example of product.md', () => {
    const scripts = '[{ name: resolver, command: [/usr/bin/dig, "@127.0.0.1", example.org], interval: 2s, timeout: 1s, rise: 2, fall: 2, user: nobody }]';
    expect(accepted(file('{ interfaces: [eth1, { name: eth2, weight: -20 }], scripts: [{ name: resolver, weight: -30 }] }', scripts)).vrrp.instances[0]?.track?.scripts).toEqual([{ name: 'resolver', weight: -30 }]);
  });

  test.each([
    ['a weight of 0', file('{ interfaces: [{ name: eth2, weight: 0 }], scripts: [resolver] }'), 'invalid_value'],
    ['a weight of 254', file('{ interfaces: [{ name: eth2, weight: 254 }], scripts: [resolver] }'), 'invalid_value'],
    ['a relative path of a file', file('{ files: [{ path: run/p }], scripts: [resolver] }'), 'invalid_value'],
    ['the path of a program as its name', file('{ processes: [/usr/sbin/named], scripts: [resolver] }'), 'invalid_value'],
    ['a script that is not there', file('{ scripts: [resolver, resolved] }'), 'unknown_reference'],
    ['a script twice', file('{ scripts: [resolver, { name: resolver, weight: 5 }] }'), 'duplicate'],
    ['a program without its path', file('{ scripts: [resolver] }', '[{ name: resolver, command: [dig] }]'), 'invalid_value'],
    ['an empty command', file('{ scripts: [resolver] }', '[{ name: resolver, command: [] }]'), 'invalid_value'],
    ['a command that is one text', file('{ scripts: [resolver] }', '[{ name: resolver, command: /bin/true }]'), 'invalid_value'],
    ['two scripts of one name', file('{ scripts: [resolver] }', '[{ name: resolver, command: [/bin/true] }, { name: resolver, command: [/bin/false] }]'), 'duplicate'],
  ])('refuses %s', (_, text, code) => {
    expect(rejected(text).map((diagnostic) => diagnostic.code)).toEqual([code]);
  });

  test('refuses what a group and its member both track', () => {
    const text = file('{ scripts: [resolver] }').replace('scripts: [{ name: resolver, command', '  sync_groups: [{ name: all, instances: [web, lan], track: { scripts: [resolver] } }]\nscripts: [{ name: resolver, command');
    expect(rejected(text)).toMatchObject([{ code: 'duplicate', message: 'a member of the group tracks the script resolver too' }]);
  });

  test.each([
    ['a script that nobody tracks', file('{}'), 'nobody tracks the script resolver: it is not run'],
    ["the instance's own interface", file('{ interfaces: [eth0], scripts: [resolver] }'), "eth0 is the instance's own interface: without it the instance is in FAULT anyway"],
    ['a weight for an owner', file('{ scripts: [{ name: resolver, weight: -5 }] }', undefined, ', priority: 255'), 'a weight has no effect with priority 255: the owner of the addresses keeps it'],
  ])('warns of %s', (_, text, message) => {
    expect(acceptedWithWarnings(text).warnings.map((warning) => warning.message)).toEqual([message]);
  });

  test('is told by a reload, each tracker and script by its name', () => {
    const after = usual.replace('weight: -20', 'weight: -30').replace('processes: [named]', 'processes: []').replace('example.org] }', 'example.org], user: root }');
    expect(differences(accepted(usual), accepted(after))).toEqual(['instance web: tracked interface eth3: weight -20 -> -30', 'instance web: tracked process named removed', 'script resolver: user nobody -> root']);
  });
});
