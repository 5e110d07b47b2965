// Which sync daemons are stopped and started.
import { describe, expect, it } from 'vitest';
import { daemonsOf, describeDaemonOperation, reconcileDaemons } from '../../src/ipvs/daemon.js';

const at = { interface: 'eth1', id: 51 };
const master = { role: 'master', ...at } as const;
const backup = { role: 'backup', ...at } as const;

describe('the sync daemons', () => {
  it('are left alone when they are right', () => {
    expect(reconcileDaemons(daemonsOf(at), [backup, master])).toEqual([]);
    expect(reconcileDaemons([], [])).toEqual([]);
  });

  it('run in both roles: the one that is missing is started, the other is not touched', () => {
    expect(reconcileDaemons(daemonsOf(at), [backup]).map(describeDaemonOperation)).toEqual(['start the sync daemon as master, id 51, interface eth1']);
  });

  it('of another role than wanted are stopped before the wanted one is started', () => {
    expect(reconcileDaemons([master], [backup]).map(describeDaemonOperation)).toEqual([
      'stop the sync daemon as backup, id 51, interface eth1',
      'start the sync daemon as master, id 51, interface eth1',
    ]);
  });

  it('are started anew when the id or the interface differs', () => {
    expect(reconcileDaemons([backup], [{ ...backup, id: 7 }]).map(({ type }) => type)).toEqual(['stop', 'start']);
    expect(reconcileDaemons([backup], [{ ...backup, interface: 'eth0' }]).map(({ type }) => type)).toEqual(['stop', 'start']);
  });

  it('are stopped when none is wanted', () => {
    expect(reconcileDaemons([], [master, backup]).map(({ type }) => type)).toEqual(['stop', 'stop']);
  });
});
