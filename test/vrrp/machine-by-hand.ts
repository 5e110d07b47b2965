/** The state machine of one instance, its events given and its clock turned by hand. */
import { Microseconds, plus, Seconds } from '../../src/time/microseconds.js';
import { deadline, type Effect, initialState, type InstanceState, type MachineEvent, type Settings, step } from '../../src/vrrp/machine.js';

const defaults: Settings = {
  version: 3,
  priority: 100,
  advertisementInterval: Seconds(1),
  preempt: true,
  preemptDelay: Seconds(0),
  source: '192.0.2.2',
  grouped: false,
};

/** One instance whose clock is turned by hand. */
export class Machine {
  now = Seconds(1000);
  settings: Settings;
  state: InstanceState;

  constructor(changes: Partial<Settings> = {}) {
    this.settings = { ...defaults, ...changes };
    this.state = initialState(this.now);
  }

  do(event: MachineEvent): readonly Effect[] {
    const { state, effects } = step(this.state, event, this.settings, this.now);
    this.state = state;
    return effects;
  }

  start(resume = false): readonly Effect[] {
    return this.do({ type: 'start', resume });
  }

  hear(priority: number, { source = '192.0.2.1', interval = this.settings.advertisementInterval } = {}): readonly Effect[] {
    return this.do({ type: 'advertisement', advertisement: { source, priority, interval } });
  }

  wait(duration: Microseconds): void {
    this.now = plus(this.now, duration);
  }

  /** Lets the clock run to the deadline, or `late` beyond it. */
  expire(late = Microseconds(0)): readonly Effect[] {
    const due = deadline(this.state);
    if (due === undefined) throw new Error('no timer runs');
    this.now = plus(due, late);
    return this.do({ type: 'timer' });
  }

  configure(changes: Partial<Settings>): readonly Effect[] {
    const before = this.settings;
    this.settings = { ...before, ...changes };
    return this.do({ type: 'reconfigure', before });
  }

  /** Until the timer, in microseconds. */
  get left(): number | undefined {
    const due = deadline(this.state);
    return due === undefined ? undefined : due - this.now;
  }

  get backup() {
    if (this.state.state !== 'BACKUP') throw new Error(`it is ${this.state.state}`);
    return this.state;
  }
}

/** It was just started. */
export const backup = (changes: Partial<Settings> = {}): Machine => {
  const machine = new Machine(changes);
  machine.start();
  return machine;
};
/** It became MASTER since nobody was heard; in a sync group it only claims. */
export const master = (changes: Partial<Settings> = {}): Machine => {
  const machine = backup(changes);
  machine.expire();
  return machine;
};

/** Effects in short: `INIT>BACKUP`, `advertise 100`, `hold`, ... */
export const brief = (effects: readonly Effect[]): readonly string[] =>
  effects.map((effect) => {
    switch (effect.type) {
      case 'transition':
        return `${effect.from}>${effect.to}`;
      case 'advertise':
        return `advertise ${effect.priority}`;
      case 'announce':
        return `announce ${effect.cause}`;
      default:
        return effect.type;
    }
  });
/** What a backup does that becomes MASTER, in short. */
export const takeover = (priority = 100): readonly string[] => ['BACKUP>MASTER', `advertise ${priority}`, 'hold', 'announce transition'];

export const backupThatHeard = (priority: number, changes: Partial<Settings> = {}): Machine => {
  const machine = backup(changes);
  machine.hear(priority);
  return machine;
};
