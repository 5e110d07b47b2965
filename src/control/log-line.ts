/** The text form of the log: one event, one line. Pure. */
import type { LogLevel } from '../config/model.js';
import type { LogEvent } from '../supervisor/messages.js';

const levelNames: Readonly<Record<LogLevel, string>> = { debug: 'DEBUG', info: 'INFO', warn: 'WARN', error: 'ERROR' };

/** Control characters (C0, DEL, C1) and the separators that some readers take for line ends. */
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
const escapeControl = (character: string): string => {
  switch (character) {
    case '\n':
      return '\\n';
    case '\r':
      return '\\r';
    case '\t':
      return '\\t';
    default:
      return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  }
};

export const escapeControls = (text: string): string => text.replace(controls, escapeControl);

/** `value`, or `"a value"` where it holds blanks, quotes, equal signs, or nothing. */
const formatValue = (value: string | number | boolean): string => {
  if (typeof value !== 'string') return String(value);
  if (!/[\s"=]|^$/.test(value)) return escapeControls(value);
  return `"${escapeControls(value.replace(/["\\]/g, '\\$&'))}"`;
};

/** `2026-11-21T02:24:11.304Z INFO web: BACKUP -> MASTER instance=web vrid=51`, with its newline. */
export const formatLine = ({ time, level, message, fields }: LogEvent): string => {
  const details = Object.entries(fields).map(([key, value]) => ` ${escapeControls(key)}=${formatValue(value)}`);
  return `${new Date(time).toISOString()} ${levelNames[level]} ${escapeControls(message)}${details.join('')}\n`;
};
