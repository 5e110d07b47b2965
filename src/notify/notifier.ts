/** Runs the notify commands of instances and sync groups, in the order that `order.ts` decides, and says what became of them. */
import type { Configuration, NotifyConfiguration, VrrpConfiguration } from '../config/model.js';
import { counted, event, type Report } from '../control/event.js';
import { commandsFor, environmentFor } from './arguments.js';
import { Command, type Ending } from '../supervisor/command.js';
import { toMilliseconds } from '../time/microseconds.js';
import { subjectOf, type Notice, type NoticeState } from './notice.js';
import { initialOrder, stepOrder, type Delivery, type OrderEvent } from './order.js';

/** What the election needs to know: a changed command is no change there. */
export const withoutNotify = ({ instances, syncGroups, ...vrrp }: VrrpConfiguration): VrrpConfiguration => ({
  ...vrrp,
  instances: instances.map((instance) => ({ ...instance, notify: undefined })),
  syncGroups: syncGroups.map((group) => ({ ...group, notify: undefined })),
});

/** What went wrong, in words; undefined = nothing. */
const failureOf = (ending: Ending): string | undefined => {
  switch (ending.type) {
    case 'exit':
      return ending.status === 0 ? undefined : `ended with status ${ending.status}`;
    case 'signal':
      return `was ended by ${ending.signal}`;
    case 'not_run':
      return `cannot be run: ${ending.why}`;
    case 'not_trusted':
      return `is not run as root: ${ending.why}`;
  }
};

export class Notifier {
  #order = initialOrder;
  #settings = new Map<string, NotifyConfiguration>();
  #routerId = '';
  readonly #commands = new Map<Command, NoticeState>();
  /** those that the stop could not wait for */
  readonly #cut = new Set<Command>();
  readonly #idle = new Set<() => void>();

  constructor(private readonly report: Report) {}

  /** Runs nothing. What is not configured any more keeps its commands until it has stopped. */
  configure({ routerId, vrrp }: Pick<Configuration, 'routerId' | 'vrrp'>): void {
    this.#routerId = routerId;
    const named = [...vrrp.instances.map((instance) => ['INSTANCE', instance] as const), ...vrrp.syncGroups.map((group) => ['GROUP', group] as const)];
    for (const [kind, { name, notify }] of named) {
      const subject = subjectOf({ kind, name });
      if (notify === undefined) this.#settings.delete(subject);
      else this.#settings.set(subject, notify);
    }
  }

  notify(notices: readonly Notice[]): void {
    for (const notice of notices) if (this.#settings.has(subjectOf(notice))) this.#step({ type: 'notice', notice });
  }

  /** Waits for what runs and waits; after half of `milliseconds` what is not for a stop is ended, after all of it everything. */
  async finish(milliseconds: number): Promise<void> {
    if (this.#order.running === 0) return;
    await new Promise<void>((resolve) => {
      const end = (commands: readonly Command[]): void => {
        if (commands.length === 0) return;
        this.report(event('warn', `${counted(commands.length, 'notify command')} did not end in time for the stop`, { commands: commands.length }));
        for (const command of commands) {
          this.#cut.add(command);
          command.end();
        }
      };
      const idle = (): void => {
        clearTimeout(timer);
        clearTimeout(early);
        this.#idle.delete(idle);
        resolve();
      };
      const timer = setTimeout(() => {
        end([...this.#commands.keys()]);
        setTimeout(idle, 500);
      }, milliseconds);
      const early = setTimeout(() => end([...this.#commands].flatMap(([command, state]) => (state === 'STOP' ? [] : [command]))), milliseconds / 2);
      this.#idle.add(idle);
    });
  }

  #step(orderEvent: OrderEvent): void {
    const { state, deliveries } = stepOrder(this.#order, orderEvent);
    this.#order = state;
    for (const delivery of deliveries) void this.#deliver(delivery);
    if (state.running === 0) for (const idle of this.#idle) idle();
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const subject = subjectOf(delivery.notice);
    const notify = this.#settings.get(subject);
    if (notify !== undefined) for (const command of commandsFor(notify, delivery)) await this.#run(command, notify, delivery);
    this.#step({ type: 'done', subject });
  }

  async #run(command: readonly string[], { timeout, user }: NotifyConfiguration, delivery: Delivery): Promise<void> {
    const { notice, skipped } = delivery;
    const { kind, name, to } = notice;
    const fields = { [kind.toLowerCase()]: name, to, command: command.join(' ') };
    const [file = ''] = command;
    const running = new Command({
      command,
      environment: ({ home }) => ({ ...environmentFor(delivery, this.#routerId), HOME: home, USER: user, LOGNAME: user }),
      timeout: toMilliseconds(timeout),
      user,
      trustedOnly: true,
      output: {
        onLine: (line) => this.report(event('info', `${name}: ${file}: ${line}`, { [kind.toLowerCase()]: name, to })),
        onSuppressed: (count) => this.report(event('warn', `${name}: ${file} printed ${count} lines more`, { [kind.toLowerCase()]: name, to })),
      },
    });
    const begin = performance.now();
    this.#commands.set(running, to);
    const ending = await running.ended;
    const failure = running.endedBy === undefined ? failureOf(ending) : `${this.#cut.has(running) ? 'still ran at the stop' : `did not end within ${toMilliseconds(timeout) / 1_000} s`} and was ${running.endedBy}`;
    const milliseconds = performance.now() - begin;
    this.#commands.delete(running);
    this.#cut.delete(running);
    const details = { ...fields, ...(skipped === 0 ? undefined : { skipped }), took_ms: Math.round(milliseconds) } as const;
    if (failure === undefined) this.report(event('info', `${name}: the command for ${to} is done`, details));
    else this.report(event('warn', `${name}: the command for ${to}, ${file}, ${failure}`, details));
  }
}
