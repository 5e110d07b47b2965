/** The files under conf/, as they stand. */
import { readdirSync, readFileSync } from 'node:fs';

const directory = new URL('../../conf/', import.meta.url);

export const exampleFiles = readdirSync(directory)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => ({ name, text: readFileSync(new URL(name, directory), 'utf8') }));
