/** `notify.email`. */
import { describe, expect, test } from 'vitest';
import { formatDiagnostics } from '../../src/config/format-diagnostics.js';
import { differences } from '../../src/config/reload-difference.js';
import { showDefaults } from '../../src/config/show-defaults.js';
import { Seconds } from '../../src/time/microseconds.js';
import { accepted, acceptedWithWarnings, brief, instanceFile, rejected } from './reading.js';

const file = (keys: string): string => `${instanceFile('')}notify:\n  email: { server: mail.example.org, to: [operators@example.org]${keys} }\n`;
const missing = (path: string): number => {
  throw Object.assign(new Error(`ENOENT: no such file or directory, stat '${path}'`), { code: 'ENOENT' });
};
const warned = (keys: string, modeOf: (path: string) => number = () => 0o100600): readonly string[] => acceptedWithWarnings(file(keys), { modeOf }).warnings.map(({ line, column, code, message }) => `${line}:${column} ${code} ${message}`);

describe('notify.email', () => {
  test('has its defaults', () => {
    expect(accepted(file('')).email).toEqual({
      server: 'mail.example.org',
      port: 587,
      tls: 'starttls',
      verify: true,
      from: 'tandem@director-a',
      to: ['operators@example.org'],
      on: ['instances', 'real_servers', 'quorum', 'split_brain'],
      timeout: Seconds(30),
    });
    expect([', tls: implicit', ', tls: none', ', tls: none, port: 2525'].map((keys) => accepted(file(keys)).email?.port)).toEqual([465, 25, 2525]);
    expect(accepted(instanceFile('')).email).toBeUndefined();
  });

  test('is shown with its defaults, the password masked, and so in what a reload changes', () => {
    const before = accepted(file(', user: tandem, password: s3cret'));
    expect(showDefaults(before)).toContain('password: "********"');
    expect(accepted(showDefaults(before)).email).toEqual({ ...before.email, password: '********' });
    expect(differences(before, accepted(file(', user: tandem, password: other')))).toEqual(['notify.email: password changed']);
    expect(differences(before, accepted(file(', user: tandem, password: s3cret, port: 25')))).toEqual(['notify.email.port 587 -> 25']);
    expect(differences(accepted(instanceFile('')), before).join()).not.toContain('s3cret');
  });

  test.each([
    ['no receiver', '\n', instanceFile('') + 'notify: { email: { server: mail.example.org, to: [] } }\n', 'invalid_value'],
    ['a receiver that is none', ', x', file('').replace('operators@', 'operators at '), 'invalid_value'],
    ['a line break in the sender', '', file(', from: "a@b\\nBcc: c@d"'), 'invalid_value'],
    ['a server with a port', '', file('').replace('mail.example.org', '"mail.example.org:25"'), 'invalid_value'],
    ['a cause that is none', '', file(', on: [transitions]'), 'invalid_value'],
    ['a user without a password', '', file(', user: tandem'), 'conflict'],
    ['a password without a user', '', file(', password: x'), 'conflict'],
    ['a relative password file', '', file(', user: t, password_file: mail-password'), 'invalid_value'],
  ])('refuses %s', (_, __, text, code) => {
    expect(rejected(text, { modeOf: () => 0o100600 }).map((diagnostic) => diagnostic.code)).toEqual([code]);
  });

  test('refuses two passwords', () => {
    expect(brief(rejected(file(', user: t, password: x, password_file: /p'), { modeOf: () => 0o100600 }))).toEqual([expect.stringMatching(/^8:\d+ conflict password and password_file exclude each other$/)]);
  });

  test('warns of a password file that others can read, or that is not there', () => {
    const keys = ', user: tandem, password_file: /etc/tandem/mail-password';
    expect(warned(keys)).toEqual([]);
    expect(warned(keys, () => 0o100644)).toEqual([expect.stringMatching(/^8:\d+ secret_readable others can read \/etc\/tandem\/mail-password \(mode 0644\), and it holds a password$/)]);
    expect(warned(keys, missing)).toEqual([expect.stringMatching(/doubtful \/etc\/tandem\/mail-password cannot be read: ENOENT: no such file or directory; no e-mail is sent until it can$/)]);
  });

  test('warns of a password on the wire, and in a file that others can read', () => {
    expect(warned(', user: t, password: x, tls: none')).toEqual([expect.stringMatching(/doubtful the password is sent in the clear/)]);
    expect(acceptedWithWarnings(file(', user: t, password: x, tls: none').replace('mail.example.org', 'localhost')).warnings).toEqual([]);
    expect(warned(', user: t, password: x, verify: false')).toEqual([expect.stringMatching(/doubtful without verification anyone/)]);
    const { warnings, text } = acceptedWithWarnings(file(', user: t, password: s3cret'), { mode: 0o644 });
    expect(warnings.map(({ code }) => code)).toEqual(['secret_readable']);
    expect(formatDiagnostics(warnings, text)).not.toContain('s3cret');
  });
});
