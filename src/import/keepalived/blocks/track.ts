/** Blocks of what is tracked, alike in instances and sync groups, and the blocks that define it. */
import { readCommand } from '../command.js';
import type { ScriptDraft, TrackDraft, TracksDraft, TrackFileDraft, TrackProcessDraft } from '../drafts.js';
import type { Findings } from '../findings.js';
import type { BlockTable, Keyword } from '../keyword.js';
import type { Statement } from '../tree.js';
import { argument, integer, readInteger, seconds, userName, wordsOfStatement } from '../values.js';

/** `NAME [weight N [reverse|noreverse]]` */
const readTracked = (statement: Statement, largest: number, findings: Findings): TrackDraft => {
  const [, ...words] = wordsOfStatement(statement);
  let weight: number | undefined;
  let reverse: boolean | undefined;
  for (let index = 0; index < words.length; index++) {
    const [word, value] = [words[index], words[index + 1]];
    if (word === undefined) break;
    if (word.text === 'weight') {
      weight = value && readInteger(value, { from: -largest, to: largest }, findings);
      reverse ??= false;
      index++;
    } else if (word.text === 'reverse') reverse = true;
    else if (word.text === 'noreverse' || word.text === 'no_reverse') reverse = false;
    else findings.warn(word.place, { code: 'unknown_key', message: `${word.text} is none of weight, reverse, noreverse`, remedy: 'it is left out; write one name on a line' });
  }
  return { name: statement.keyword, place: statement.place, weight, reverse };
};

const block = <Draft extends { readonly track: TracksDraft }>(names: readonly [string, ...string[]], kind: keyof TracksDraft, largest: number): Keyword<Draft> => ({
  names,
  becomes: `track.${kind}`,
  read: ({ block: statements = [] }, draft, findings) => void draft.track[kind].push(...statements.map((each) => readTracked(each, largest, findings))),
});

export const trackKeywords = <Draft extends { readonly track: TracksDraft }>(): readonly Keyword<Draft>[] => [
  block(['track_interface'], 'interfaces', 253),
  block(['track_script'], 'scripts', 253),
  block(['track_file'], 'files', 254),
  block(['track_process'], 'processes', 254),
  { names: ['track_bfd'], reason: 'Tandem has no BFD', remedy: 'track a script that looks at a BFD daemon, or the route that depends on it (track.routes)' },
];

const readWeight = (statement: Statement, draft: { weight: number; reverse: boolean }, largest: number, findings: Findings): void => {
  const weight = integer(statement, { from: -largest, to: largest }, findings);
  if (weight === undefined) return;
  draft.weight = weight;
  draft.reverse = statement.args[1]?.text === 'reverse';
};

export const scriptTable: BlockTable<ScriptDraft> = {
  block: 'vrrp_script',
  keywords: [
    {
      names: ['script'],
      becomes: 'scripts[].command',
      read: (statement, draft, findings) => {
        const command = readCommand({ ...statement, args: statement.args.slice(0, 1) }, findings);
        if (command !== undefined) draft.command = command;
        const [, extra] = statement.args;
        if (extra !== undefined) findings.warn(extra.place, { code: 'doubtful', message: `${extra.text} stands behind the program, where keepalived does not look`, remedy: 'put program and arguments in one pair of quotes if it is meant, and import again' });
      },
    },
    { names: ['interval'], becomes: 'scripts[].interval', most: 1, read: (statement, draft, findings) => setSeconds(draft, 'interval', statement, findings) },
    { names: ['timeout'], becomes: 'scripts[].timeout', most: 1, read: (statement, draft, findings) => setSeconds(draft, 'timeout', statement, findings) },
    { names: ['weight'], becomes: 'weight in track.scripts of those who track it', most: 2, read: (statement, draft, findings) => readWeight(statement, draft, 253, findings) },
    { names: ['rise'], becomes: 'scripts[].rise', most: 1, read: (statement, draft, findings) => setCount(draft, 'rise', statement, findings) },
    { names: ['fall'], becomes: 'scripts[].fall', most: 1, read: (statement, draft, findings) => setCount(draft, 'fall', statement, findings) },
    {
      names: ['user'],
      becomes: 'scripts[].user',
      most: 2,
      read: (statement, draft, findings) => {
        const user = userName(statement, findings);
        if (user !== undefined) draft.user = user;
      },
    },
    { names: ['init_fail'], becomes: 'scripts[].init: down', read: (_, draft) => void (draft.initFail = true) },
  ],
};

const setSeconds = (draft: ScriptDraft, key: 'interval' | 'timeout', statement: Statement, findings: Findings): void => {
  const value = seconds(statement, { from: 0.001, to: 86_400 }, findings);
  if (value !== undefined) draft[key] = value;
};

const setCount = (draft: ScriptDraft, key: 'rise' | 'fall', statement: Statement, findings: Findings): void => {
  const value = integer(statement, { from: 1, to: 2_147_483_647 }, findings);
  if (value !== undefined) draft[key] = Math.min(value, 100);
};

export const trackFileTable: BlockTable<TrackFileDraft> = {
  block: 'track_file',
  keywords: [
    {
      names: ['file'],
      becomes: 'track.files[].path of those who track it',
      most: 1,
      read: (statement, draft, findings) => {
        const path = argument(statement, findings);
        if (path !== undefined) draft.path = path.text;
      },
    },
    { names: ['weight'], becomes: 'track.files[].weight', most: 2, read: (statement, draft, findings) => readWeight(statement, draft, 254, findings) },
    { names: ['init_file'], reason: 'Tandem does not make the file; one that is missing counts as 0', remedy: 'make it by systemd-tmpfiles, if it is to hold another number' },
  ],
};

const oneProcess = 'a program is tracked by its name, one of it must run';

export const trackProcessTable: BlockTable<TrackProcessDraft> = {
  block: 'vrrp_track_process',
  keywords: [
    {
      names: ['process'],
      becomes: 'track.processes[].name of those who track it',
      read: (statement, draft, findings) => {
        const program = argument(statement, findings);
        if (program === undefined) return;
        draft.program = program.text;
        const [, extra] = statement.args;
        if (extra !== undefined) findings.warn(extra.place, { code: 'not_supported', message: `the arguments of ${program.text} are not imported: ${oneProcess}`, remedy: 'track a script that runs pgrep -f, where the arguments matter' });
      },
    },
    { names: ['weight'], becomes: 'track.processes[].weight', most: 2, read: (statement, draft, findings) => readWeight(statement, draft, 254, findings) },
    { names: ['quorum', 'quorum_max', 'param_match', 'full_command'], reason: oneProcess, remedy: 'track a script that counts with pgrep -c, where it matters' },
    { names: ['delay', 'fork_delay', 'terminate_delay'], reason: 'processes are looked for every second', remedy: 'give track.processes[].interval, longer than a restart takes' },
  ],
};
