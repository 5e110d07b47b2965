/** The engine's timer: a deadline that is over by far first lets the sockets be read, since what is queued there may decide otherwise. */
import { monotonicNow } from '../time/clock.js';
import { DeadlineTimer } from '../time/deadline-timer.js';
import { type Microseconds, Milliseconds, minus } from '../time/microseconds.js';

/** later than this, and the sockets are read first */
const lateness = Milliseconds(2);
/** rounds of the loop to wait for a socket to run dry */
const drainRounds = 1_000;

export interface PatientTimerEvents<Noticed> {
  /** A deadline is over by far, and nothing has been heard since. @returns what `onDry` is to know of this moment */
  readonly onLate: () => Noticed;
  /** What was queued has been heard; `onDue` follows. `late` is from the deadline to `onLate`. */
  readonly onDry: (late: Microseconds, noticed: Noticed) => void;
  readonly onDue: () => void;
}

export class PatientTimer<Noticed> {
  private readonly timer = new DeadlineTimer((deadline) => this.due(deadline));
  private packets = 0;
  private isDraining = false;

  constructor(private readonly events: PatientTimerEvents<Noticed>) {}

  /** Sockets are read before a late deadline: no other is to be set until `onDue`. */
  get draining(): boolean {
    return this.isDraining;
  }

  /** Replaces the deadline; undefined = none. */
  set(deadline: Microseconds | undefined): void {
    this.timer.set(deadline);
  }

  packetArrived(): void {
    this.packets++;
  }

  /** To be called before an input is dealt with: after a pause it may come before the late timer, and what it changes would hide how late that was. */
  noticeStall(): void {
    const { late } = this.timer;
    if (!this.isDraining && late > lateness) this.begin(late);
  }

  private due(deadline: Microseconds): void {
    if (this.isDraining) return;
    const late = minus(monotonicNow(), deadline);
    if (late > lateness) this.begin(late);
    else this.events.onDue();
  }

  private begin(late: Microseconds): void {
    this.isDraining = true;
    this.drain(late, 0, this.packets, this.events.onLate());
  }

  private drain(late: Microseconds, round: number, packetsBefore: number, noticed: Noticed): void {
    setImmediate(() => {
      // the first round only begins the poll phase; a round without a packet says that none is left
      if (round < drainRounds && (round === 0 || this.packets !== packetsBefore)) {
        this.drain(late, round + 1, this.packets, noticed);
        return;
      }
      this.isDraining = false;
      this.events.onDry(late, noticed);
      this.events.onDue();
    });
  }
}
