/** The text form of `tandem events`. Pure. */
import type { StreamLine } from './event-stream.js';
import { escapeControls } from './log-line.js';

const subject = ({ kind, name, virtual_server: virtualServer }: Extract<StreamLine, { kind: string }>): string => `${kind} ${name}${virtualServer === undefined ? '' : ` of ${virtualServer}`}`;

export const formatStreamLine = (line: StreamLine): string => {
  switch (line.type) {
    case 'current':
      return escapeControls(`${subject(line)} is ${line.state} since ${line.since}, ${line.reason}`);
    case 'transition':
      return escapeControls(`${line.time} #${line.sequence} ${subject(line)}: ${line.from} -> ${line.to}, ${line.reason}`);
    case 'missed':
      return `(${line.count} events missed: this reader was too slow)`;
  }
};
