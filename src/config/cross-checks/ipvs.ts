/** What must hold among the settings of `ipvs:`. */
import type { Context } from './context.js';

export const checkIpvs = ({ file, report, valueAt }: Context): void => {
  const { ipvs } = file;
  if (ipvs?.sync !== undefined && valueAt(['ipvs', 'backup_only']) === true) {
    report(['ipvs', 'backup_only'], {
      code: 'conflict',
      message: 'backup_only stops a director from scheduling while its sync daemon listens, and with ipvs.sync it always does',
      remedy: 'remove backup_only, or ipvs.sync',
    });
  }
  const [first, period] = String(ipvs?.sync_threshold ?? '').split(' ').map(Number);
  if (ipvs?.sync !== undefined && first === 0 && period !== undefined && period > 0) {
    report(['ipvs', 'sync_threshold'], {
      severity: 'warning',
      code: 'doubtful',
      message: `with ${ipvs.sync_threshold} a connection is first sent at its packet ${period}, and shorter ones never`,
      remedy: 'give "0 0", or a first number above 0 such as "3 50"',
    });
  }
};
