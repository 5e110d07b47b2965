/** Client certificates and keys that health checks name: read once each, looked into, and compared. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { inWords } from '../../control/in-words.js';
import type { Path } from '../document.js';
import { readableByOthers } from '../secrets.js';
import type { ReadSecret } from './authentication.js';
import { checkEntries } from './check-entries.js';
import type { Context } from './context.js';
import { octal } from './email.js';

/** The text of each file, by its name as the configuration writes it; one that cannot serve is reported at its place, never with what it holds. */
export const readClientCertificates = (context: Context, configurationPath: string, readSecret: ReadSecret): ReadonlyMap<string, string> => {
  const texts = new Map<string, string>();
  const wrong = (place: Path, message: string, remedy: string): void => context.report(place, { code: 'invalid_value', message, remedy });
  /** `look`: throws when the text is none of what it should be. */
  const read = (name: string | undefined, place: Path, what: string, look: (text: string) => unknown): string | undefined => {
    if (name === undefined) return undefined;
    if (name.includes('-----BEGIN')) {
      wrong(place, `${String(place.at(-1))} is the name of a file, not what is in it`, 'write it to a file that only root can read, and give its path');
      return undefined;
    }
    const path = resolve(dirname(configurationPath), name);
    try {
      const { text, mode } = readSecret(path);
      if (/-----BEGIN (?:\w+ )*PRIVATE KEY-----/.test(text) && (mode & readableByOthers) !== 0) {
        context.report(place, { severity: 'warning', code: 'secret_readable', message: `others can read ${path} (mode ${octal(mode)}), and it holds a private key`, remedy: 'chmod 600 the file' });
      }
      texts.set(name, text);
      try {
        look(text);
        return text;
      } catch {
        const isEncrypted = /-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(text);
        wrong(place, isEncrypted ? `the key in ${path} has a passphrase` : `${path} holds no ${what}`, isEncrypted ? 'give a file with the key without one: openssl pkey -in FILE -out NEW' : `give a PEM file with a ${what} in it`);
      }
    } catch (error) {
      wrong(place, `${path} cannot be read: ${inWords(error).replace(/, (?:open|read|stat) '.*'$/, '')}`, 'give the path of a PEM file that tandemd can read');
    }
    return undefined;
  };
  const readPair = (check: { readonly client_certificate?: string | undefined; readonly client_key?: string | undefined }, place: Path): void => {
    const certificate = read(check.client_certificate, [...place, 'client_certificate'], 'certificate', (text) => new X509Certificate(text));
    const key = read(check.client_key, [...place, 'client_key'], 'private key', (text) => createPrivateKey(text));
    if (certificate !== undefined && key !== undefined && !new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) {
      wrong([...place, 'client_key'], 'the key is not that of the client_certificate', 'give the file of the private key that the certificate was made for');
    }
  };
  for (const { check, place } of checkEntries(context.file, 'client_certificate', 'client_key')) readPair(check, place);
  return texts;
};
