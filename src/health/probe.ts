/** One probe of any type. */
import { isShortage } from '../network/shortage.js';
import type { Probe } from './attempt.js';
import { describeFailure } from './failure.js';
import { kept } from './kept.js';
import type { RunScript } from './script.js';

const modules = {
  tcp: kept(() => import('./tcp.js')),
  tls: kept(() => import('./tls.js')),
  http: kept(() => import('./http.js')),
  udp: kept(() => import('./udp.js')),
  dns: kept(() => import('./dns.js')),
  smtp: kept(() => import('./smtp.js')),
  ping: kept(() => import('./ping.js')),
  script: kept(() => import('./script.js')),
  file: kept(() => import('./file.js')),
  agent: kept(() => import('./agent.js')),
} as const;

/** Never rejects, never outlives `check.timeout`, leaves nothing open. What a type needs is loaded by its first check: undici, dns-packet, raw-socket. */
export const probeWith =
  (runScript: RunScript): Probe =>
  async (check, stop) => {
    try {
      switch (check.type) {
        case 'tcp':
          return await (await modules.tcp()).probeTcp(check, stop);
        case 'tls':
          return await (await modules.tls()).probeTls(check, stop);
        case 'http':
        case 'https':
          return await (await modules.http()).probeHttp(check, stop);
        case 'udp':
          return await (await modules.udp()).probeUdp(check, stop);
        case 'dns':
          return await (await modules.dns()).probeDns(check, stop);
        case 'smtp':
          return await (await modules.smtp()).probeSmtp(check, stop);
        case 'ping':
          return await (await modules.ping()).probePing(check, stop);
        case 'script':
          return await (await modules.script()).probeScript(check, stop, runScript);
        case 'file':
          return await (await modules.file()).probeFile(check, stop);
        case 'agent':
          return await (await modules.agent()).probeAgent(check, stop);
      }
    } catch (error) {
      return { ok: false, reason: `the check cannot be made: ${describeFailure(error)}`, ...(isShortage(error) ? { isVoid: true } : {}) };
    }
  };

/** Where there is no supervisor to run scripts. */
export const probe: Probe = probeWith(() => Promise.resolve({ type: 'not_run', why: 'there is no supervisor' }));
