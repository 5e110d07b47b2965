/** From the transitions of instances to what is told of them: instances, and sync groups by what their members are. Pure. */
import type { SyncGroupConfiguration } from '../config/model.js';
import type { VrrpState } from '../control/status.js';
import type { InstanceTransition } from '../supervisor/messages.js';

/** As keepalived names them; STOP is an instance that ended or was removed. */
export type NoticeState = 'MASTER' | 'BACKUP' | 'FAULT' | 'STOP';

export interface Notice {
  readonly kind: 'INSTANCE' | 'GROUP';
  readonly name: string;
  /** milliseconds since the epoch */
  readonly time: number;
  /** INIT: it was never told of before */
  readonly from: NoticeState | 'INIT';
  readonly to: NoticeState;
  /** effective priority of an instance; 0 for a group, as keepalived has it */
  readonly priority: number;
  readonly reason: string;
  /** of an instance */
  readonly virtualRouterId?: number;
  readonly interface?: string;
}

export const subjectOf = ({ kind, name }: Pick<Notice, 'kind' | 'name'>): string => `${kind} ${name}`;

const named = (state: VrrpState): NoticeState => (state === 'INIT' ? 'STOP' : state);

/** What a sync group is by its members; undefined while some of them are not there. */
const groupState = (members: readonly (NoticeState | undefined)[]): NoticeState | undefined => {
  if (members.every((state) => state === 'STOP')) return 'STOP';
  if (members.some((state) => state === undefined || state === 'STOP')) return undefined;
  if (members.includes('FAULT')) return 'FAULT';
  return members.every((state) => state === 'MASTER') ? 'MASTER' : 'BACKUP';
};

/** The last notice of each instance and group. What is told again (a new vrrp child, a reload) is no notice. */
export class Notices {
  readonly #last = new Map<string, Notice>();
  #groups: readonly SyncGroupConfiguration[] = [];
  #instances: ReadonlySet<string> = new Set();

  /** A group that is not configured any more is forgotten, unless all its members go with it: then it is told that it stopped. */
  configure(groups: readonly SyncGroupConfiguration[], instances: ReadonlySet<string>): void {
    const names = new Set(groups.map(({ name }) => name));
    const gone = this.#groups.filter(({ name }) => !names.has(name));
    const leaving = gone.filter((group) => group.instances.every((instance) => !instances.has(instance)));
    for (const { name } of gone.filter((group) => !leaving.includes(group))) this.#last.delete(subjectOf({ kind: 'GROUP', name }));
    this.#groups = [...groups, ...leaving];
    this.#instances = instances;
  }

  /** What there is to tell of transitions that happened together, in order: instances, then the groups that they are in. */
  take(transitions: readonly InstanceTransition[]): readonly Notice[] {
    const notices = transitions.flatMap(({ instance, to, ...more }) => this.#change({ kind: 'INSTANCE', name: instance, ...more, to: named(to) }));
    const instances = new Set(transitions.map(({ instance }) => instance));
    const groups = this.#groups.flatMap((group) => {
      const culprit = transitions.findLast(({ instance }) => group.instances.includes(instance));
      const to = groupState(group.instances.map((name) => this.#last.get(subjectOf({ kind: 'INSTANCE', name }))?.to));
      if (culprit === undefined || to === undefined || !group.instances.some((name) => instances.has(name))) return [];
      return this.#change({ kind: 'GROUP', name: group.name, time: culprit.time, to, priority: 0, reason: culprit.reason });
    });
    return [...notices, ...groups];
  }

  /** The child has the configuration in force: what is not in it has stopped, even where nobody said so. @param time milliseconds since the epoch */
  settle(time: number): readonly Notice[] {
    const gone = [...this.#last.values()].filter(({ kind, name, to }) => kind === 'INSTANCE' && to !== 'STOP' && !this.#instances.has(name));
    return this.take(gone.map(({ name, priority, virtualRouterId = 0, interface: on = '' }) => ({ instance: name, interface: on, virtualRouterId, time, from: 'INIT', to: 'INIT', priority, reason: 'not configured any more' })));
  }

  /** Everything that has not stopped stops: the vrrp process is gone. @param time milliseconds since the epoch */
  stopAll(time: number, reason: string): readonly Notice[] {
    return [...this.#last.values()].flatMap((last) => this.#change({ ...last, time, to: 'STOP', reason }));
  }

  /** The last notice of each that has not stopped. */
  get current(): readonly Notice[] {
    return [...this.#last.values()].filter(({ to }) => to !== 'STOP');
  }

  #change(change: Omit<Notice, 'from'>): readonly Notice[] {
    const subject = subjectOf(change);
    const last = this.#last.get(subject);
    if (last?.to === change.to || (last === undefined && change.to === 'STOP')) return [];
    const notice: Notice = { ...change, from: last?.to ?? 'INIT' };
    this.#last.set(subject, notice);
    return [notice];
  }
}
