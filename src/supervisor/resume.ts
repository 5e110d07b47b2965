/** Which instances a new vrrp child resumes as master: those that the last one was master of when it died. Pure. */
import { plus, type Microseconds } from '../time/microseconds.js';
import type { Masters, VrrpConfigure } from './messages.js';

export class ResumeList {
  #masters: Masters['instances'] | undefined;
  #entries: VrrpConfigure['resume'] = [];

  /** The child says what it is master of. */
  masters(instances: Masters['instances']): void {
    this.#masters = instances;
  }

  /** The child died at `now`. One that died before it said anything changes nothing: what its predecessor held still counts. */
  died(now: Microseconds): void {
    if (this.#masters === undefined) return;
    this.#entries = this.#masters.map(({ instance, masterDownInterval }) => ({ instance, until: plus(now, masterDownInterval) }));
    this.#masters = undefined;
  }

  /** Those whose master down interval has not passed yet: the peer has not taken over. */
  at(now: Microseconds): VrrpConfigure['resume'] {
    return this.#entries.filter(({ until }) => until > now);
  }
}
