/** All instances of one router: sync groups that stand and fall together. */
import { describe, expect, it } from 'vitest';
import { type Microseconds, Milliseconds, plus, Seconds } from '../../src/time/microseconds.js';
import { deadline, type Settings } from '../../src/vrrp/machine.js';
import { type RouterEvent, type RouterState, stepRouter } from '../../src/vrrp/router.js';

const defaults: Settings = {
  version: 3,
  priority: 100,
  advertisementInterval: Seconds(1),
  preempt: true,
  preemptDelay: Seconds(0),
  source: '192.0.2.2',
  grouped: false,
};

class Router {
  now = Seconds(1000);
  state: RouterState = new Map();

  do(event: RouterEvent): readonly string[] {
    const { state, effects } = stepRouter(this.state, event, this.now);
    this.state = state;
    return effects.map(({ instance, effect }) => {
      if (effect.type === 'transition') return `${instance}: ${effect.from}>${effect.to}`;
      return `${instance}: ${effect.type}${effect.type === 'advertise' ? ` ${effect.priority}` : ''}`;
    });
  }

  add(instance: string, group?: string, changes: Partial<Settings> = {}): void {
    this.do({ type: 'add', instance, group, settings: { ...defaults, grouped: group !== undefined, ...changes } });
  }

  start(...resume: string[]): readonly string[] {
    return this.do({ type: 'start', resume: new Set(resume) });
  }

  hear(instance: string, priority: number): readonly string[] {
    return this.do({ type: 'instance', instance, event: { type: 'advertisement', advertisement: { source: '192.0.2.1', priority, interval: Seconds(1) } } });
  }

  fault(instance: string, fault = 'interface'): readonly string[] {
    return this.do({ type: 'fault', instance, fault, reason: `${fault} of ${instance} failed` });
  }

  clear(instance: string, fault = 'interface'): readonly string[] {
    return this.do({ type: 'fault_cleared', instance, fault, reason: `${fault} of ${instance} is back` });
  }

  configure(instance: string, group: string | undefined, changes: Partial<Settings> = {}): readonly string[] {
    const settings = { ...(this.state.get(instance)?.settings ?? defaults), ...changes, grouped: group !== undefined };
    return this.do({ type: 'configure', instance, group, settings });
  }

  /** Turns the clock to the timer of an instance. */
  expire(instance: string): readonly string[] {
    const member = this.state.get(instance);
    const due = member && deadline(member.state);
    if (due === undefined) throw new Error(`${instance} has no timer`);
    this.now = due;
    return this.do({ type: 'instance', instance, event: { type: 'timer' } });
  }

  /** Whose timer is the first. */
  get due(): string {
    const [first] = [...this.state.values()].flatMap(({ state }) => deadline(state) ?? []).sort((a, b) => a - b);
    return [...this.state].find(([, { state }]) => first !== undefined && deadline(state) === first)?.[0] ?? '';
  }

  wait(duration: Microseconds): void {
    this.now = plus(this.now, duration);
  }

  get states(): Record<string, string> {
    return Object.fromEntries([...this.state].map(([name, { state }]) => [name, state.state]));
  }

  reason(instance: string): string | undefined {
    return this.state.get(instance)?.state.reason;
  }
}

const pair = (): Router => {
  const router = new Router();
  router.add('outside', 'all');
  router.add('inside', 'all');
  router.start();
  return router;
};
const masterPair = (): Router => {
  const router = pair();
  router.expire('outside');
  router.expire('inside');
  return router;
};
const takeover = (instance: string, priority = 100) => [`${instance}: BACKUP>MASTER`, `${instance}: advertise ${priority}`, `${instance}: hold`, `${instance}: announce`];

describe('instances without a group', () => {
  it('know nothing of each other', () => {
    const router = new Router();
    router.add('a');
    router.add('b');
    expect(router.start()).toEqual(['a: INIT>BACKUP', 'b: INIT>BACKUP']);
    expect(router.expire('a')).toEqual(takeover('a'));
    expect(router.fault('b')).toEqual(['b: BACKUP>FAULT', 'b: release']);
    expect(router.states).toEqual({ a: 'MASTER', b: 'FAULT' });
  });

  it('are not started twice', () => {
    const router = new Router();
    router.add('a');
    router.start();
    router.expire('a');
    router.add('b');
    expect(router.start('a')).toEqual(['b: INIT>BACKUP']);
  });

  it('are forgotten when they are removed', () => {
    const router = new Router();
    router.add('a');
    router.start();
    router.expire('a');
    expect(router.do({ type: 'remove', instance: 'a' })).toEqual(['a: MASTER>INIT', 'a: advertise 0', 'a: release']);
    expect(router.states).toEqual({});
    expect(router.hear('a', 50)).toEqual([]);
  });

  it('wait for every one of their faults to be cleared', () => {
    const router = new Router();
    router.add('a');
    router.start();
    router.fault('a', 'interface');
    router.fault('a', 'script');
    expect(router.reason('a')).toBe('interface of a failed, script of a failed');
    expect(router.clear('a', 'interface')).toEqual([]);
    expect(router.reason('a')).toBe('script of a failed');
    expect(router.clear('a', 'interface')).toEqual([]);
    expect(router.clear('a', 'script')).toEqual(['a: FAULT>BACKUP']);
  });

  it('go straight to FAULT when they had one before they were started', () => {
    const router = new Router();
    router.add('a');
    expect(router.fault('a')).toEqual([]);
    expect(router.start('a')).toEqual(['a: INIT>FAULT', 'a: release']);
    expect(router.clear('a')).toEqual(['a: FAULT>BACKUP']);
  });
});

describe('a sync group', () => {
  it('becomes MASTER when the last of it claims, all together', () => {
    const router = pair();
    expect(router.expire('outside')).toEqual([]);
    expect(router.states).toEqual({ outside: 'BACKUP', inside: 'BACKUP' });
    expect(router.expire('inside')).toEqual([...takeover('outside'), ...takeover('inside')]);
  });

  it('stays BACKUP while one of it hears a better master', () => {
    const router = pair();
    router.expire('outside');
    router.hear('inside', 150);
    router.wait(Seconds(1));
    router.hear('outside', 150);
    expect(router.expire('inside')).toEqual([]);
    expect(router.states).toEqual({ outside: 'BACKUP', inside: 'BACKUP' });
  });

  it('goes down with a member that loses an election; the others resign by priority 0', () => {
    const router = masterPair();
    expect(router.hear('inside', 150)).toEqual(['inside: advertise 100', 'inside: MASTER>BACKUP', 'inside: release', 'outside: MASTER>BACKUP', 'outside: advertise 0', 'outside: release']);
    expect(router.reason('outside')).toBe('sync group all: inside is BACKUP, 192.0.2.1 advertises priority 150, ours is 100');
  });

  it('goes to FAULT with a member that fails; all resign', () => {
    const router = masterPair();
    expect(router.fault('inside')).toEqual(['outside: MASTER>FAULT', 'outside: advertise 0', 'outside: release', 'inside: MASTER>FAULT', 'inside: advertise 0', 'inside: release']);
    expect(router.reason('outside')).toBe('sync group all: inside is in FAULT, interface of inside failed');
    expect(router.reason('inside')).toBe('interface of inside failed');
  });

  it('comes back when the last of its faults is cleared, all together', () => {
    const router = masterPair();
    router.fault('inside');
    router.fault('outside');
    expect(router.clear('inside')).toEqual([]);
    expect(router.reason('inside')).toBe('sync group all: outside is in FAULT, interface of outside failed');
    expect(router.clear('outside')).toEqual(['outside: FAULT>BACKUP', 'inside: FAULT>BACKUP']);
  });

  it('starts in FAULT when one of it has a fault from the beginning', () => {
    const router = new Router();
    router.add('outside', 'all');
    router.add('inside', 'all');
    router.fault('inside');
    router.start();
    expect(router.states).toEqual({ outside: 'FAULT', inside: 'FAULT' });
  });

  it('resumes as MASTER when all of it was', () => {
    const router = new Router();
    router.add('outside', 'all');
    router.add('inside', 'all');
    expect(router.start('outside', 'inside').filter((effect) => effect.endsWith('hold'))).toEqual(['outside: hold', 'inside: hold']);
    expect(router.states).toEqual({ outside: 'MASTER', inside: 'MASTER' });
  });

  it('of priority 255 becomes MASTER at start, and after a fault', () => {
    const router = new Router();
    router.add('outside', 'all', { priority: 255 });
    router.add('inside', 'all', { priority: 255 });
    router.start();
    expect(router.states).toEqual({ outside: 'MASTER', inside: 'MASTER' });
    router.fault('inside');
    router.clear('inside');
    expect(router.states).toEqual({ outside: 'MASTER', inside: 'MASTER' });
  });

  it('waits for its other members when only one has priority 255', () => {
    const router = new Router();
    router.add('outside', 'all', { priority: 255 });
    router.add('inside', 'all');
    router.start();
    expect(router.states).toEqual({ outside: 'BACKUP', inside: 'BACKUP' });
    router.expire('inside');
    expect(router.states).toEqual({ outside: 'MASTER', inside: 'MASTER' });
  });

  it('leaves another group alone', () => {
    const router = masterPair();
    router.add('other', 'second');
    router.start();
    router.expire('other');
    router.fault('inside');
    expect(router.states).toEqual({ outside: 'FAULT', inside: 'FAULT', other: 'MASTER' });
  });
});

describe('a sync group that is beaten right after it took over', () => {
  /** As often as that. */
  const beaten = (times: number): Router => {
    const router = masterPair();
    for (let count = 1; count <= times; count++) {
      if (count > 1) while (router.states['inside'] !== 'MASTER') router.expire(router.due);
      router.hear('inside', 150);
      router.hear('inside', 0);
    }
    return router;
  };

  it('takes over again after the master down interval when that master is gone', () => {
    const router = beaten(1);
    const before = router.now;
    router.expire('inside');
    router.expire('outside');
    expect(router.states).toEqual({ outside: 'MASTER', inside: 'MASTER' });
    expect(router.now - before).toBeLessThan(Seconds(3.7));
  });

  it('holds back the second time, so that one that beats it elsewhere is master first', () => {
    const router = beaten(2);
    expect(router.reason('outside')).toMatch(/inside is BACKUP, .*; beaten again right after it took over, it holds back for 7\.22 s: have the group's members one order of priority on all routers\?$/);
    const before = router.now;
    router.expire('inside');
    router.expire('outside');
    expect(router.states).toEqual({ outside: 'BACKUP', inside: 'BACKUP' });
    router.expire('inside');
    expect(router.states).toEqual({ outside: 'MASTER', inside: 'MASTER' });
    expect(router.now - before).toBeGreaterThan(Seconds(7.2));
  });

  it('stays BACKUP after the time that it held back while it hears a better master', () => {
    const router = beaten(2);
    for (let second = 0; second < 20; second++) {
      router.hear('inside', 150);
      router.wait(Seconds(1));
      router.do({ type: 'instance', instance: 'outside', event: { type: 'timer' } });
    }
    expect(router.states).toEqual({ outside: 'BACKUP', inside: 'BACKUP' });
    expect(router.expire('inside')).toHaveLength(8);
  });
});

describe('what an earlier run of a sync group left', () => {
  it('is released in all instances when one of them hears a better master, whatever the others hear', () => {
    const router = pair();
    expect(router.hear('inside', 50)).toEqual([]);
    expect(router.hear('outside', 150)).toEqual(['outside: release', 'inside: release']);
    expect(router.hear('outside', 150)).toEqual([]);
  });

  it('is released of an address owner too, in a group that another director is master of', () => {
    const router = new Router();
    router.add('outside', 'all', { priority: 255 });
    router.add('inside', 'all');
    router.start();
    expect(router.hear('inside', 150)).toEqual(['inside: release', 'outside: release']);
  });
});

describe('a change of groups', () => {
  it('lets a new instance join a group that is MASTER, as MASTER', () => {
    const router = masterPair();
    router.add('third', 'all');
    const effects = router.start();
    expect(router.states).toEqual({ outside: 'MASTER', inside: 'MASTER', third: 'MASTER' });
    expect(effects.filter((effect) => !effect.startsWith('third'))).toEqual([]);
  });

  it('lets a new instance join a group that is BACKUP, as BACKUP', () => {
    const router = pair();
    router.hear('outside', 150);
    router.add('third', 'all');
    router.start();
    expect(router.states).toEqual({ outside: 'BACKUP', inside: 'BACKUP', third: 'BACKUP' });
  });

  it('takes a group to FAULT with a new instance that has one', () => {
    const router = masterPair();
    router.add('third', 'all');
    router.fault('third');
    router.start();
    expect(router.states).toEqual({ outside: 'FAULT', inside: 'FAULT', third: 'FAULT' });
  });

  it('frees the others from a removed member that failed', () => {
    const router = masterPair();
    router.fault('inside');
    expect(router.do({ type: 'remove', instance: 'inside' })).toEqual(['inside: FAULT>INIT', 'outside: FAULT>BACKUP']);
  });

  it('frees the others from a member that failed and leaves', () => {
    const router = masterPair();
    router.fault('inside');
    expect(router.configure('inside', undefined)).toEqual(['outside: FAULT>BACKUP']);
    expect(router.states).toEqual({ outside: 'BACKUP', inside: 'FAULT' });
  });

  it('lets the rest of a group take over when the one that did not claim is removed', () => {
    const router = pair();
    router.hear('inside', 150);
    router.expire('outside');
    expect(router.do({ type: 'remove', instance: 'inside' })).toEqual(['inside: BACKUP>INIT', ...takeover('outside')]);
  });

  it('disturbs nothing when a member leaves a group that is MASTER', () => {
    const router = masterPair();
    expect(router.configure('inside', undefined)).toEqual(['inside: advertise 100']);
    expect(router.states).toEqual({ outside: 'MASTER', inside: 'MASTER' });
    expect(router.do({ type: 'remove', instance: 'inside' })).toEqual(['inside: MASTER>INIT', 'inside: advertise 0', 'inside: release']);
    expect(router.states).toEqual({ outside: 'MASTER' });
  });

  it('takes a MASTER down that is put into a group with a BACKUP', () => {
    const router = new Router();
    router.add('a');
    router.add('b', 'all');
    router.start();
    router.expire('a');
    router.hear('b', 150);
    expect(router.configure('a', 'all').slice(-3)).toEqual(['a: MASTER>BACKUP', 'a: advertise 0', 'a: release']);
  });

  it('of the name only disturbs nothing', () => {
    const router = masterPair();
    router.configure('outside', 'both');
    router.configure('inside', 'both');
    expect(router.states).toEqual({ outside: 'MASTER', inside: 'MASTER' });
  });
});

describe('what is handed out', () => {
  it('is never changed afterwards', () => {
    const router = masterPair();
    const before = router.state;
    const copy = JSON.stringify([...before]);
    router.fault('inside');
    router.wait(Milliseconds(1));
    router.configure('outside', undefined);
    router.do({ type: 'remove', instance: 'inside' });
    expect(JSON.stringify([...before])).toBe(copy);
  });
});

describe('a sync group that the operator hands over', () => {
  const handedOver = (): Router => {
    const router = masterPair();
    router.do({ type: 'yield', instance: 'inside' });
    return router;
  };

  it('resigns as a whole', () => {
    const router = masterPair();
    expect(router.states).toEqual({ outside: 'MASTER', inside: 'MASTER' });
    expect(router.do({ type: 'yield', instance: 'inside' })).toEqual([
      ...['outside: MASTER>BACKUP', 'outside: advertise 0', 'outside: release'],
      ...['inside: MASTER>BACKUP', 'inside: advertise 0', 'inside: release'],
    ]);
  });

  it('leaves the other router master of all while it hears it, and preempts as a whole once the order is taken back', () => {
    const router = handedOver();
    for (let interval = 0; interval < 10; interval++) {
      for (const name of ['outside', 'inside']) expect(router.hear(name, 50)).toEqual([]);
      router.wait(Seconds(1));
    }
    router.do({ type: 'reclaim', instance: 'outside' });
    for (const name of ['outside', 'inside']) router.hear(name, 50);
    router.expire('outside');
    expect(router.states).toEqual({ outside: 'BACKUP', inside: 'BACKUP' });
    router.expire('inside');
    expect(router.states).toEqual({ outside: 'MASTER', inside: 'MASTER' });
  });

  it('is master of all again when nobody takes over', () => {
    const router = handedOver();
    router.expire('outside');
    router.expire('inside');
    expect(router.states).toEqual({ outside: 'MASTER', inside: 'MASTER' });
    expect(router.reason('outside')).toBe('nobody took over after the handover that the operator ordered');
  });
});
