/** Runs the commands of instances, sync groups, quorums and real servers, in the order that `order.ts` decides, and says what became of them. */
import type { ChangeCommands, Configuration, NotifyConfiguration, RealServerConfiguration, VrrpConfiguration } from '../config/model.js';
import { counted, event, type Report } from '../control/event.js';
import { commandsFor, environmentFor } from './arguments.js';
import { Command, type Ending } from '../supervisor/command.js';
import { toMilliseconds } from '../time/microseconds.js';
import { describeEndpoint } from '../health/wording.js';
import { happeningKey, isOver, type CommandNotice } from './happening.js';
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

const hasCommands = ({ commands }: RealServerConfiguration): boolean => commands !== undefined;

export class Notifier {
  #order = initialOrder;
  #settings = new Map<string, NotifyConfiguration | ChangeCommands>();
  #routerId = '';
  readonly #commands = new Map<Command, CommandNotice['to']>();
  /** those that the stop could not wait for */
  readonly #cut = new Set<Command>();
  readonly #idle = new Set<() => void>();

  constructor(private readonly report: Report) {}

  /** Runs nothing. What is not configured any more keeps its commands until it has stopped. */
  configure({ routerId, vrrp, virtualServers }: Pick<Configuration, 'routerId' | 'vrrp' | 'virtualServers'>): void {
    this.#routerId = routerId;
    for (const { name, notify } of vrrp.instances) this.#set({ kind: 'INSTANCE', name }, notify);
    for (const { name, notify } of vrrp.syncGroups) this.#set({ kind: 'GROUP', name }, notify);
    // of ten thousand real servers most have no commands, and where nobody had any none are to be forgotten
    const hadNone = this.#settings.size === 0;
    for (const { name: virtualServer, quorum, realServers } of virtualServers) {
      if (!hadNone || quorum.commands !== undefined) this.#set({ kind: 'VIRTUAL_SERVER', name: virtualServer, virtualServer }, quorum.commands);
      for (const server of hadNone ? realServers.filter(hasCommands) : realServers) this.#set({ kind: 'REAL_SERVER', name: describeEndpoint(server), virtualServer }, server.commands);
    }
  }

  #set(subject: Pick<CommandNotice, 'kind' | 'name' | 'virtualServer'>, settings: NotifyConfiguration | ChangeCommands | undefined): void {
    if (settings === undefined) this.#settings.delete(happeningKey(subject));
    else this.#settings.set(happeningKey(subject), settings);
  }

  /** Whether it has commands. `subject`: see `happeningKey`. */
  has(subject: string): boolean {
    return this.#settings.has(subject);
  }

  notify(notices: readonly CommandNotice[]): void {
    for (const notice of notices) if (this.has(happeningKey(notice))) this.#step({ type: 'notice', notice });
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
      const early = setTimeout(() => end([...this.#commands].flatMap(([command, state]) => (isOver({ to: state }) ? [] : [command]))), milliseconds / 2);
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
    const subject = happeningKey(delivery.notice);
    const notify = this.#settings.get(subject);
    if (notify !== undefined) for (const command of commandsFor(notify, delivery)) await this.#run(command, notify, delivery);
    this.#step({ type: 'done', subject });
  }

  async #run(command: readonly string[], { timeout, user }: NotifyConfiguration | ChangeCommands, delivery: Delivery): Promise<void> {
    const { notice, skipped } = delivery;
    const { kind, to } = notice;
    const name = kind === 'REAL_SERVER' ? `real server ${notice.name} of ${notice.virtualServer ?? ''}` : notice.name;
    const fields = { [kind.toLowerCase()]: notice.name, to, command: command.join(' ') };
    const [file = ''] = command;
    const running = new Command({
      command,
      environment: ({ home }) => ({ ...environmentFor(delivery, this.#routerId), HOME: home, USER: user, LOGNAME: user }),
      timeout: toMilliseconds(timeout),
      user,
      trustedOnly: true,
      output: {
        onLine: (line) => this.report(event('info', `${name}: ${file}: ${line}`, { [kind.toLowerCase()]: notice.name, to })),
        onSuppressed: (count) => this.report(event('warn', `${name}: ${file} printed ${count} lines more`, { [kind.toLowerCase()]: notice.name, to })),
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
