/** Certificate files that health checks name: read once each, and looked into. */
import { X509Certificate } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import type { Path } from '../document.js';
import { checkEntries } from './check-entries.js';
import type { Context } from './context.js';
import { inWords } from '../../control/in-words.js';

/** Reads a text file; throws what node:fs throws. */
export type ReadText = (path: string) => string;

/** The text of each file, by its name as the configuration writes it; one that cannot serve is reported at its place. */
export const readCertificates = (context: Context, configurationPath: string, readText: ReadText): ReadonlyMap<string, string> => {
  const texts = new Map<string, string>();
  const read = (name: string | undefined, place: Path): void => {
    if (name === undefined) return;
    const path = resolve(dirname(configurationPath), name);
    try {
      const text = texts.get(name) ?? readText(path);
      const certificates = text.match(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s\S]+?-----END (?:TRUSTED )?CERTIFICATE-----/g) ?? [];
      if (certificates.length === 0) context.report(place, { code: 'invalid_value', message: `${path} holds no certificate`, remedy: 'give a PEM file with -----BEGIN CERTIFICATE----- in it' });
      for (const certificate of certificates) new X509Certificate(certificate);
      texts.set(name, text);
    } catch (error) {
      const reason = inWords(error);
      context.report(place, { code: 'invalid_value', message: `the certificates in ${path} cannot be read: ${reason.replace(/, (?:open|read|stat) '.*'$/, '')}`, remedy: 'give the path of a readable PEM file' });
    }
  };
  for (const { check, place } of checkEntries(context.file, 'ca')) read(check.ca, [...place, 'ca']);
  return texts;
};
