/** What a start takes to read a file with nothing wrong: neither zod nor the parser that knows the place of everything, which take longer to load than the file takes to read. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** Import declarations that exist at run time; what `import()` loads is loaded when it is needed. */
const importPattern = /^(?:import|export)\s+(?!type\b)(?:[^'"]*?\s+from\s+)?['"]([^'"]+)['"]/gm;

const packagesOf = (entry: URL): ReadonlySet<string> => {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const visit = (file: URL): void => {
    if (seen.has(file.href)) return;
    seen.add(file.href);
    for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(importPattern)) {
      if (specifier.startsWith('.')) visit(new URL(specifier.replace(/\.js$/, '.ts'), file));
      else packages.add(specifier);
    }
  };
  visit(entry);
  return packages;
};

it('the reader of a file that is right needs js-yaml, and no other package', () => {
  const packages = packagesOf(new URL('../../src/config/reader.ts', import.meta.url));
  expect([...packages].filter((name) => !name.startsWith('node:'))).toEqual(['js-yaml']);
});

it('what tells what is wrong needs them', () => {
  expect(packagesOf(new URL('../../src/config/parse.ts', import.meta.url))).toContain('zod');
});
