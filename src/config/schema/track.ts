/** What instances and sync groups track, and the `scripts:` section. */
import { Milliseconds, Seconds } from '../../time/microseconds.js';
import { trackedRoute } from './routing.js';
import { integer, list, mapping, textual, union } from './kinds.js';
import { duration, flag, interfaceName, named, oneOf, someText, wholeNumber } from './values.js';

/** keepalived's range: an effective priority is 1..254. */
const largestWeight = 253;

const weightWithin = (limit: number, hint: string) => {
  const error = `a whole number from -${limit} to ${limit}, not 0${hint}`;
  return integer({ error, from: -limit, to: limit, isAllowed: (weight) => weight !== 0 });
};
const weight = () =>
  weightWithin(largestWeight, '; without weight a failure is FAULT')
    .optional()
    .describe('Above 0: added while all is well; below 0: added while it fails; left out: a failure is FAULT');

const reverse = () => flag().prefault(false).describe('true: what is added is negated; without weight it is FAULT when all is well');

const interval = () => duration({ from: Milliseconds(100), to: Seconds(86_400) });
const delay = () => duration({ to: Seconds(3_600) });
const absolutePath = (expected: string) => textual(expected, (text, fail) => (/^\/[^\0]*$/.test(text) ? text : fail()));

const trackedInterface = union(
  [
    interfaceName().transform((name) => ({ name, weight: undefined, reverse: false, up_delay: Milliseconds(0), down_delay: Milliseconds(0) })),
    mapping({
      name: interfaceName().describe('Interface whose carrier and administrative state are tracked'),
      weight: weight(),
      reverse: reverse(),
      up_delay: delay().prefault('0s').describe('So long up without a break before it counts as up'),
      down_delay: delay().prefault('0s').describe('So long down without a break before it counts as down'),
    }),
  ],
  { error: 'the name of an interface, or a mapping such as { name: eth1, weight: -20 }' },
);

const trackedScript = union(
  [named().transform((name) => ({ name, weight: undefined, reverse: false })), mapping({ name: named().describe('Name of a script of the scripts section'), weight: weight(), reverse: reverse() })],
  { error: 'the name of a script, or a mapping such as { name: resolver, weight: -30 }' },
);

const trackedFile = mapping({
  path: absolutePath('an absolute path such as /run/tandem-priority').describe('File that holds a whole number; one that is missing counts as 0'),
  weight: weightWithin(254, '').prefault(1).describe('The number is multiplied by this and added; -254 and less is FAULT'),
  reverse: flag().prefault(false).describe('true: what is added is negated'),
  interval: interval().prefault('1s').describe('Time between looks'),
});

/** TASK_COMM_LEN is 16 with the final zero, but longer names are told apart by the command line. */
const processName = () => textual('the name of a program without a path, such as named', (text, fail) => (text !== '' && !/[/\0\n]/.test(text) ? text : fail()));

const trackedProcess = union(
  [
    processName().transform((name) => ({ name, weight: undefined, reverse: false, interval: Seconds(1) })),
    mapping({
      name: processName().describe('Name of the program, as `ps -e` shows it'),
      weight: weight(),
      reverse: reverse(),
      interval: interval().prefault('1s').describe('Time between looks through /proc'),
    }),
  ],
  { error: 'the name of a program, or a mapping such as { name: named, weight: -20 }' },
);

export const track = () =>
  mapping({
    interfaces: list(trackedInterface, 'a list of interfaces').prefault([]).describe('Other interfaces; its own every instance tracks anyway'),
    scripts: list(trackedScript, 'a list of names of scripts').prefault([]).describe('Scripts of the scripts section'),
    files: list(trackedFile, 'a list of mappings such as { path: /run/tandem-priority }').prefault([]).describe('Files that hold a whole number'),
    processes: list(trackedProcess, 'a list of names of programs').prefault([]).describe('Programs that must run'),
    routes: list(trackedRoute, 'a list of networks such as [default, 10.0.0.0/8]').prefault([]).describe('Routes that must be in the kernel, whoever makes them'),
  }).prefault({});

export const script = mapping({
  name: named().describe('Name of the script, for track.scripts'),
  command: list(someText('a text'), 'a list: the absolute path of a program, then its arguments')
    .min(1, { error: 'at least the absolute path of a program' })
    .describe('Absolute path of the program, and its arguments; no shell is involved. Exit status 0 is success'),
  interval: interval().prefault('1s').describe('Time between the starts of two runs; a run that takes longer delays the next'),
  timeout: interval().optional().describe('A run that takes longer is ended and has failed; the interval by default'),
  rise: wholeNumber(1, 100).prefault(1).describe('Successes before up'),
  fall: wholeNumber(1, 100).prefault(1).describe('Failures before down'),
  user: someText('the name of a user').prefault('nobody').describe('User that it runs as'),
  init: oneOf(['wait', 'up', 'down']).prefault('wait').describe('Until the first result instances wait for it, or take it for up or down'),
});
