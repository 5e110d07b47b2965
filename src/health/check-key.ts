/** The identity of a health check: equal keys are one check, made once whichever services ask. */
import { createHash } from 'node:crypto';
import type { HealthCheckConfiguration, NoHealthCheck } from '../config/model.js';
import { onceForEach } from '../config/once-for-each.js';

/** A check that sends probes. */
export type ActiveCheck = Exclude<HealthCheckConfiguration, NoHealthCheck>;

/** The same for checks that agree in every option (type, target, source, interval, ...); in no particular form. A CA bundle and a client certificate count by their SHA-256, to keep keys short and free of secrets. */
export const checkKey = onceForEach((check: ActiveCheck): string => {
  const options = Object.entries(check)
    .filter(([name, value]) => value !== undefined && name !== 'caPath') // the same bundle under another name
    .map(([name, value]) => [name, hashed.has(name) ? createHash('sha256').update(contentOf(value)).digest('hex') : value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(options);
});

const hashed = new Set(['ca', 'clientCertificate', 'requests']);

/** Without the names of the files that it was read from. */
const contentOf = (value: unknown): string =>
  typeof value === 'object' && value !== null && 'certificate' in value && 'key' in value ? JSON.stringify([value.certificate, value.key]) : typeof value === 'string' ? value : JSON.stringify(value);
