/** Commands of keepalived (`notify_master "/path arg" user`) as Tandem runs them: a list, and the user. */
import type { Findings } from './findings.js';
import type { Token } from './tokens.js';
import { argument, invalid, isUserName } from './values.js';
import type { Statement } from './tree.js';

export interface Command {
  /** the program's absolute path, and its arguments */
  readonly words: readonly string[];
  /** undefined: the default of script_user */
  readonly user: string | undefined;
}

/** A command that is there already stays, as with keepalived. */
export const isRepeated = ({ keyword, place }: Statement, before: Command | undefined, findings: Findings): boolean => {
  if (before !== undefined) findings.warn(place, { code: 'duplicate', message: `there is a ${keyword} already, and keepalived takes the first`, remedy: 'this one is left out; let one script do both if it is meant' });
  return before !== undefined;
};

/** The words of a command line: white space between them, except within single or double quotes. */
const split = (line: string): readonly string[] => {
  const words: string[] = [];
  for (const match of line.matchAll(/(?:'[^']*'|"[^"]*"|\\.|[^\s'"\\]|['"\\])+/gs)) {
    words.push(match[0].replaceAll(/'([^']*)'|"([^"]*)"|\\(.)/gs, (_, single?: string, double?: string, escaped?: string) => single ?? double ?? escaped ?? ''));
  }
  return words;
};

/** What only a shell understands; keepalived hands it to the program as an argument. */
const shellish = /^(\d?[<>]{1,2}.*|\|{1,2}|&{1,2}|.*;)$|[`]|\$\(/;

/** @param from which argument begins the command: what follows it is user and group */
export const readCommand = (statement: Statement, findings: Findings, from = 0): Command | undefined => {
  const token = argument(statement, findings, from);
  if (token === undefined) return undefined;
  const words = commandWords(token, statement, findings);
  if (words === undefined) return undefined;
  const [named, group] = statement.args.slice(from + 1);
  const user = named !== undefined && isUserName(named.text) ? named : undefined;
  if (named !== undefined && user === undefined) invalid(named, 'the name of a user', findings);
  if (group !== undefined && group.text !== user?.text) {
    findings.warn(group.place, { code: 'not_supported', message: `the group ${group.text} is not imported: commands run in the groups of their user`, remedy: `make ${group.text} a group of ${user?.text ?? 'the user'}, if it matters` });
  }
  return { words, user: user?.text };
};

const commandWords = (token: Token, { keyword }: Statement, findings: Findings): readonly string[] | undefined => {
  const line = token.text.trim();
  // an unquoted path may hold anything; in quotes there are arguments too
  const words = token.quoted ? split(line) : [line];
  const [program = ''] = words;
  if (program === '') {
    findings.warn(token.place, { code: 'invalid_value', message: `${keyword} names no program`, remedy: 'name one, and import again' });
    return undefined;
  }
  if (!/^[\w./~-]/.test(program)) {
    findings.warn(token.place, { code: 'doubtful', message: `${program.slice(0, 60)} is no program, and keepalived runs commands without a shell: this one always fails`, remedy: 'it is imported with /bin/sh -c, where it may succeed: look whether that is what you want' });
    return ['/bin/sh', '-c', line];
  }
  const odd = words.find((word) => shellish.test(word) && line.split(/\s+/).includes(word));
  if (odd !== undefined) {
    findings.warn(token.place, { code: 'doubtful', message: `${odd.slice(0, 60)} is handed to ${program} as an argument: keepalived runs commands without a shell, and so does Tandem`, remedy: 'nothing is to be done if it works today; where a shell is meant write [/bin/sh, -c, "..."]' });
  }
  if (program.startsWith('/')) return words;
  findings.warn(token.place, { code: 'doubtful', message: `${program} has no absolute path`, remedy: `it is imported with /usr/bin/env, which looks for it; write the whole path if you know it` });
  return ['/usr/bin/env', ...words];
};
