/** What a child prints, in bounds. */
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { expect, it } from 'vitest';
import { readLines } from '../../src/supervisor/output-lines.js';

const collect = async (chunks: readonly (string | Buffer)[], now: () => number = () => 0): Promise<{ lines: string[]; suppressed: number[] }> => {
  const stream = new PassThrough();
  const lines: string[] = [];
  const suppressed: number[] = [];
  readLines(stream, (line) => lines.push(line), (count) => suppressed.push(count), now);
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await finished(stream);
  await new Promise((resolve) => (stream.closed ? resolve(undefined) : stream.once('close', resolve)));
  return { lines, suppressed };
};

it('lines are put together from pieces, characters too, and the last needs no newline', async () => {
  const octets = Buffer.from('één\ntwo');
  expect((await collect([octets.subarray(0, 1), octets.subarray(1)])).lines).toEqual(['één', 'two']);
});

it('a line without end is cut', async () => {
  const { lines } = await collect(['x'.repeat(10_000), 'y\n']);
  expect(lines.map((line) => line.length)).toEqual([4_096, 1]);
});

it('a flood is cut to 100 lines in 10 s, and the rest is counted', async () => {
  const { lines, suppressed } = await collect(['line\n'.repeat(250)]);
  expect(lines).toHaveLength(100);
  expect(suppressed).toEqual([150]);
});
