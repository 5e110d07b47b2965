/** One probe of any type. */
import type { Probe } from './attempt.js';
import { describeFailure } from './failure.js';

/** Never rejects, never outlives `check.timeout`, leaves nothing open. The first http or https check loads undici, which others do without. */
export const probe: Probe = async (check, stop) => {
  try {
    switch (check.type) {
      case 'tcp':
        return await (await import('./tcp.js')).probeTcp(check, stop);
      case 'tls':
        return await (await import('./tls.js')).probeTls(check, stop);
      case 'http':
      case 'https':
        return await (await import('./http.js')).probeHttp(check, stop);
    }
  } catch (error) {
    return { ok: false, reason: `the check cannot be made: ${describeFailure(error)}` };
  }
};
