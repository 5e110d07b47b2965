/** One timer on an absolute deadline of the monotonic clock, late by tenths of a millisecond on an idle machine. */
import { monotonicNow } from './clock.js';
import { Microseconds, minus, toMilliseconds } from './microseconds.js';

export class DeadlineTimer {
  private deadline: Microseconds | undefined;
  private timer: NodeJS.Timeout | undefined;
  private immediate: NodeJS.Immediate | undefined;

  /** @param onDue called once for each deadline set, never before it */
  constructor(private readonly onDue: (deadline: Microseconds) => void) {}

  /** Replaces the deadline; undefined = none. */
  set(deadline: Microseconds | undefined): void {
    if (deadline === this.deadline) return;
    this.cancel();
    this.deadline = deadline;
    if (deadline !== undefined) this.wait(deadline);
  }

  /** By how much its deadline is over already, though it has not fired; 0 = it is not. */
  get late(): Microseconds {
    if (this.deadline === undefined) return Microseconds(0);
    return Microseconds(Math.max(0, minus(monotonicNow(), this.deadline)));
  }

  private cancel(): void {
    clearTimeout(this.timer);
    clearImmediate(this.immediate);
    this.timer = undefined;
    this.immediate = undefined;
  }

  /** Node's timers count whole milliseconds: the last one is waited for by turns of the loop, which keeps it open to packets. */
  private wait(deadline: Microseconds): void {
    const remaining = toMilliseconds(minus(deadline, monotonicNow()));
    if (remaining >= 1) this.timer = setTimeout(() => this.wait(deadline), Math.min(Math.floor(remaining), 0x7fffffff));
    else this.immediate = setImmediate(() => (monotonicNow() >= deadline ? this.fire(deadline) : this.wait(deadline)));
  }

  private fire(deadline: Microseconds): void {
    this.deadline = undefined;
    this.onDue(deadline);
  }
}
