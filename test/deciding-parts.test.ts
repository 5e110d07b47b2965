/** The parts that decide import nothing that does, neither directly nor through what they import, and ask for no time or chance. */
import { readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const source = new URL('../src/', import.meta.url).pathname;

const deciding = [
  ...['machine', 'router', 'timers', 'announcements', 'packet', 'checksum', 'receive', 'hmac-trailer', 'sequence', 'authentication', 'explain', 'recording', 'recorder', 'replay', 'replay-file', 'conflicts', 'startup-delay', 'back-off', 'routing-item'].map((name) => `vrrp/${name}.ts`),
  ...['state', 'pool', 'quorum', 'policies', 'policy-wording', 'slow-start', 'damping', 'panic', 'leaving', 'schedule', 'check-key', 'heap', 'wording', 'agent-state', 'agent-beside', 'weight', 'weight-word', 'news', 'expiry', 'http-redirect'].map((name) => `health/${name}.ts`),
  ...['verdict', 'debounce', 'trackers', 'contribution', 'tracker-status'].map((name) => `track/${name}.ts`),
  'ipvs/reconcile.ts',
  'ipvs/operation.ts',
  'ipvs/kernel-needs.ts',
  ...['acceptance', 'service-chains', 'redirect-chains', 'chains'].map((name) => `supervisor/${name}.ts`),
  'config/reload-difference.ts',
  'config/on-stop.ts',
  ...['notice', 'order', 'arguments', 'happening', 'health-states', 'mail-message'].map((name) => `notify/${name}.ts`),
  'control/event-stream.ts',
  'control/routing-status.ts',
  'config/complete-routing.ts',
  'config/routing-words.ts',
  ...['route', 'rule', 'arp-rules', 'shortage'].map((name) => `network/${name}.ts`),
  ...['from-file', 'outer-interfaces', 'tunnels', 'needs', 'arp-silence', 'plan', 'step', 'made', 'view'].map((name) => `realserver/${name}.ts`),
];

/** What may be taken from outside: functions of their arguments, and a constant of the machine. */
const harmless: Readonly<Record<string, readonly string[] | 'everything'>> = {
  'node:crypto': ['timingSafeEqual', 'createHash', 'createHmac'],
  'node:net': ['isIP', 'isIPv4', 'isIPv6'],
  'node:os': ['endianness'],
  yaml: 'everything',
  zod: 'everything',
};

/** Imports that exist at run time: `import { type X }` does, `import type` does not (verbatimModuleSyntax). */
const importPattern = /^import\s+(?!type\b)(?:([^'"]+?)\s+from\s+)?['"]([^'"]+)['"]|^export\s+(?!type\b)[^'";]*?\sfrom\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]|\brequire\(\s*['"]([^'"]+)['"]/gm;

const forbidden =
  /\b(process\.\w+|Date\.now|new Date\(\s*\)|Math\.random|performance\.\w+|setTimeout|setInterval|setImmediate|queueMicrotask|fetch|console\.\w+|Atomics\.wait)\b/g;

const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');

/** What is wrong with a file of TypeScript, as sentences; `visit` sees the files that it imports. */
const transgressions = (name: string, text: string, visit: (path: string) => void): readonly string[] => {
  const found: string[] = [];
  for (const [, names = '', plain, reexported, dynamic, required] of text.matchAll(importPattern)) {
    const specifier = plain ?? reexported ?? dynamic ?? required ?? '';
    if (specifier.startsWith('.')) {
      visit(specifier);
      continue;
    }
    const imported = names.replace(/[{}\s]/g, '').split(',');
    const allowed = harmless[specifier] ?? [];
    if (allowed !== 'everything' && !imported.every((one) => allowed.includes(one))) found.push(`${name} imports ${imported.join(', ')} from ${specifier}`);
  }
  for (const [what] of withoutComments(text).matchAll(forbidden)) found.push(`${name} uses ${what}`);
  return found;
};

/** Through everything that a file imports. */
const reached = (start: string): readonly string[] => {
  const seen = new Set<string>();
  const found: string[] = [];
  const look = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    found.push(...transgressions(relative(source, path), readFileSync(path, 'utf8'), (specifier) => look(resolve(dirname(path), specifier.replace(/\.js$/, '.ts')))));
  };
  look(resolve(source, start));
  return found;
};

describe('the parts that decide', () => {
  it.each(deciding)('%s does no I/O and asks for no clock, timer or chance', (path) => {
    expect(reached(path)).toEqual([]);
  });
});

describe('this test itself', () => {
  it.each([
    ["import { readFileSync } from 'node:fs';", 'x imports readFileSync from node:fs'],
    ["import { createHash, randomBytes } from 'node:crypto';", 'x imports createHash,randomBytes from node:crypto'],
    ["import koffi from 'koffi';", 'x imports koffi from koffi'],
    ["import 'undici';", 'x imports  from undici'],
    ["import * as net from 'node:net';", 'x imports *asnet from node:net'],
    ["export { lookup } from 'node:dns';", 'x imports  from node:dns'],
    ["import { type Socket } from 'raw-socket';", 'x imports typeSocket from raw-socket'],
    ["const a = await import('node:timers');", 'x imports  from node:timers'],
    ['const now = Date.now();', 'x uses Date.now'],
    ['setTimeout(() => undefined, 1);', 'x uses setTimeout'],
    ['const at = process.hrtime.bigint();', 'x uses process.hrtime'],
  ])('sees %s', (text, sentence) => {
    expect(transgressions('x', text, () => undefined).map((one) => one.replace(/, /g, ','))).toEqual([sentence]);
  });

  it.each([
    ["import type { Socket } from 'node:net';"],
    ["import { timingSafeEqual } from 'node:crypto';"],
    ['// setTimeout would be wrong here'],
    ['/** not Date.now() */'],
    ['const later = new Date(milliseconds);'],
  ])('has nothing against %s', (text) => {
    expect(transgressions('x', text, () => undefined)).toEqual([]);
  });

  it('follows imports', () => {
    const visited: string[] = [];
    transgressions('x', "import { a } from './a.js';\nexport { b } from '../b.js';\nimport type { C } from './c.js';", (path) => visited.push(path));
    expect(visited).toEqual(['./a.js', '../b.js']);
  });

  it('finds the clock behind the deadline timer', () => {
    expect(reached('time/deadline-timer.ts')).toContain('time/clock.ts uses process.hrtime');
  });
});
