/** A reload's outcome, and the order of reloads: one after the other, and a burst of signals is one reload. */

export type ReloadOutcome =
  | {
      readonly ok: true;
      readonly dry_run: boolean;
      /** one sentence each; empty = nothing differs */
      readonly changes: readonly string[];
      readonly warnings: readonly string[];
      /** processes that have not put it in force yet */
      readonly pending: readonly string[];
    }
  | {
      readonly ok: false;
      readonly error: string;
      /** what is wrong with the file, for people: lines, carets, help */
      readonly diagnostics: string;
    };

/** Runs tasks one after the other. */
export class Sequence {
  #last: Promise<unknown> = Promise.resolve();
  #signalled: Promise<unknown> | undefined;

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task, task);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** As `run`, but does nothing while a task that was given in this way has not begun yet. */
  runOnce(task: () => Promise<unknown>): void {
    if (this.#signalled !== undefined) return;
    this.#signalled = this.run(() => {
      this.#signalled = undefined;
      return task();
    });
    // the task reports its own failures
    this.#signalled.catch(() => undefined);
  }
}
