/** What there is to tell of transitions: instances, and the groups that they are in. */
import { describe, expect, it } from 'vitest';
import type { VrrpState } from '../../src/control/status.js';
import { Notices, type Notice } from '../../src/notify/notice.js';
import type { InstanceTransition } from '../../src/supervisor/messages.js';

const transition = (instance: string, from: VrrpState, to: VrrpState, reason = 'a test'): InstanceTransition => ({ instance, interface: 'eth0', virtualRouterId: 51, time: 7, from, to, priority: 150, reason });
const brief = (notices: readonly Notice[]) => notices.map(({ kind, name, from, to, priority }) => `${kind} ${name} ${from} ${to} ${priority}`);
const group = { name: 'nat', instances: ['in', 'out'] };
const grouped = (): Notices => {
  const notices = new Notices();
  notices.configure([group], new Set(['in', 'out', 'web']));
  return notices;
};

describe('notices', () => {
  it('say from, to, why and of what', () => {
    expect(new Notices().take([transition('web', 'INIT', 'MASTER', 'started')])).toEqual([
      { kind: 'INSTANCE', name: 'web', time: 7, from: 'INIT', to: 'MASTER', priority: 150, reason: 'started', interface: 'eth0', virtualRouterId: 51 },
    ]);
  });

  it('do not tell again what was told: a new vrrp process that resumes as master', () => {
    const notices = new Notices();
    notices.take([transition('web', 'INIT', 'BACKUP')]);
    notices.take([transition('web', 'BACKUP', 'MASTER')]);
    expect(notices.take([transition('web', 'INIT', 'MASTER')])).toEqual([]);
    expect(brief(notices.take([transition('web', 'INIT', 'BACKUP')]))).toEqual(['INSTANCE web MASTER BACKUP 150']);
  });

  it('make a group master with the last of its members, in fault with the first, each once', () => {
    const notices = grouped();
    expect(brief(notices.take([transition('in', 'INIT', 'BACKUP')]))).toEqual(['INSTANCE in INIT BACKUP 150']);
    expect(brief(notices.take([transition('out', 'INIT', 'BACKUP')]))).toEqual(['INSTANCE out INIT BACKUP 150', 'GROUP nat INIT BACKUP 0']);
    expect(brief(notices.take([transition('in', 'BACKUP', 'MASTER'), transition('out', 'BACKUP', 'MASTER')]))).toEqual(['INSTANCE in BACKUP MASTER 150', 'INSTANCE out BACKUP MASTER 150', 'GROUP nat BACKUP MASTER 0']);
    expect(brief(notices.take([transition('in', 'MASTER', 'FAULT'), transition('out', 'MASTER', 'FAULT')]))).toEqual(['INSTANCE in MASTER FAULT 150', 'INSTANCE out MASTER FAULT 150', 'GROUP nat MASTER FAULT 0']);
    expect(brief(notices.take([transition('web', 'INIT', 'MASTER')]))).toEqual(['INSTANCE web INIT MASTER 150']);
  });

  it('stop a group when its last member has stopped, without a word in between', () => {
    const notices = grouped();
    notices.take([transition('in', 'INIT', 'MASTER'), transition('out', 'INIT', 'MASTER')]);
    expect(brief(notices.take([transition('in', 'MASTER', 'INIT')]))).toEqual(['INSTANCE in MASTER STOP 150']);
    expect(brief(notices.take([transition('out', 'MASTER', 'INIT')]))).toEqual(['INSTANCE out MASTER STOP 150', 'GROUP nat MASTER STOP 0']);
    expect(notices.stopAll(9, 'stopped')).toEqual([]);
  });

  it('stop what the vrrp process did not say that it stopped', () => {
    const notices = grouped();
    notices.take([transition('in', 'INIT', 'MASTER'), transition('out', 'INIT', 'MASTER')]);
    expect(brief(notices.stopAll(9, 'stopped'))).toEqual(['INSTANCE in MASTER STOP 150', 'INSTANCE out MASTER STOP 150', 'GROUP nat MASTER STOP 0']);
    expect(notices.current).toEqual([]);
  });

  it('stop what is not configured any more when its own last word was lost', () => {
    const notices = grouped();
    notices.take([transition('in', 'INIT', 'MASTER'), transition('out', 'INIT', 'MASTER'), transition('web', 'INIT', 'BACKUP')]);
    expect(notices.settle(9)).toEqual([]);
    notices.configure([group], new Set(['in', 'out']));
    expect(brief(notices.settle(9))).toEqual(['INSTANCE web BACKUP STOP 150']);
  });

  it('are made of how all instances stand where transitions were lost, and of nothing else then', () => {
    const notices = grouped();
    notices.take([transition('in', 'INIT', 'MASTER'), transition('out', 'INIT', 'MASTER'), transition('web', 'INIT', 'BACKUP')]);
    expect(brief(notices.take([transition('in', 'FAULT', 'FAULT'), transition('out', 'FAULT', 'FAULT'), transition('web', 'BACKUP', 'BACKUP')]))).toEqual([
      'INSTANCE in MASTER FAULT 150',
      'INSTANCE out MASTER FAULT 150',
      'GROUP nat MASTER FAULT 0',
    ]);
  });

  it('of a group that a reload removes are the last when its members go too, and none when they stay', () => {
    const gone = grouped();
    gone.take([transition('in', 'INIT', 'MASTER'), transition('out', 'INIT', 'MASTER')]);
    gone.configure([], new Set(['web']));
    gone.take([transition('in', 'MASTER', 'INIT')]);
    expect(brief(gone.take([transition('out', 'MASTER', 'INIT')]))).toEqual(['INSTANCE out MASTER STOP 150', 'GROUP nat MASTER STOP 0']);
    const stays = grouped();
    stays.take([transition('in', 'INIT', 'MASTER'), transition('out', 'INIT', 'MASTER')]);
    stays.configure([], new Set(['in', 'out']));
    expect(brief(stays.current)).toEqual(['INSTANCE in INIT MASTER 150', 'INSTANCE out INIT MASTER 150']);
  });
});
