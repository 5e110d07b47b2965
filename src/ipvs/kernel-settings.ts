/** The kernel's settings of IPVS beside its table: net.ipv4.vs.* and the timeouts of connections. */
import type { IpvsConfiguration } from '../config/model.js';
import type { Conditions } from '../control/conditions.js';
import { event, type Report } from '../control/event.js';
import { inWords } from '../control/in-words.js';
import { SettingsRecord } from '../supervisor/settings-record.js';
import type { IpvsClient } from './client.js';
import { Sysctls } from './sysctls.js';

export class KernelSettings {
  private sysctls: Sysctls | undefined;
  /** what was applied last, as text */
  private applied = '';

  constructor(
    private readonly report: Report,
    private readonly conditions: Conditions,
  ) {}

  /** The first time only. @param record path of the file that says what they were before; undefined = nothing is put back after a crash */
  open(record: string | undefined): void {
    this.sysctls ??= new Sysctls(undefined, record === undefined ? undefined : new SettingsRecord(record));
  }

  /** They were applied already: to look at them once more can wait for what has changed. */
  isApplied(ipvs: IpvsConfiguration): boolean {
    return this.applied === JSON.stringify(ipvs);
  }

  /** What is right already is left alone. @throws NetlinkError, IpvsMessageError */
  async apply(client: IpvsClient, ipvs: IpvsConfiguration): Promise<void> {
    this.applied = JSON.stringify(ipvs);
    try {
      for (const { key, before, after } of (await this.sysctls?.apply(ipvs.sysctls)) ?? []) {
        this.report(event('info', `net.ipv4.vs.${key}: ${before} -> ${after}`));
      }
      this.conditions.end('sysctls', () => event('info', 'the settings of net.ipv4.vs are as configured'));
    } catch (error) {
      this.conditions.begin('sysctls', () => event('error', inWords(error)));
    }
    const present = await client.getTimeouts();
    const { tcp, tcpFin, udp } = ipvs.timeouts;
    const differs = (wanted: number | undefined, is: number): boolean => wanted !== undefined && wanted !== is;
    if (!differs(tcp, present.tcp) && !differs(tcpFin, present.tcpFin) && !differs(udp, present.udp)) return;
    await client.setTimeouts(ipvs.timeouts);
    this.report(event('info', 'set the IPVS timeouts'));
  }

  /** net.ipv4.vs.* as it was. */
  async restore(): Promise<void> {
    await this.sysctls?.restore();
  }
}
