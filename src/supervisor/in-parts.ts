/** A configuration on its way to the lvs child: its virtual servers go ahead, in parts, and are put together there. */
import type { VirtualServerConfiguration } from '../config/model.js';
import type { LvsConfigure, LvsConfigureParts, LvsVirtualServers } from './messages.js';

/** Of real servers, some 60 kB of text: each part is gone when the next is read. All at once would be there as it came, as one message, and as objects. */
const largestPart = 500;

function* parts(virtualServers: readonly VirtualServerConfiguration[]): Generator<readonly VirtualServerConfiguration[]> {
  let from = 0;
  let realServers = 0;
  for (const [index, virtualServer] of virtualServers.entries()) {
    realServers += virtualServer.realServers.length;
    if (realServers < largestPart) continue;
    yield virtualServers.slice(from, index + 1);
    from = index + 1;
    realServers = 0;
  }
  if (from < virtualServers.length) yield virtualServers.slice(from);
}

/** The messages that it is sent in, in their order. */
export function* inParts({ virtualServers, ...rest }: LvsConfigure): Generator<LvsVirtualServers | LvsConfigureParts> {
  for (const part of parts(virtualServers)) yield { type: 'virtual_servers', generation: rest.generation, text: JSON.stringify(part) };
  yield rest;
}

/** What has come of a configuration. */
export class ReceivedParts {
  #generation: number | undefined;
  #virtualServers: VirtualServerConfiguration[] = [];

  add({ generation, text }: LvsVirtualServers): void {
    // of one whose rest was dropped
    if (generation !== this.#generation) this.#virtualServers = [];
    this.#generation = generation;
    for (const virtualServer of JSON.parse(text) as readonly VirtualServerConfiguration[]) this.#virtualServers.push(virtualServer);
  }

  /** All of it; nothing of it is kept. */
  whole(configure: LvsConfigureParts): LvsConfigure {
    const virtualServers = configure.generation === this.#generation ? this.#virtualServers : [];
    this.#generation = undefined;
    this.#virtualServers = [];
    return { ...configure, virtualServers };
  }
}
