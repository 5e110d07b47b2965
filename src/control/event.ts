/** Makes the lines of the log where things happen; the supervisor writes them. */
import type { LogLevel } from '../config/model.js';
import type { LogEvent } from '../supervisor/messages.js';

export type Report = (event: LogEvent) => void;

/** @param message a sentence that stands alone */
export const event = (level: LogLevel, message: string, fields: LogEvent['fields'] = {}): LogEvent => ({ time: Date.now(), level, message, fields });

/** `1 address`, `2 addresses` */
export const counted = (count: number, singular: string, plural = `${singular}s`): string => `${count} ${count === 1 ? singular : plural}`;
