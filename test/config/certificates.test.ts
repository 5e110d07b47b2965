import { rootCertificates } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { differences } from '../../src/config/reload-difference.js';
import { acceptedWithWarnings, brief, first, rejected, serviceFile } from './reading.js';

const [one = '', two = ''] = rootCertificates;
const file = (ca: string, more = ', verify: true'): string => serviceFile(`health_check: { type: https, ca: ${ca}${more} }`, '{ address: 192.0.2.22 }, { address: 192.0.2.23 }');

/** Reads from memory, and notes what is asked for. */
const from = (files: Readonly<Record<string, string>>, asked: string[] = []) => ({
  readText: (path: string): string => {
    asked.push(path);
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { code: 'ENOENT' });
    return text;
  },
});

describe('a certificate file', () => {
  test('is read when the configuration is, beside the configuration file', () => {
    const path = `${process.cwd()}/tls/ca.pem`;
    const { configuration } = acceptedWithWarnings(file('tls/ca.pem'), from({ [path]: `${one}\n${two}\n` }));
    expect(first(first(configuration.virtualServers).realServers).healthCheck).toMatchObject({ ca: `${one}\n${two}\n`, caPath: 'tls/ca.pem', verify: true });
  });

  test('that several checks name is read once', () => {
    const asked: string[] = [];
    const text = serviceFile('health_check: { type: https, ca: /ca.pem, verify: true }', '{ address: 192.0.2.22, health_check: { ca: /ca.pem } }');
    acceptedWithWarnings(text, from({ '/ca.pem': one }, asked));
    expect(asked).toEqual(['/ca.pem']);
  });

  test.each([
    ['is missing', {}, 'the certificates in /ca.pem cannot be read: ENOENT: no such file or directory'],
    ['is empty', { '/ca.pem': '' }, '/ca.pem holds no certificate'],
    ['is damaged', { '/ca.pem': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' }, 'the certificates in /ca.pem cannot be read: '],
  ])('that %s is an error at its place', (_, files, message) => {
    const diagnostics = rejected(file('/ca.pem'), from(files));
    expect(diagnostics).toMatchObject([{ code: 'invalid_value', line: 2, length: '/ca.pem'.length }]);
    expect(diagnostics[0]?.message).toContain(message);
  });

  test('that nothing verifies against earns a warning', () => {
    expect(brief(acceptedWithWarnings(file('/ca.pem', ''), from({ '/ca.pem': one })).warnings).join()).toMatch(/doubtful ca has no effect without verify: true$/);
  });

  test('whose content changes is a difference, without its content', () => {
    const read = (content: string) => acceptedWithWarnings(file('/ca.pem'), from({ '/ca.pem': content })).configuration;
    expect(differences(read(one), read(two))).toEqual([
      'virtual server web: real server 192.0.2.22:80: the certificates in /ca.pem changed',
      'virtual server web: real server 192.0.2.23:80: the certificates in /ca.pem changed',
    ]);
  });
});
