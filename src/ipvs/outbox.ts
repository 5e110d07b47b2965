/** What the lvs child tells its supervisor: the events, and the verdicts, of one turn of the event loop go together, since each message costs both processes several system calls. */
import type { FromLvs, HealthChange, LogEvent } from '../supervisor/messages.js';

export class Outbox {
  private events: LogEvent[] = [];
  private changes: HealthChange[] = [];
  private flushing: NodeJS.Immediate | undefined;

  constructor(private readonly give: (message: FromLvs) => boolean) {}

  report(event: LogEvent): void {
    this.events.push(event);
    this.soon();
  }

  health(changes: readonly HealthChange[], complete: boolean): void {
    if (complete) {
      // it says all that is waiting, too
      this.changes = [];
      this.send({ type: 'health', changes, complete });
    } else {
      this.changes.push(...changes);
      this.soon();
    }
  }

  /** At once, after all that came before. @returns false when it was dropped */
  send(message: FromLvs): boolean {
    this.flush();
    return this.give(message);
  }

  private soon(): void {
    this.flushing ??= setImmediate(() => this.flush());
  }

  flush(): void {
    clearImmediate(this.flushing);
    this.flushing = undefined;
    const { events, changes } = this;
    this.events = [];
    this.changes = [];
    if (events.length > 0) this.give({ type: 'events', events });
    if (changes.length > 0) this.give({ type: 'health', changes, complete: false });
  }
}
