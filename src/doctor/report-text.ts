/** The doctor's report, for people and as JSON. Pure. */
import { wrap } from '../control/table.js';
import type { Report } from './examine.js';
import type { Facts } from './facts.js';

const width = 110;
const labelled = (label: string, text: string): string => `  ${label.padEnd(8)}${wrap(text, width - 10).join(`\n${' '.repeat(10)}`)}`;
const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

export const formatReport = ({ findings, observations }: Report, { role, listened }: Pick<Facts, 'role' | 'listened'>): string => {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const looked = `looked at this host as a ${role === 'director' ? 'director' : 'real server'}${listened > 0 ? `, listened for ${(listened / 1_000).toFixed(1)} s` : ''}`;
  const result = findings.length === 0 ? 'nothing found' : `${plural(errors, 'error')}, ${plural(findings.length - errors, 'warning')}`;
  return [
    ...findings.flatMap(({ severity, code, subject, seen, why, remedy }) => [`${severity}: ${code}: ${subject}`, labelled('seen', seen), labelled('why', why), labelled('remedy', remedy), '']),
    ...observations,
    `${looked}: ${result}`,
  ].join('\n');
};

export const reportAsJson = ({ findings, observations }: Report, { role, listened, file }: Pick<Facts, 'role' | 'listened' | 'file'>): string =>
  JSON.stringify({ role, config: file?.path ?? null, listened_ms: listened, findings, observations }, null, 2);
