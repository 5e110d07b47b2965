import { afterAll, beforeAll, expect, it } from 'vitest';
import { PairUnderTest, logSince } from './directors.js';
let pair: PairUnderTest;
const t0 = Date.now();
const say = (...x: unknown[]) => console.log(Date.now() - t0, ...x);
beforeAll(async () => { pair = await PairUnderTest.boot(); say('booted'); });
afterAll(async () => { await pair?.lab.stop(); });
it('x', async () => {
  await pair.start(); say('started');
  say(await pair.weights(pair.d1), await pair.counters(pair.d1));
  say(await pair.processes(pair.d1), await pair.syncDaemon(pair.d1), await pair.holdsVip(pair.d1));
  say(await pair.lab.must(`ps axf -o pid,args`));
  say((await pair.d1.command('status')).stdout);
  say(await pair.lab.must('cat /run/d1/owned.json; ls -la /run/d1'));
  console.log(pair.d1.process.lines.map((l) => l.text).join('\n'));
  console.log(pair.d2.process.lines.map((l) => l.text).join('\n'));
});
