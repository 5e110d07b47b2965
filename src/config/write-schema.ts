/** Writes conf/tandem.schema.json; part of `npm run build`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { jsonSchemaText } from './json-schema.js';

const path = new URL('../../conf/tandem.schema.json', import.meta.url);

const current = (): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
};

const text = jsonSchemaText();
if (current() !== text) writeFileSync(path, text);
