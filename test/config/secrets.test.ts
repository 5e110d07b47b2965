import { describe, expect, test } from 'vitest';
import { formatDiagnostics } from '../../src/config/format-diagnostics.js';
import { parseConfiguration } from '../../src/config/parse.js';
import { differences } from '../../src/config/reload-difference.js';
import { maskSecrets } from '../../src/config/mask-secrets.js';
import { showDefaults } from '../../src/config/show-defaults.js';
import { accepted, instanceFile, rejected } from './reading.js';

const secret = 's3cr3t';
const vrrp2 = (authentication: string): string => instanceFile(`version: 2\n      authentication: ${authentication}`);

describe('a password is never shown', () => {
  test.each([
    ['beside an error on its line', `vrrp: { instances: [{ priority: 0, authentication: { type: pass, password: ${secret} } }] }\n`],
    ['that is too long', vrrp2(`{ type: pass, password: ${secret}${secret} }`)],
    ['that is a number', vrrp2('{ type: pass, password: 53137318 }').replace('53137318', '73137')],
    ['that is a list', vrrp2(`{ type: pass, password: [${secret}] }`)],
    ['under a mistyped key', vrrp2(`{ type: pass, pasword: ${secret} }`)],
    ['under a key of its own', vrrp2(`{ type: pass, word: ${secret} }`)],
    ['in place of the mapping', vrrp2(`{ type: ${secret}x, password: ${secret} }`).replace(`${secret}x`, 'foo')],
    ['behind an alias', `router_id: &p ${secret}!!\n${vrrp2('{ type: pass, password: *p }')}`],
    ['in a text that is no YAML', `vrrp: { instances: [{ authentication: { type: pass, password: ${secret} }\nx: [\n`],
    ['in quotes that are not closed', `a:\n  password: "${secret}\n`],
    ['in a block', vrrp2(`\n        type: pass\n        password: |\n          ${secret}${secret}\n`)],
  ])('%s', (_, text) => {
    const diagnostics = rejected(text, { mode: 0o644 });
    const output = formatDiagnostics(diagnostics, text) + JSON.stringify(diagnostics);
    expect(diagnostics.length).toBeGreaterThan(0);
    expect(output).not.toContain(secret);
    expect(output).not.toContain('73137');
  });

  test('by the warning that others can read the file', () => {
    const result = parseConfiguration(vrrp2(`{ type: pass, password: ${secret} }`), 'tandem.yaml', { mode: 0o644 });
    expect(result.ok).toBe(true);
    if (result.ok) expect(formatDiagnostics(result.warnings, result.text)).toContain('authentication: { type: pass, password: ****** }');
  });

  test('by the defaults shown, or by the differences of a reload', () => {
    const before = accepted(vrrp2(`{ type: pass, password: ${secret} }`));
    const after = accepted(vrrp2('{ type: pass, password: another }'));
    const shown = showDefaults(before) + JSON.stringify([...differences(before, after), ...differences(accepted(instanceFile('version: 2')), after)]);
    expect(shown).not.toMatch(/s3cr3t|another/);
    expect(differences(before, after)).toEqual(['instance web: authentication password changed']);
  });
});

test('masking moves no column, and takes rather too much than too little', () => {
  const text = 'a:\r\n  password: "abc def"  # comment\r\n  b: 1\r\n';
  expect(maskSecrets(text)).toBe('a:\r\n  password: **** ****  * *******\r\n  b: 1\r\n');
});
