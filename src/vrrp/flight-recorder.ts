/** Takes recordings when they are due and hands them out, one at a time, beside the election's own work. */
import { monotonicNow } from '../time/clock.js';
import type { Microseconds } from '../time/microseconds.js';
import { pauseBefore, Recorder } from './recorder.js';
import { encodeRecording, type Recording } from './recording.js';
import type { RouterEvent, RouterState, RouterStep } from './router.js';

export interface FlightRecorderEvents {
  /** `text` is the whole recording; `time` in milliseconds since the epoch */
  readonly onRecording: (recording: { readonly unit: string; readonly cause: string; readonly time: number; readonly text: string }) => void;
}

export class FlightRecorder {
  private readonly recorder = new Recorder();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly events: FlightRecorderEvents) {}

  record(before: RouterState, event: RouterEvent, step: RouterStep, now: Microseconds): void {
    if (this.recorder.record(before, event, step, now)) this.arm();
  }

  /** Hands out what is wanted still. */
  close(): void {
    clearTimeout(this.timer);
    for (;;) {
      const recording = this.recorder.take(monotonicNow(), Date.now(), true);
      if (recording === undefined) return;
      this.handOut(recording);
    }
  }

  private arm(): void {
    clearTimeout(this.timer);
    const { due } = this.recorder;
    if (due !== undefined) this.timer = setTimeout(() => this.next(), pauseBefore(due, monotonicNow()));
  }

  private next(): void {
    const recording = this.recorder.take(monotonicNow(), Date.now());
    if (recording !== undefined) this.handOut(recording);
    this.arm();
  }

  private handOut(recording: Recording): void {
    const { unit, cause, clock } = recording;
    this.events.onRecording({ unit, cause, time: clock.wall, text: encodeRecording(recording) });
  }
}
