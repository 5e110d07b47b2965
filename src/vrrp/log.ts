/** The log of an instance: sentences with its name in front, and its name and VRID as fields. */
import type { InstanceConfiguration, LogLevel } from '../config/model.js';
import { event } from '../control/event.js';
import type { LogEvent } from '../supervisor/messages.js';

/** `web: <sentence> instance=web vrid=51 ...` */
export const instanceEvent = (level: LogLevel, { name, virtualRouterId }: InstanceConfiguration, sentence: string, fields: LogEvent['fields'] = {}): LogEvent =>
  event(level, `${name}: ${sentence}`, { instance: name, vrid: virtualRouterId, ...fields });
