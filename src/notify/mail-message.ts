/** What of the happenings is told by e-mail, and the message: one for all that gathered. Pure. */
import type { EmailCause } from '../config/model.js';
import type { Happening } from './happening.js';

/** Lines of one message; the others are counted. */
const LINES_AT_MOST = 200;

export interface MailMessage {
  readonly subject: string;
  readonly text: string;
}

const causes = { INSTANCE: 'instances', GROUP: 'groups', REAL_SERVER: 'real_servers', VIRTUAL_SERVER: 'quorum', SPLIT_BRAIN: 'split_brain' } as const satisfies Record<Happening['kind'], EmailCause>;

/** A first verdict that is good, and what was removed from the file, is no news to anyone. */
export const isTold = ({ kind, from, to }: Happening, on: readonly EmailCause[]): boolean => on.includes(causes[kind]) && to !== 'REMOVED' && !(from === 'UNKNOWN' && to === 'UP');

/** One line, e.g. `web: BACKUP -> MASTER`. */
const headline = (happening: Happening): string => {
  const { kind, name, from, to } = happening;
  switch (kind) {
    case 'INSTANCE':
      return `${name}: ${from} -> ${to}`;
    case 'GROUP':
      return `sync group ${name}: ${from} -> ${to}`;
    case 'REAL_SERVER':
      return `real server ${name} of ${happening.virtualServer} is ${to}`;
    case 'VIRTUAL_SERVER':
      return `${name}: quorum ${to === 'UP' ? 'reached' : 'lost'}`;
    case 'SPLIT_BRAIN':
      return `split brain on ${name}${to === 'ENDED' ? ' has ended' : ''}`;
  }
};

const line = (happening: Happening): string => `${new Date(happening.time).toISOString()} ${headline(happening)}, ${happening.reason}${happening.kind === 'INSTANCE' ? ` (priority ${happening.priority})` : ''}`;

/**
 * @param happenings at least one, in order
 * @param dropped earlier ones that were not kept
 * @param now milliseconds since the epoch
 */
export const composeMail = (routerId: string, happenings: readonly Happening[], dropped: number, now: number): MailMessage => {
  const [first] = happenings;
  const last = happenings.at(-1);
  const more = happenings.length > 1 ? ` and ${happenings.length - 1} more` : '';
  const waited = first === undefined ? 0 : Math.round((now - first.time) / 1_000);
  const left = happenings.length - LINES_AT_MOST;
  const notes = [
    ...(left > 0 ? [`The first ${left} of ${happenings.length} events are left out here.`] : []),
    ...(dropped > 0 ? [`${dropped} earlier events are lost: the mail server could not be reached for too long.`] : []),
    ...(waited > 60 ? [`This message is late: the first of it happened ${waited} s before it was sent.`] : []),
  ];
  return {
    subject: `[${routerId}] ${last === undefined ? 'nothing' : headline(last)}${more}`,
    text: [...happenings.slice(-LINES_AT_MOST).map(line), ...(notes.length > 0 ? ['', ...notes] : []), '', `tandemd on ${routerId}`, ''].join('\n'),
  };
};
