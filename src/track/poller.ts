/** Looks at something again and again, never twice at once, and rests longer when a look takes long. */

/** a look takes at most this part of the time */
const rest = 9;

export class Poller {
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /**
   * @param look never rejects
   * @param interval milliseconds from the start of one to the start of the next
   */
  constructor(
    private readonly look: () => Promise<void>,
    private readonly interval: number,
  ) {
    void this.#turn();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #turn(): Promise<void> {
    const begin = performance.now();
    await this.look();
    const took = performance.now() - begin;
    if (!this.#closed) this.#timer = setTimeout(() => void this.#turn(), Math.max(this.interval - took, rest * took));
  }
}
