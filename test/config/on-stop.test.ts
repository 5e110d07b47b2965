/** What an orderly stop leaves in the table, by `ipvs.on_stop` and what virtual servers say themselves. */
import { describe, expect, test } from 'vitest';
import { differences } from '../../src/config/reload-difference.js';
import { atStop } from '../../src/config/on-stop.js';
import { showDefaults } from '../../src/config/show-defaults.js';
import { accepted, acceptedWithWarnings } from './reading.js';

const file = (ipvs: string, ...ofServices: readonly string[]): string => `ipvs: { ${ipvs} }
virtual_servers: [${ofServices.map((keys, index) => `{ name: s${index}, address: 192.0.2.10, port: ${80 + index}, forwarding: dr, ${keys}real_servers: [{ address: 192.0.2.22 }] }`).join(', ')}]
`;
const at = (ipvs: string, ...ofServices: readonly string[]) => {
  const { staying, going, table } = atStop(acceptedWithWarnings(file(ipvs, ...ofServices)).configuration);
  return { staying: staying.map(({ name }) => name), going: going.map(({ name }) => name), table };
};

describe('an orderly stop', () => {
  test('does what ipvs.on_stop says to the virtual servers that do not say it', () => {
    expect(at('', '', '')).toEqual({ staying: ['s0', 's1'], going: [], table: 'keep' });
    expect(at('on_stop: remove', '', '')).toEqual({ staying: [], going: ['s0', 's1'], table: 'remove' });
  });

  test('keeps connection sync and settings as long as one virtual server stays', () => {
    expect(at('', 'on_stop: remove, ', '')).toEqual({ staying: ['s1'], going: ['s0'], table: 'keep' });
    expect(at('on_stop: remove', 'on_stop: keep, ', '')).toEqual({ staying: ['s0'], going: ['s1'], table: 'keep' });
    expect(at('', 'on_stop: remove, ')).toEqual({ staying: [], going: ['s0'], table: 'remove' });
  });

  test('without virtual servers goes by ipvs.on_stop', () => {
    expect(at('on_stop: remove').table).toBe('remove');
    expect(at('').table).toBe('keep');
  });
});

test('on_stop of a virtual server is shown, and its change is a difference', () => {
  const before = accepted(file('', ''));
  const after = accepted(file('', 'on_stop: remove, '));
  expect(differences(before, after)).toEqual(['virtual server s0: on_stop none -> remove']);
  expect(accepted(showDefaults(after))).toEqual(after);
});
