/** `track` of instances and groups, and the `scripts` section. */
import { nearest } from '../../../config/nearest.js';
import { Microseconds, Milliseconds, Seconds } from '../../../time/microseconds.js';
import type { ScriptDraft, TrackDraft, TracksDraft } from '../drafts.js';
import { inline, list, mapping, type Output, type OutputItem, type OutputMapping, unlessEmpty } from '../output.js';
import { nameOf } from '../values.js';
import { commandOutput, defaultUser, doubt, durationOutput, interfaceName, isInterfaceName, type BuildContext } from './context.js';

interface Tracker {
  /** what the instance's sync group tracks */
  readonly group: TracksDraft | undefined;
  /** weights of interfaces, scripts and files do not count, as keepalived has it in a member of a sync group */
  readonly ignoresWeights: boolean;
  /** which counts without being tracked */
  readonly ownInterface?: string;
}

interface Weight {
  readonly weight: number;
  readonly reverse: boolean;
}

/** Weight and direction in force: its own, or those of what is tracked. */
const weightOf = ({ weight, reverse }: TrackDraft, inherited: Weight): Weight => ({ weight: weight ?? inherited.weight, reverse: reverse ?? inherited.reverse });

/** A name alone where nothing else is to say. */
const tracked = (name: string, { weight, reverse }: Weight, more: Readonly<Record<string, Output | undefined>> = {}): Output => {
  const entry = inline({ name, weight: weight === 0 ? undefined : weight, reverse: reverse ? true : undefined, ...more });
  return entry.entries.length === 1 ? name : entry;
};

export const trackOutput = (context: BuildContext, tracks: TracksDraft, tracker: Tracker): OutputMapping | undefined => {
  const { file } = context;
  const find = <Item extends { readonly name: string }>(items: readonly Item[], draft: TrackDraft, kind: string): Item | undefined => {
    const found = items.find(({ name }) => name === draft.name);
    if (found !== undefined) return found;
    const suggestion = nearest(draft.name, items.map(({ name }) => name));
    context.findings.warn(draft.place, { code: 'unknown_reference', message: `there is no ${kind} ${draft.name}`, remedy: `${suggestion === undefined ? '' : `did you mean ${suggestion}? `}it is left out, as keepalived leaves it out` });
    return undefined;
  };
  const items = (kind: keyof TracksDraft, what: string, read: (draft: TrackDraft) => Output | undefined, keyOf = (name: string): string => name) => {
    const seen = new Set<string>();
    return unlessEmpty(
      list(
        tracks[kind].flatMap((draft): OutputItem[] => {
          const key = keyOf(draft.name);
          const twice = seen.has(key);
          seen.add(key);
          if (twice || tracker.group?.[kind].some(({ name }) => keyOf(name) === key) === true) {
            doubt(context, draft.place, twice ? `${what} ${draft.name} is tracked already` : `the group tracks ${what} ${draft.name} too`, 'it is left out here');
            return [];
          }
          const value = read(draft);
          return value === undefined ? [] : [{ value, place: draft.place }];
        }),
      ),
    );
  };
  const interfaces = items('interfaces', 'the interface', (draft) => {
    const own = weightOf(draft, { weight: 0, reverse: false });
    const isVoid = tracker.ignoresWeights && own.weight !== 0;
    if (isVoid) doubt(context, draft.place, `the weight of ${draft.name} has no effect: in a member of a sync group keepalived takes 0`, 'it is imported without: a failure is FAULT; track it in the group if the weight is meant');
    const name = interfaceName(context, draft.name, draft.place);
    const delay = file.delays.get(draft.name);
    if (name === tracker.ownInterface) return undefined;
    if (!isInterfaceName(name)) {
      doubt(context, draft.place, `${name.slice(0, 60)} is no name of an interface`, 'it is left out');
      return undefined;
    }
    return tracked(name, isVoid ? { weight: 0, reverse: false } : own, delay === undefined ? {} : { up_delay: durationOutput(delay.up), down_delay: durationOutput(delay.down) });
  }, (name) => name.split(':', 1)[0] ?? name);
  const scripts = items('scripts', 'the script', (draft) => {
    const script = find(file.scripts, draft, 'vrrp_script');
    if (script === undefined || script.command === undefined) return undefined;
    const weight = weightOf(draft, script);
    if (!tracker.ignoresWeights || weight.weight === 0) return tracked(nameOf(script.name), weight);
    doubt(context, draft.place, `the script ${draft.name} has a weight, and keepalived passes over such a one in a member of a sync group`, 'it is left out; track it in the group if it is meant');
    return undefined;
  });
  const files = items('files', 'the file', (draft) => {
    const found = find(file.trackFiles, draft, 'track_file');
    if (found?.path === undefined) return undefined;
    const { weight, reverse } = weightOf(draft, found);
    const none = tracker.ignoresWeights || weight === 0;
    if (none) doubt(context, draft.place, `the file ${draft.name} has weight 0: a number other than 0 is FAULT`, 'it is imported with weight -254, which makes 1 and more FAULT; negative numbers are not');
    return inline({ path: found.path, weight: none ? -254 : weight === 1 ? undefined : weight, reverse: reverse && !none ? true : undefined });
  });
  const processes = items('processes', 'the process', (draft) => {
    const found = find(file.trackProcesses, draft, 'vrrp_track_process');
    if (found?.program === undefined) return undefined;
    return tracked(found.program.split('/').at(-1) ?? found.program, weightOf(draft, found));
  });
  return unlessEmpty(mapping({ interfaces, scripts, files, processes }));
};

/** Tandem runs nothing more often. */
const shortest = Milliseconds(100);

const bounded = (context: BuildContext, { place }: ScriptDraft, what: string, value: Microseconds | undefined): Microseconds | undefined => {
  if (value === undefined || value >= shortest) return value;
  doubt(context, place, `${what} is shorter than 100ms`, 'it is imported as 100ms, the shortest there is');
  return shortest;
};

export const scriptsOutput = (context: BuildContext): OutputItem[] =>
  context.file.scripts.flatMap((draft): OutputItem[] => {
    if (draft.command === undefined) {
      doubt(context, draft.place, `the script ${draft.name} has no command`, 'it is left out, and so is whoever tracks it');
      return [];
    }
    const own = draft.user ?? draft.command.user;
    const interval = bounded(context, draft, 'the interval', draft.interval);
    const value = mapping({
      name: nameOf(draft.name),
      command: commandOutput(draft.command),
      interval: interval === undefined || interval === Seconds(1) ? undefined : durationOutput(interval),
      timeout: durationOutput(bounded(context, draft, 'the timeout', draft.timeout)),
      rise: draft.rise === 1 ? undefined : draft.rise,
      fall: draft.fall === 1 ? undefined : draft.fall,
      user: own ?? { value: defaultUser(context), comment: "keepalived's default here; Tandem's is nobody" },
      init: draft.initFail === true ? 'down' : undefined,
    });
    return [{ value, place: draft.place }];
  });
