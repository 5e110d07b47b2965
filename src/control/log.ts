/** The log: events become lines, as text or JSON, through pino to a destination that cannot hold the daemon up. */
import { pino } from 'pino';
import type { LogConfiguration, LogFormat } from '../config/model.js';
import type { LogEvent } from '../supervisor/messages.js';
import { LogDestination } from './log-destination.js';
import { formatLine } from './log-line.js';

/** The keys of the JSON form that fields may not take. */
const reserved: ReadonlySet<string> = new Set(['level', 'time', 'message']);

const jsonFields = (fields: LogEvent['fields']): LogEvent['fields'] =>
  Object.keys(fields).some((key) => reserved.has(key))
    ? Object.fromEntries(Object.entries(fields).map(([key, value]) => [reserved.has(key) ? `${key}_` : key, value]))
    : fields;

export class Log {
  readonly #destination: LogDestination;
  readonly #pino;
  #format: LogFormat;
  /** the event being written: its time and its text form are needed below pino */
  #current: LogEvent | undefined;

  constructor(configuration: LogConfiguration, fd = 1, queueLimit?: number) {
    this.#format = configuration.format;
    this.#destination = new LogDestination(fd, queueLimit, (lost) => this.#lossLine(lost));
    this.#pino = pino(
      {
        level: configuration.level,
        base: undefined,
        messageKey: 'message',
        timestamp: () => `,"time":"${new Date(this.#current?.time ?? Date.now()).toISOString()}"`,
        formatters: { level: (level) => ({ level }) },
      },
      { write: (json: string) => this.#destination.write(this.#format === 'text' && this.#current !== undefined ? formatLine(this.#current) : json) },
    );
  }

  /** Writes one line, or counts it as lost. Never throws. */
  write(event: LogEvent): void {
    this.#current = event;
    try {
      this.#pino[event.level](jsonFields(event.fields), event.message);
    } catch {
      // an event that is none, e.g. with a time that no calendar knows
      this.#destination.lost++;
    }
    this.#current = undefined;
  }

  configure({ level, format }: LogConfiguration): void {
    this.#pino.level = level;
    this.#format = format;
  }

  get lost(): number {
    return this.#destination.lost;
  }

  /** @returns false when after `milliseconds` something is still unwritten */
  flush(milliseconds: number): Promise<boolean> {
    return this.#destination.flush(milliseconds);
  }

  close(): void {
    this.#destination.close();
  }

  #lossLine(lost: number): string {
    const event: LogEvent = { time: Date.now(), level: 'warn', message: `${lost} lines of the log were lost: what reads it was too slow`, fields: { lost } };
    if (this.#format === 'text') return formatLine(event);
    return `${JSON.stringify({ level: event.level, time: new Date(event.time).toISOString(), ...event.fields, message: event.message })}\n`;
  }
}
