/** The identity of a health check: equal keys are one check, made once whichever services ask. */
import { createHash } from 'node:crypto';
import type { HealthCheckConfiguration, NoHealthCheck } from '../config/model.js';

/** A check that sends probes. */
export type ActiveCheck = Exclude<HealthCheckConfiguration, NoHealthCheck>;

/** The same for checks that agree in every option (type, target, source, interval, ...); in no particular form. A CA bundle counts by its SHA-256, to keep keys short. */
export function checkKey(check: ActiveCheck): string {
  const options = Object.entries(check)
    .filter(([name, value]) => value !== undefined && name !== 'caPath') // the same bundle under another name
    .map(([name, value]) => [name, name === 'ca' ? createHash('sha256').update(String(value)).digest('hex') : value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(options);
}
