/** The FIFO that the configuration names, or none: loaded only when there is one. */
import type { Report } from '../control/event.js';
import type { NotifyFifo } from './fifo.js';
import type { Happening } from './happening.js';

export class FifoKeeper {
  #path: string | undefined;
  #fifo: NotifyFifo | undefined;

  /** @param current how things stand, for a reader who comes */
  constructor(
    private readonly current: () => readonly Happening[],
    private readonly report: Report,
  ) {}

  configure(path: string | undefined): void {
    if (path === this.#path) return;
    this.#path = path;
    this.#fifo?.close();
    this.#fifo = undefined;
    if (path !== undefined) void this.#open(path);
  }

  write(notices: readonly Happening[]): void {
    this.#fifo?.write(notices);
  }

  async #open(path: string): Promise<void> {
    const { NotifyFifo } = await import('./fifo.js');
    // another reload came first
    if (this.#path === path && this.#fifo === undefined) this.#fifo = new NotifyFifo(path, this.current, this.report);
  }
}
