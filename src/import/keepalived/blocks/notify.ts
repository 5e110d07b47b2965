/** Keywords of commands: at transitions, alike in instances and sync groups, and of quorums and real servers. */
import { isRepeated, readCommand } from '../command.js';
import type { ChangeDraft, NotifyDraft } from '../drafts.js';
import type { Findings } from '../findings.js';
import type { Keyword } from '../keyword.js';
import type { Statement } from '../tree.js';
import { flag } from '../values.js';

type State = 'master' | 'backup' | 'fault' | 'stop' | 'any';

const keyword = <Draft extends { readonly notify: NotifyDraft }>(name: string, state: State): Keyword<Draft> => ({
  names: [name],
  becomes: `notify.${state}`,
  most: 3,
  read: (statement, { notify }, findings) => {
    const found = isRepeated(statement, notify[state], findings) ? undefined : readCommand(statement, findings);
    if (found === undefined) return;
    notify[state] = found;
    notify.place ??= statement.place;
  },
});

/** Commands of a quorum or a real server. */
export const readChange = (statement: Statement, commands: ChangeDraft, way: 'up' | 'down', findings: Findings): void => {
  const found = isRepeated(statement, commands[way], findings) ? undefined : readCommand(statement, findings);
  if (found !== undefined) commands[way] = found;
};

export const notifyKeywords = <Draft extends { readonly notify: NotifyDraft; alert?: boolean }>(): readonly Keyword<Draft>[] => [
  keyword('notify_master', 'master'),
  keyword('notify_backup', 'backup'),
  keyword('notify_fault', 'fault'),
  keyword('notify_stop', 'stop'),
  keyword('notify', 'any'),
  { names: ['notify_deleted'], reason: 'an instance that a reload removes runs notify.stop', remedy: 'nothing is to be done, or do it in notify.stop' },
  { names: ['notify_master_rx_lower_pri'], reason: 'no command is run when a master hears one of lower priority', remedy: 'read `tandem events --follow`, which tells of split brain' },
  { names: ['notify_priority_changes'], reason: 'the FIFO tells of transitions only', remedy: 'read `tandem events --follow`' },
  {
    names: ['smtp_alert'],
    becomes: 'notify.email (on)',
    most: 1,
    read: (statement, draft, findings) => {
      const on = flag(statement, findings);
      if (on !== undefined) draft.alert = on;
    },
  },
];
