/** When the addresses of a master are announced: a burst at once, a second one after `delay`, then one each every `refresh`. Pure. */
import type { GarpConfiguration } from '../config/model.js';
import { earliest, type Microseconds, plus } from '../time/microseconds.js';

export interface AnnouncementSchedule {
  readonly secondBurstAt: Microseconds | undefined;
  readonly refreshAt: Microseconds | undefined;
}

const after = (now: Microseconds, wait: Microseconds): Microseconds | undefined => (wait > 0 ? plus(now, wait) : undefined);

/** The schedule behind a burst that is sent now. */
export const scheduleAfterBurst = (garp: GarpConfiguration, now: Microseconds): AnnouncementSchedule => ({
  secondBurstAt: after(now, garp.delay),
  refreshAt: after(now, garp.refresh),
});

/** How often each address is to be announced now (0 = not yet), and the schedule from here. */
export const announcementsDue = (
  schedule: AnnouncementSchedule,
  garp: GarpConfiguration,
  now: Microseconds,
): { readonly repeat: number; readonly schedule: AnnouncementSchedule } => {
  if (schedule.secondBurstAt !== undefined && now >= schedule.secondBurstAt) {
    return { repeat: garp.repeat, schedule: { secondBurstAt: undefined, refreshAt: after(now, garp.refresh) } };
  }
  if (schedule.refreshAt !== undefined && now >= schedule.refreshAt) {
    return { repeat: 1, schedule: { ...schedule, refreshAt: after(now, garp.refresh) } };
  }
  return { repeat: 0, schedule };
};

export const nextAnnouncement = ({ secondBurstAt, refreshAt }: AnnouncementSchedule): Microseconds | undefined => earliest([secondBurstAt, refreshAt]);
