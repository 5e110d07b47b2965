/** Takes events from the first moment on, and hands them to the log once that is loaded and configured. */
import type { LogConfiguration } from '../config/model.js';
import type { Log } from '../control/log.js';
import type { LogEvent } from './messages.js';

export class EventLog {
  #early: LogEvent[] = [];
  #log: Log | undefined;

  readonly write = (event: LogEvent): void => {
    if (this.#log === undefined) this.#early.push(event);
    else this.#log.write(event);
  };

  say(level: LogEvent['level'], message: string, fields: LogEvent['fields'] = {}): void {
    this.write({ time: Date.now(), level, message, fields });
  }

  /** Opens the log, or changes its level and format. */
  async configure(configuration: LogConfiguration): Promise<void> {
    if (this.#log !== undefined) {
      this.#log.configure(configuration);
      return;
    }
    // loaded late: the children are forked before anything slow
    const { Log } = await import('../control/log.js');
    this.#log = new Log(configuration);
    for (const event of this.#early.splice(0)) this.#log.write(event);
  }

  /** The events so far, when the log was never opened. */
  takeEarly(): readonly LogEvent[] {
    return this.#early.splice(0);
  }

  /** @returns false when after `milliseconds` something is still unwritten */
  async flush(milliseconds: number): Promise<boolean> {
    return this.#log === undefined || (await this.#log.flush(milliseconds));
  }
}
