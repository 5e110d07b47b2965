/** The version of this program, from its package. */
import { readFileSync } from 'node:fs';

export const version = (): string => {
  try {
    const parsed: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    if (typeof parsed === 'object' && parsed !== null && 'version' in parsed && typeof parsed.version === 'string') return parsed.version;
  } catch {
    // a package without its package.json still runs
  }
  return 'unknown';
};
