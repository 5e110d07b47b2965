/** When a child is started again and when it counts as hung. */
import { describe, expect, it } from 'vitest';
import { PingLedger, restartDelay } from '../../src/supervisor/restart-policy.js';

describe('the restart of a child', () => {
  it('comes at once after the first death, then after 1, 2, 4 ... at most 30 s', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8, 50].map(restartDelay)).toEqual([0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });
});

describe('a child that is pinged', () => {
  const after = (unanswered: number): PingLedger => {
    const ledger = new PingLedger();
    for (let sent = 0; sent < unanswered; sent++) ledger.sent();
    return ledger;
  };

  it('is responding while no more than 5 pings are unanswered', () => {
    expect(after(5).responding).toBe(true);
    expect(after(6).responding).toBe(false);
  });

  it('is hung once 20 pings are unanswered', () => {
    expect(after(19).hung).toBe(false);
    expect(after(20).hung).toBe(true);
  });

  it('starts anew with every answer', () => {
    const ledger = after(19);
    ledger.answered();
    ledger.sent();
    expect(ledger).toMatchObject({ hung: false, responding: true });
  });
});
