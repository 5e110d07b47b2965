/** The one line that the service manager shows of us (`systemctl status`): who is master of what, how many real servers are healthy, what hangs. */
import type { Child } from './child.js';
import { summarise } from './compose-status.js';
import type { Counted, FromLvs, FromVrrp, ToLvs, ToVrrp } from './messages.js';

export class SummaryLine {
  /** of the last that lvs has counted, however old */
  #counted: Counted | undefined;
  #said = '';

  constructor(
    private readonly vrrp: Pick<Child<ToVrrp, FromVrrp>, 'name' | 'responding' | 'status' | 'lastStatus'>,
    private readonly lvs: Pick<Child<ToLvs, FromLvs>, 'name' | 'responding' | 'ready' | 'send'>,
    private readonly say: (line: string) => void,
  ) {}

  /** Says it when it is another than the last one; what lvs counts comes a moment later. */
  async refresh(): Promise<void> {
    if (this.lvs.ready) this.lvs.send({ type: 'count' });
    await this.#tell();
  }

  counted(counted: Counted): void {
    const changed = counted.healthy !== this.#counted?.healthy || counted.servers !== this.#counted.servers;
    this.#counted = counted;
    if (changed) void this.#tell();
  }

  async #tell(): Promise<void> {
    const status = (await this.vrrp.status()) ?? this.vrrp.lastStatus;
    const troubled = [this.vrrp, this.lvs].filter((child) => !child.responding).map((child) => child.name);
    const line = summarise(status, this.#counted, troubled);
    if (line === this.#said) return;
    this.#said = line;
    this.say(line);
  }
}
