/** The `ipvs:` section of the result. */
import { formatDuration } from '../../../config/duration.js';
import { Seconds } from '../../../time/microseconds.js';
import { inline, mapping, type Output, type OutputMapping } from '../output.js';
import { nameOf } from '../values.js';
import { doubt, interfaceName, type BuildContext } from './context.js';
import type { BuiltInstance } from './instance.js';

const syncOutput = (context: BuildContext, instances: readonly BuiltInstance[]): Output | undefined => {
  const { global, instances: drafts } = context.file;
  const own = drafts.find(({ syncInterface }) => syncInterface !== undefined);
  const wanted = global.sync ?? (own?.syncInterface && { interface: own.syncInterface.name, instance: own.name, id: undefined, place: own.syncInterface.place });
  if (wanted === undefined) return undefined;
  const [first] = instances;
  const named = instances.find(({ name }) => wanted.instance !== undefined && name === nameOf(wanted.instance));
  const instance = named ?? first;
  if (instance === undefined) {
    context.findings.warn(wanted.place, { code: 'not_supported', message: 'connection sync is not imported: it follows an instance, and there is none', remedy: 'add an instance, and ipvs.sync' });
    return undefined;
  }
  if (named === undefined) {
    const message = wanted.instance === undefined ? 'lvs_sync_daemon names no instance' : `there is no instance ${wanted.instance}`;
    doubt(context, wanted.place, `${message}: status says by an instance which director is the one that sends`, `it is imported with ${instance.name}; both send and listen all the time anyway`);
  }
  const id = wanted.id ?? (wanted.instance === undefined ? 0 : instance.virtualRouterId);
  return inline({ instance: instance.name, interface: interfaceName(context, wanted.interface, wanted.place), id });
};

/** Tandem's defaults differ from the kernel's, which keepalived leaves alone. `host`: what this host has in force is kept. */
const settings = [
  { name: 'expire_nodest_conn', kernel: '0', ours: '1' },
  { name: 'expire_quiescent_template', kernel: '0', ours: '1' },
  { name: 'sync_threshold', kernel: '3 50', ours: '0 0' },
  { name: 'sync_refresh_period', kernel: '0', ours: '2' },
] as const;

const settingOutput = (name: string, value: string): Output => {
  if (name === 'sync_threshold') return value;
  if (name === 'sync_refresh_period') return formatDuration(Seconds(Number(value)));
  return value !== '0';
};

const settingsOutput = ({ surroundings }: BuildContext): Readonly<Record<string, Parameters<typeof mapping>[0][string]>> =>
  Object.fromEntries(
    settings.flatMap(({ name, kernel, ours }) => {
      const here = surroundings.ipvsSetting(name)?.trim().replaceAll(/\s+/g, ' ');
      const isNumeric = here !== undefined && (name === 'sync_threshold' ? /^\d{1,9} \d{1,9}$/.test(here) : /^\d{1,6}$/.test(here));
      const value = isNumeric ? here : kernel;
      if (value === ours) return [];
      const was = isNumeric && value !== kernel ? 'as this host has it' : "the kernel's default, which keepalived leaves";
      return [[name, { value: settingOutput(name, value), comment: `${was}; Tandem's is ${String(settingOutput(name, ours))}` }]];
    }),
  );

export const ipvsOutput = (context: BuildContext, instances: readonly BuiltInstance[]): OutputMapping => {
  const { services, global } = context.file;
  const { tcp, tcpFin, udp, place } = global.timeouts;
  const duration = (seconds: number | undefined): string | undefined => (seconds === undefined ? undefined : formatDuration(Seconds(seconds)));
  const timeouts = inline({ tcp: duration(tcp), tcp_fin: duration(tcpFin), udp: duration(udp) });
  return mapping({
    sync: syncOutput(context, instances),
    timeouts: { value: timeouts.entries.length === 0 ? undefined : timeouts, place },
    on_stop: services.length === 0 ? undefined : { value: 'remove', comment: 'as keepalived; keep would leave the services in the kernel, so that a restart drops no connection' },
    ...(services.length === 0 ? {} : settingsOutput(context)),
  });
};
