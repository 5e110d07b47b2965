/** The log of the vrrp child: sentences about an instance, with its name and VRID as fields. */
import type { InstanceConfiguration, LogLevel } from '../config/model.js';
import type { LogEvent } from '../supervisor/messages.js';

export type Fields = LogEvent['fields'];
export type Report = (event: LogEvent) => void;

export const event = (level: LogLevel, message: string, fields: Fields = {}): LogEvent => ({ time: Date.now(), level, message, fields });

/** `web: <sentence> instance=web vrid=51 ...` */
export const instanceEvent = (level: LogLevel, { name, virtualRouterId }: InstanceConfiguration, sentence: string, fields: Fields = {}): LogEvent =>
  event(level, `${name}: ${sentence}`, { instance: name, vrid: virtualRouterId, ...fields });

/** `1 address`, `2 addresses` */
export const counted = (count: number, singular: string, plural = `${singular}s`): string => `${count} ${count === 1 ? singular : plural}`;
