/** One probe of any type. */
import { isShortage } from '../network/shortage.js';
import type { Probe } from './attempt.js';
import { describeFailure } from './failure.js';
import type { RunScript } from './script.js';

/** Never rejects, never outlives `check.timeout`, leaves nothing open. What a type needs is loaded by its first check: undici, dns-packet, raw-socket. */
export const probeWith =
  (runScript: RunScript): Probe =>
  async (check, stop) => {
    try {
      switch (check.type) {
        case 'tcp':
          return await (await import('./tcp.js')).probeTcp(check, stop);
        case 'tls':
          return await (await import('./tls.js')).probeTls(check, stop);
        case 'http':
        case 'https':
          return await (await import('./http.js')).probeHttp(check, stop);
        case 'udp':
          return await (await import('./udp.js')).probeUdp(check, stop);
        case 'dns':
          return await (await import('./dns.js')).probeDns(check, stop);
        case 'smtp':
          return await (await import('./smtp.js')).probeSmtp(check, stop);
        case 'ping':
          return await (await import('./ping.js')).probePing(check, stop);
        case 'script':
          return await (await import('./script.js')).probeScript(check, stop, runScript);
        case 'file':
          return await (await import('./file.js')).probeFile(check, stop);
        case 'agent':
          return await (await import('./agent.js')).probeAgent(check, stop);
      }
    } catch (error) {
      return { ok: false, reason: `the check cannot be made: ${describeFailure(error)}`, ...(isShortage(error) ? { isVoid: true } : {}) };
    }
  };

/** Where there is no supervisor to run scripts. */
export const probe: Probe = probeWith(() => Promise.resolve({ type: 'not_run', why: 'there is no supervisor' }));
