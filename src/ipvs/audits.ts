/** When the kernel's table is looked at although nothing has happened: soon after a start, since others start then too, then after ever longer times up to half a minute, for ever. */
import { collectGarbage, optimizeFromNow } from '../supervisor/node-options.js';

const firstMilliseconds = 1_000;
const longestMilliseconds = 30_000;

export class Audits {
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;

  /** @param audit never rejects */
  constructor(private readonly audit: () => Promise<void>) {}

  /** The first time only. */
  begin(): void {
    if (this.timer === undefined) this.next(firstMilliseconds);
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  private next(milliseconds: number): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => {
      const done = this.audit();
      if (milliseconds === firstMilliseconds) void done.then(collectGarbage).then(optimizeFromNow);
      this.next(Math.min(2 * milliseconds, longestMilliseconds));
    }, milliseconds);
  }
}
