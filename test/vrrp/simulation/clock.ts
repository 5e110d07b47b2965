/** A monotonic clock that drifts and jumps, in the simulation's time. */
import { type Microseconds, Microseconds as microseconds } from '../../../src/time/microseconds.js';

export class Clock {
  private from = 0;
  private shown: number;
  private rate: number;

  /** @param shown at the beginning @param drift millionths too fast */
  constructor(shown: number, drift: number) {
    this.shown = shown;
    this.rate = 1 + drift / 1e6;
  }

  /** What it shows. */
  at(time: number): Microseconds {
    return microseconds(this.shown + (time - this.from) * this.rate);
  }

  /** When it will show this. */
  when(shown: number): number {
    return this.from + (shown - this.shown) / this.rate;
  }

  drift(time: number, drift: number): void {
    this.shown = this.at(time);
    this.from = time;
    this.rate = 1 + drift / 1e6;
  }

  /** It stood still so long until now. */
  stoodStill(time: number, length: number): void {
    this.shown = this.at(time - length);
    this.from = time;
  }
}
