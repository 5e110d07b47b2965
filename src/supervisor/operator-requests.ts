/** The operator's commands to the election: from the control socket to the vrrp child and back. */
import type { CommandHandler, Reply, Request } from '../control/server.js';
import { toMilliseconds } from '../time/microseconds.js';
import { explain } from '../vrrp/explain.js';
import type { OperatorReply, OperatorRequest } from './operator.js';

/** Requests on their way; each is answered once. */
export class OperatorRequests {
  readonly #waiting = new Map<number, (reply: OperatorReply) => void>();
  #id = 0;

  /** @param send gives a request to the child; false when it is not there */
  constructor(private readonly send: (id: number, request: OperatorRequest) => boolean) {}

  /** A handover takes as long as it takes: there is no limit here, the child has one. */
  ask(request: OperatorRequest): Promise<OperatorReply> {
    const id = ++this.#id;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      if (!this.send(id, request)) this.answered(id, { ok: false, error: 'the process vrrp is not running, it is being started again' });
    });
  }

  answered(id: number, reply: OperatorReply): void {
    this.#waiting.get(id)?.(reply);
    this.#waiting.delete(id);
  }

  /** The child died, and what it was asked with it. */
  died(): void {
    for (const id of [...this.#waiting.keys()]) this.answered(id, { ok: false, error: 'the process vrrp ended before it answered' });
  }
}

const withInstance = ({ instance }: Request, make: (instance: string) => Promise<OperatorReply>): Promise<Reply> | Reply =>
  typeof instance === 'string' ? make(instance).then(plainReply) : { ok: false, error: 'the command needs an "instance"' };

/** As it goes over the control socket. */
const plainReply = (reply: OperatorReply): Reply => {
  if (!reply.ok) return reply;
  switch (reply.kind) {
    case 'failover':
      return { ok: true, handovers: reply.handovers.map(({ instance, master, priority, duration }) => ({ instance, master, priority, duration_ms: Math.round(toMilliseconds(duration)) })) };
    case 'reclaim':
      return { ok: true, message: reply.message };
    case 'reset_counters':
      return { ok: true, instances: reply.instances };
    case 'explain':
      return { ok: true, sentences: explain(reply.facts) };
  }
};

export const operatorCommands = (requests: OperatorRequests): Readonly<Record<string, CommandHandler>> => ({
  failover: (request) =>
    withInstance(request, (instance) =>
      requests.ask(request['cancel'] === true ? { kind: 'reclaim', instance } : { kind: 'failover', instance, force: request['force'] === true }),
    ),
  reset_counters: ({ instance }) => requests.ask({ kind: 'reset_counters', instance: typeof instance === 'string' ? instance : undefined }).then(plainReply),
  explain: (request) => withInstance(request, (instance) => requests.ask({ kind: 'explain', instance })),
});
