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

  /** Now that there is time, it makes the later ones quick, and those that a reload asks for. */
  private async first(): Promise<void> {
    await optimizeFromNow();
    await this.audit();
    collectGarbage();
  }

  private next(milliseconds: number): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => {
      if (milliseconds === firstMilliseconds) void this.first();
      else void this.audit();
      this.next(Math.min(2 * milliseconds, longestMilliseconds));
    }, milliseconds);
  }
}
