/**
 * The order of notify commands: for each subject (an instance, a sync group, a quorum, a real server) one after the other, never two at once; what was passed
 * through while a command ran is skipped and counted, and the last state always arrives. Pure.
 */
import { happeningKey, isOver, type CommandNotice } from './happening.js';

/** Subjects whose commands run at once: two hundred instances that fail over together must not start two hundred programs. */
export const RUNNING_LIMIT = 16;

export interface Delivery {
  /** `from` is the state that was delivered before, so that what a command hears is a chain */
  readonly notice: CommandNotice;
  /** states that were passed through since the last delivery, and are not told */
  readonly skipped: number;
}

interface SubjectState {
  readonly delivered: CommandNotice['from'];
  readonly running: boolean;
  readonly waiting: Delivery | undefined;
}

/** By subject; those with something waiting are served in the order in which it began to wait. */
export interface OrderState {
  readonly subjects: ReadonlyMap<string, SubjectState>;
  readonly queue: readonly string[];
  readonly running: number;
}

export const initialOrder: OrderState = { subjects: new Map(), queue: [], running: 0 };

export type OrderEvent =
  | { readonly type: 'notice'; readonly notice: CommandNotice }
  /** every command of what was last delivered to the subject has ended */
  | { readonly type: 'done'; readonly subject: string };

export interface OrderStep {
  readonly state: OrderState;
  /** to be run now */
  readonly deliveries: readonly Delivery[];
}

const take = (before: OrderState, { notice }: Extract<OrderEvent, { type: 'notice' }>): OrderState => {
  const subject = happeningKey(notice);
  const { delivered, running, waiting } = before.subjects.get(subject) ?? { delivered: notice.from, running: false, waiting: undefined };
  const next: Delivery = { notice: { ...notice, from: delivered }, skipped: waiting === undefined ? 0 : waiting.skipped + 1 };
  return {
    ...before,
    subjects: new Map(before.subjects).set(subject, { delivered, running, waiting: next }),
    queue: before.queue.includes(subject) ? before.queue : [...before.queue, subject],
  };
};

const end = (before: OrderState, { subject }: Extract<OrderEvent, { type: 'done' }>): OrderState => {
  const known = before.subjects.get(subject);
  if (known?.running !== true) return before;
  const subjects = new Map(before.subjects);
  // what has stopped and has nothing to hear any more is forgotten
  if (isOver({ to: known.delivered }) && known.waiting === undefined) subjects.delete(subject);
  else subjects.set(subject, { ...known, running: false });
  return { ...before, subjects, running: before.running - 1 };
};

const deliver = (before: OrderState, limit: number): OrderStep => {
  const subjects = new Map(before.subjects);
  const deliveries: Delivery[] = [];
  let { running } = before;
  const queue = before.queue.filter((subject) => {
    const known = subjects.get(subject);
    if (known?.waiting === undefined) return false;
    if (known.running || running >= limit) return true;
    running++;
    deliveries.push(known.waiting);
    subjects.set(subject, { delivered: known.waiting.notice.to, running: true, waiting: undefined });
    return false;
  });
  return { state: { subjects, queue, running }, deliveries };
};

export const stepOrder = (before: OrderState, event: OrderEvent, limit = RUNNING_LIMIT): OrderStep =>
  deliver(event.type === 'notice' ? take(before, event) : end(before, event), limit);
