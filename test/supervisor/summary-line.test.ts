/** The line for the service manager; that lvs counts what it says is shown by test/ipvs/virtual-server.test.ts. */
import { expect, it } from 'vitest';
import type { VrrpStatus } from '../../src/supervisor/messages.js';
import { SummaryLine } from '../../src/supervisor/summary-line.js';

const statusOf = (...states: readonly (readonly [string, string])[]): VrrpStatus => ({ type: 'status', id: 1, instances: states.map(([name, state]) => ({ name, state })), sync: undefined }) as unknown as VrrpStatus;

it('says who is master of what, how many real servers are healthy and who hangs, each line once', async () => {
  const said: string[] = [];
  const sent: string[] = [];
  const vrrp = { name: 'vrrp' as const, responding: true, lastStatus: undefined, status: () => Promise.resolve(statusOf(['web', 'MASTER'])) };
  const lvs = { name: 'lvs' as const, responding: true, ready: true, send: ({ type }: { readonly type: string }) => sent.push(type) > 0 };
  const line = new SummaryLine(vrrp, lvs, (text) => said.push(text));
  await line.refresh();
  expect(said).toEqual(['web MASTER']);
  line.counted({ type: 'counted', servers: 10, healthy: 9 });
  await expect.poll(() => said).toEqual(['web MASTER', 'web MASTER; 9 of 10 real servers healthy']);
  await line.refresh();
  line.counted({ type: 'counted', servers: 10, healthy: 9 });
  await line.refresh();
  expect(said).toHaveLength(2);
  expect(sent).toEqual(['count', 'count', 'count']);
  // one that hangs or is gone is not asked, and the last count stays
  lvs.ready = false;
  lvs.responding = false;
  await line.refresh();
  expect(sent).toHaveLength(3);
  expect(said.at(-1)).toBe('web MASTER; 9 of 10 real servers healthy; not responding: lvs');
});
