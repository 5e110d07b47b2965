/** Probes of a virtual address on one real server: made from this host's own address, by the mark that leads there, and with what may be wrong when nothing answers. */
import type { Probe } from './attempt.js';
import type { ActiveCheck } from './check-key.js';
import type { Surroundings } from './probe-surroundings.js';
import type { ProbeResult } from './state.js';
import { describeEndpoint, describePath } from './wording.js';
import type { ProbePath } from '../config/model.js';

/** @param probe makes those that go straight to their address, too */
export const probeThroughServers =
  (probe: Probe, surroundings: Surroundings): Probe =>
  async (check, stop) => {
    const { through } = check;
    if (through === undefined) return probe(check, stop);
    const what = `${describeEndpoint(check)} through ${describePath(through)}`;
    const source = check.source ?? (await surroundings.sourceTowards(through.server));
    if (source === undefined) return { ok: false, reason: `${what}: this host has no route to ${through.server}, or no address of its own there` };
    const dropping = surroundings.droppedBy(check.address, source, through.server);
    if (dropping !== undefined) return instead(await probe({ ...check, address: through.server, mark: undefined, through: undefined }, stop), check, dropping);
    const result = await probe({ ...check, source }, stop);
    return result.ok ? result : { ...result, reason: `${what}: ${result.reason}${hint(check, through, result.reason)}` };
  };

/** To call every server dead at a takeover would be worse than to ask them at their own addresses. */
const instead = (result: ProbeResult, check: ActiveCheck, dropping: string): ProbeResult => {
  const why = `${describeEndpoint(check)} is not asked for: this host holds the address and drops the answers, since ${dropping}`;
  return result.ok ? { ...result, warning: [result.warning, `${why}; the real server is asked at its own address`].filter((part) => part !== undefined).join('; ') } : { ...result, reason: `${result.reason} (at the real server's own address: ${why})` };
};

const receivers = { ipip: 'tunl0', gre: 'gre0', gue: 'tunl0' } as const;

/** Of TCP that no connection came about, of UDP that nothing came back. */
const isSilence = (check: ActiveCheck, reason: string): boolean => /^no answer within .*\(connecting/.test(reason) || (/^no answer within/.test(reason) && (check.type === 'udp' || check.type === 'dns'));

const hint = (check: ActiveCheck, { forwarding, tunnel }: ProbePath, reason: string): string => {
  if (isSilence(check, reason)) return forwarding === 'dr' ? '; is the address on its lo?' : `; is the address on its lo or ${receivers[tunnel?.type ?? 'ipip']}, and its tunnel up?`;
  return reason === 'connection refused' || reason.startsWith('port unreachable') ? '; the server is there, but nothing listens on that address' : '';
};
