/** Commands that are run: `notify:` of instances, sync groups and real servers, those of `quorum:`. */
import { Milliseconds, Seconds } from '../../time/microseconds.js';
import { list, mapping, textual } from './kinds.js';
import { duration, someText } from './values.js';

const expected = 'a command as a list, its program with its whole path, such as [/etc/tandem/on-master.sh]';

/** Lines for each transition as keepalived writes them. */
export const notifyFifo = () =>
  textual('the whole path of a FIFO, such as /run/tandem/notify', (text, fail) => (/^\/[^\0]*[^/\0]$/.test(text) ? text : fail())).optional();

const command = () =>
  list(someText('a path or an argument'), expected)
    .min(1, { error: expected })
    .refine(([program = '']) => program.startsWith('/') && !program.includes('\0'), { error: expected });

const limits = () => ({
  timeout: duration({ from: Milliseconds(100), to: Seconds(3_600) })
    .prefault('30s')
    .describe('A command that runs longer is ended: SIGTERM to its process group, 2 s later SIGKILL'),
  user: textual('the name of a user', (text, fail) => (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}\$?$/.test(text) ? text : fail()))
    .prefault('root')
    .describe('User that the commands run as; as root only a program is run that nobody but root can change'),
});

export const notify = () =>
  mapping({
    master: command().optional().describe('Command that is run when it has become MASTER'),
    backup: command().optional().describe('Command that is run when it has become BACKUP'),
    fault: command().optional().describe('Command that is run when it is in FAULT'),
    stop: command().optional().describe('Command that is run at an orderly stop, and when a reload removes it; tandemd waits for it, 10 s at most'),
    any: command().optional().describe('Command that is run at every transition, after that of the state, with the arguments INSTANCE or GROUP, name, state, priority'),
    ...limits(),
  }).optional();

/** `notify:` of a service's real servers. */
export const notifyServers = () =>
  mapping({
    up: command().optional().describe("Command that is run when a real server's check found it up"),
    down: command().optional().describe('Command that is run when it is found down, when a reload removes it while it is up, and at a stop that removes the table'),
    ...limits(),
  }).optional();

/** Of `quorum:`. */
export const quorumCommands = () => ({
  on_up: command().optional().describe('Command that is run when the quorum is reached'),
  on_down: command().optional().describe('Command that is run when it is lost, when a reload removes the service while it is up, and at a stop that removes the table'),
  ...limits(),
});
