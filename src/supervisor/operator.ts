/** What the operator may want of the vrrp child, and what it answers: plain data. */
import type { Microseconds } from '../time/microseconds.js';
import type { ExplainFacts } from '../vrrp/explain.js';

export type OperatorRequest =
  /** hands an instance over, with its sync group; `force`: also when no other router was ever heard */
  | { readonly kind: 'failover'; readonly instance: string; readonly force: boolean }
  /** takes a handover back */
  | { readonly kind: 'reclaim'; readonly instance: string }
  /** sets the counters of one instance, or of all, back to 0 */
  | { readonly kind: 'reset_counters'; readonly instance: string | undefined }
  /** what `explain` needs to know */
  | { readonly kind: 'explain'; readonly instance: string };

/** An instance that another router is master of now. */
export interface Handover {
  readonly instance: string;
  /** address of the new master */
  readonly master: string;
  readonly priority: number;
  /** from the resignation to the new master's first advertisement */
  readonly duration: Microseconds;
}

export type OperatorReply =
  | { readonly ok: true; readonly kind: 'failover'; readonly handovers: readonly Handover[] }
  /** a sentence on what follows */
  | { readonly ok: true; readonly kind: 'reclaim'; readonly message: string }
  | { readonly ok: true; readonly kind: 'reset_counters'; /** as they were */ readonly instances: readonly { readonly name: string; readonly counters: Readonly<Record<string, number>> }[] }
  | { readonly ok: true; readonly kind: 'explain'; readonly facts: ExplainFacts }
  | { readonly ok: false; readonly error: string };
