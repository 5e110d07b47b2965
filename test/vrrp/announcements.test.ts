/** When addresses are announced: the burst, the second one, the refresh. */
import { describe, expect, it } from 'vitest';
import { type Microseconds, Seconds } from '../../src/time/microseconds.js';
import { type AnnouncementSchedule, announcementsDue, nextAnnouncement, scheduleAfterBurst } from '../../src/vrrp/announcements.js';

const garp = { repeat: 5, delay: Seconds(5), refresh: Seconds(60) };

/** Every announcement after a burst at second 100, up to `until`: second -> repeat. Each timer fires `late` after it is due. */
const announcements = (configuration: typeof garp, until: number, late = 0): Record<number, number> => {
  const made: Record<number, number> = {};
  let schedule: AnnouncementSchedule = scheduleAfterBurst(configuration, Seconds(100));
  for (let due = nextAnnouncement(schedule); due !== undefined && due <= Seconds(until); due = nextAnnouncement(schedule)) {
    const now = (due + late) as Microseconds;
    const step = announcementsDue(schedule, configuration, now);
    made[now / Seconds(1)] = step.repeat;
    schedule = step.schedule;
  }
  return made;
};

describe('after a burst', () => {
  it('follow a second burst after the delay, and one announcement every refresh', () => {
    expect(announcements(garp, 300)).toEqual({ 105: 5, 165: 1, 225: 1, 285: 1 });
  });

  it('follows no second burst with a delay of 0', () => {
    expect(announcements({ ...garp, delay: Seconds(0) }, 300)).toEqual({ 160: 1, 220: 1, 280: 1 });
  });

  it('follows no refresh with a refresh of 0', () => {
    expect(announcements({ ...garp, refresh: Seconds(0) }, 1_000)).toEqual({ 105: 5 });
  });

  it('follows nothing with neither', () => {
    expect(announcements({ ...garp, delay: Seconds(0), refresh: Seconds(0) }, 1_000)).toEqual({});
  });

  it('come the refreshes that fall before a long delay, then the second burst', () => {
    expect(announcements({ ...garp, delay: Seconds(25), refresh: Seconds(10) }, 150)).toEqual({ 110: 1, 120: 1, 125: 5, 135: 1, 145: 1 });
  });

  it('come no more announcements than the time allows when every timer is late', () => {
    expect(announcements(garp, 300, Seconds(2))).toEqual({ 107: 5, 169: 1, 231: 1, 293: 1 });
  });
});

describe('before anything is due', () => {
  it('nothing is announced and the schedule stays', () => {
    const schedule = scheduleAfterBurst(garp, Seconds(100));
    expect(announcementsDue(schedule, garp, Seconds(104.999999))).toEqual({ repeat: 0, schedule });
  });
});
