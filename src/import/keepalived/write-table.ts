/** Writes the table of keepalived's keywords into README.md; part of `npm run build`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { withTable } from './keyword-table.js';

class MissingMarker extends Error {
  readonly code = 'MISSING_MARKER';
}

const path = new URL('../../../README.md', import.meta.url);
const current = readFileSync(path, 'utf8');
const text = withTable(current);
if (text === undefined) throw new MissingMarker('README.md has no place for the table of keywords');
if (text !== current) writeFileSync(path, text);
