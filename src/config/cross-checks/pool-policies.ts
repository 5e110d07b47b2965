/** What must hold of slow start, flap damping and the panic threshold. */
import type { Path } from '../document.js';
import type { Scheduler } from '../model.js';
import type { Context, ReadableFile } from './context.js';

type Service = NonNullable<NonNullable<ReadableFile['virtual_servers']>[number]>;

/** What they do with weights instead of sharing by them. */
const otherUses: Partial<Record<Scheduler, string>> = {
  rr: 'takes no notice of weights',
  lc: 'takes no notice of weights',
  dh: 'takes no notice of weights',
  fo: 'gives everything to the server with the highest weight',
  ovf: 'takes weights for numbers of connections',
};
/** Below this a ramp has few steps. */
const enoughWeight = 10;

export const checkPoolPolicies = (context: Context, service: Service, path: Path): void => {
  checkSlowStart(context, service, path);
  const servers = service.real_servers;
  if (service.panic !== undefined && servers !== undefined && servers.length === 1) {
    context.report([...path, 'panic'], { severity: 'warning', code: 'doubtful', message: 'the panic threshold keeps the only real server in the table whenever it fails', remedy: 'remove panic, or add real_servers', at: 'key' });
  }
};

const checkSlowStart = ({ report }: Context, { scheduler, slow_start: ofService, real_servers: servers = [] }: Service, path: Path): void => {
  const first = servers.findIndex((server) => server?.slow_start !== undefined);
  const place = ofService !== undefined ? [...path, 'slow_start'] : first >= 0 ? [...path, 'real_servers', first, 'slow_start'] : undefined;
  if (place === undefined) return;
  const other = scheduler === undefined ? undefined : otherUses[scheduler];
  if (other !== undefined) {
    report(place, { severity: 'warning', code: 'doubtful', message: `slow_start has no effect: the scheduler ${scheduler ?? ''} ${other}`, remedy: 'give scheduler: wlc or wrr', at: 'key' });
    return;
  }
  const light = servers.find((server) => server?.weight !== undefined && server.weight > 0 && server.weight < enoughWeight && (server.slow_start ?? ofService) !== undefined);
  if (light?.weight === undefined) return;
  const message = light.weight === 1 ? 'slow_start has no effect on a weight of 1: the kernel knows whole weights only' : `slow_start has ${light.weight} steps at most with a weight of ${light.weight}`;
  report(place, { severity: 'warning', code: 'doubtful', message, remedy: 'give all servers of the service larger weights, e.g. 100 times as much, and quorum.weight too', at: 'key' });
};
