/** What must hold among scripts and those who track them. */
import type { Path } from '../document.js';
import { nearest } from '../nearest.js';
import { trackedRouteName } from './routing.js';
import { uniqueness, type Context, type ReadableFile } from './context.js';

type Vrrp = NonNullable<ReadableFile['vrrp']>;
type Instance = NonNullable<NonNullable<Vrrp['instances']>[number]>;
type Track = Instance['track'];

const kinds = [
  ['interfaces', 'interface'],
  ['scripts', 'script'],
  ['files', 'file'],
  ['processes', 'process'],
  ['routes', 'route'],
] as const;

const nameOf = (entry: object | undefined): string | undefined => {
  if (entry && 'destination' in entry) return trackedRouteName(entry);
  const name: unknown = entry && ('name' in entry ? entry.name : 'path' in entry ? entry.path : undefined);
  return typeof name === 'string' ? name : undefined;
};

/** An instance's own trackers, and how they go with its interface and priority. */
export const checkInstanceTracking = (context: Context, instance: Instance, path: Path): void => {
  instance.track?.interfaces?.forEach((entry, index) => {
    if (entry?.name === undefined || entry.name !== instance.interface) return;
    context.report([...path, 'track', 'interfaces', index], { severity: 'warning', code: 'doubtful', message: `${entry.name} is the instance's own interface: without it the instance is in FAULT anyway`, remedy: 'leave it out' });
  });
  if (instance.priority !== 255) return;
  for (const [list] of kinds) {
    const index = instance.track?.[list]?.findIndex((entry) => entry !== undefined && 'weight' in entry && entry.weight !== undefined) ?? -1;
    if (index !== -1) context.report([...path, 'track', list, index], { severity: 'warning', code: 'doubtful', message: 'a weight has no effect with priority 255: the owner of the addresses keeps it', remedy: 'give a priority below 255' });
  }
};

/** Scripts, and the references to them; a group's trackers are its members' too. */
export const checkTracking = (context: Context): void => {
  const { file, report } = context;
  const used = new Set<string | undefined>();
  const names = uniqueness(context, 'give every script a name of its own');
  file.scripts?.forEach((script, index) => {
    if (script?.name !== undefined) names(script.name, ['scripts', index, 'name'], `a script is named ${script.name} already`);
    const [program] = script?.command ?? [];
    if (program !== undefined && !program.startsWith('/')) report(['scripts', index, 'command', 0], { code: 'invalid_value', message: `${program} is no absolute path`, remedy: 'give the whole path of the program, such as /usr/bin/dig' });
  });

  const ofInstance = new Map<string | undefined, Set<string>>();
  const look = (track: Track, path: Path, known: readonly ReadonlySet<string>[]): Set<string> => {
    const unique = uniqueness(context, 'name it once');
    const all = new Set<string>();
    for (const [list, kind] of kinds) {
      track?.[list]?.forEach((entry, index) => {
        const name = nameOf(entry);
        if (name === undefined) return;
        const place = [...path, 'track', list, index];
        unique(`${kind} ${name}`, place, `the ${kind} ${name} is tracked already`);
        if (known.some((others) => others.has(`${kind} ${name}`))) report(place, { code: 'duplicate', message: `a member of the group tracks the ${kind} ${name} too`, remedy: 'track it in the group, or in its members' });
        all.add(`${kind} ${name}`);
        if (kind !== 'script') return;
        used.add(name);
        checkScriptReference(context, name, place);
      });
    }
    return all;
  };
  file.vrrp?.instances?.forEach((instance, index) => ofInstance.set(instance?.name, look(instance?.track, ['vrrp', 'instances', index], [])));
  file.vrrp?.sync_groups?.forEach((group, index) => {
    look(group?.track, ['vrrp', 'sync_groups', index], (group?.instances ?? []).flatMap((name) => ofInstance.get(name) ?? []));
  });

  file.scripts?.forEach((script, index) => {
    if (script?.name !== undefined && !used.has(script.name)) report(['scripts', index, 'name'], { severity: 'warning', code: 'doubtful', message: `nobody tracks the script ${script.name}: it is not run`, remedy: 'name it in track.scripts of an instance or a sync group' });
  });
};

const checkScriptReference = ({ file, report }: Context, name: string, path: Path): void => {
  const names = file.scripts?.map((script) => script?.name);
  if (names === undefined || names.includes(name) || names.includes(undefined)) return;
  const known = names.filter((each) => each !== undefined);
  const suggestion = nearest(name, known);
  report(path, {
    code: 'unknown_reference',
    message: `no script is named ${name}`,
    remedy: `${suggestion === undefined ? '' : `did you mean ${suggestion}? `}${known.length === 0 ? 'there are no scripts: add one to scripts' : `scripts: ${known.join(', ')}`}`,
  });
};
