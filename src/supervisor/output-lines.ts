/** What a child prints (it should print nothing: warnings of Node, a stack trace) as lines of bounded length and number. */
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

const LONGEST_LINE = 4_096;
/** Lines told per period; the rest is counted. */
const LINES_PER_PERIOD = 100;
const PERIOD_MS = 10_000;

export const readLines = (stream: Readable, onLine: (line: string) => void, onSuppressed: (count: number) => void, now: () => number = Date.now): void => {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let periodStart = now();
  let told = 0;
  let suppressed = 0;

  const tell = (line: string): void => {
    if (line.trim() === '') return;
    if (now() - periodStart >= PERIOD_MS) {
      if (suppressed > 0) onSuppressed(suppressed);
      periodStart = now();
      told = 0;
      suppressed = 0;
    }
    if (told++ < LINES_PER_PERIOD) onLine(line);
    else suppressed++;
  };

  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) tell(line.slice(0, LONGEST_LINE));
    if (rest.length > LONGEST_LINE) {
      tell(rest.slice(0, LONGEST_LINE));
      rest = '';
    }
  });
  stream.on('close', () => {
    tell(rest);
    rest = '';
    if (suppressed > 0) onSuppressed(suppressed);
  });
  // a pipe that breaks has the same meaning as one that closes
  stream.on('error', () => stream.destroy());
};
