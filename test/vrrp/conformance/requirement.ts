/** A requirement of an RFC, what shows that it is met or why it is not, and the page made of all of them. */

export type Level = 'MUST' | 'MUST NOT' | 'SHOULD' | 'SHOULD NOT';

/** A test: the file below test/, and its title or the name of its row, as it stands there. */
export type Shown = readonly [file: string, title: string];

export type Standing =
  /** by these tests; `here` is run by the table's own test */
  | { readonly kind: 'met'; readonly by: readonly Shown[]; readonly here?: () => void; readonly note?: string }
  /** met by the kernel on whose addresses and interfaces the daemon works */
  | { readonly kind: 'kernel'; readonly why: string; readonly by?: readonly Shown[] }
  /** done otherwise, and why; the tests show what is done */
  | { readonly kind: 'deviates'; readonly why: string; readonly by?: readonly Shown[] }
  | { readonly kind: 'not applicable'; readonly why: string };

export interface Requirement {
  readonly clause: string;
  readonly level: Level;
  /** in our words */
  readonly what: string;
  readonly standing: Standing;
}

export interface Document {
  readonly title: string;
  readonly requirements: readonly Requirement[];
}

export const met = (by: readonly Shown[], here?: () => void, note?: string): Standing => ({ kind: 'met', by, ...(here && { here }), ...(note !== undefined && { note }) });
export const byKernel = (why: string, by: readonly Shown[] = []): Standing => ({ kind: 'kernel', why, by });
export const deviates = (why: string, by: readonly Shown[] = []): Standing => ({ kind: 'deviates', why, by });
export const notApplicable = (why: string): Standing => ({ kind: 'not applicable', why });

const words: Readonly<Record<Standing['kind'], string>> = { met: 'met', kernel: 'met by the kernel', deviates: '**deviates**', 'not applicable': 'does not apply' };

export const testsOf = (standing: Standing): readonly Shown[] => ('by' in standing ? (standing.by ?? []) : []);

const cell = (text: string): string => text.replaceAll('|', '\\|');
const evidence = (standing: Standing): string => {
  const said = 'why' in standing ? [standing.why] : standing.kind === 'met' && standing.note !== undefined ? [standing.note] : [];
  const here = standing.kind === 'met' && standing.here ? ['run by this table\'s own test'] : [];
  return [...said, ...here, ...testsOf(standing).map(([file, title]) => `\`${file}\`: ${title}`)].map(cell).join('<br>');
};

const row = ({ clause, level, what, standing }: Requirement): string => `| ${clause} | ${level} | ${cell(what)} | ${words[standing.kind]} | ${evidence(standing)} |`;

const count = (requirements: readonly Requirement[]): string => {
  const levels = [...new Set(requirements.map(({ level }) => level))];
  const kinds = Object.keys(words) as readonly Standing['kind'][];
  const lines = levels.map((level) => `| ${level} | ${kinds.map((kind) => requirements.filter((one) => one.level === level && one.standing.kind === kind).length).join(' | ')} |`);
  return ['| | met | met by the kernel | deviates | does not apply |', '|---|---|---|---|---|', ...lines].join('\n');
};

/** In Markdown. */
export const page = (documents: readonly Document[]): string =>
  [
    '# Conformance: VRRP version 3 (RFC 9568) and version 2 (RFC 3768)',
    '',
    'Made by `test/vrrp/conformance/conformance.test.ts`, which fails when a test that is named here does not exist, or when this page is not what',
    'the table says (`npx vitest run --config test/vitest.config.ts test/vrrp/conformance -u` writes it anew). RFC 9568 is read with its verified',
    'errata 7947, 7949 and 8298 to 8301. Master is what RFC 9568 calls Active Router.',
    ...documents.flatMap(({ title, requirements }) => ['', `## ${title}`, '', count(requirements), '', '| clause | level | requirement | | shown by, or why not |', '|---|---|---|---|---|', ...requirements.map(row)]),
    '',
  ].join('\n');
