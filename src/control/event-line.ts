/** The text form of `tandem events`. Pure. */
import type { StreamLine } from './event-stream.js';
import { escapeControls } from './log-line.js';

export const formatStreamLine = (line: StreamLine): string => {
  switch (line.type) {
    case 'current':
      return escapeControls(`${line.kind} ${line.name} is ${line.state} since ${line.since}, ${line.reason}`);
    case 'transition':
      return escapeControls(`${line.time} #${line.sequence} ${line.kind} ${line.name}: ${line.from} -> ${line.to}, ${line.reason}`);
    case 'missed':
      return `(${line.count} events missed: this reader was too slow)`;
  }
};
