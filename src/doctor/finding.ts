/** What the doctor finds: a mistake of the catalogue, what was seen of it, and what mends it. */
import { mistakes, type MistakeCode, type Severity } from './catalogue.js';

export interface Finding {
  readonly code: MistakeCode;
  readonly severity: Severity;
  /** what it is about: `web`, `eth0`, `web-http 192.0.2.22` */
  readonly subject: string;
  /** what was seen, a sentence without its full stop; so the next two */
  readonly seen: string;
  /** why it breaks traffic */
  readonly why: string;
  /** the command or the key that mends it */
  readonly remedy: string;
}

/** @param why where the catalogue's own sentence does not fit */
export const finding = (code: MistakeCode, subject: string, seen: string, remedy: string, why?: string): Finding => ({ code, severity: mistakes[code].severity, subject, seen, why: why ?? mistakes[code].why, remedy });
