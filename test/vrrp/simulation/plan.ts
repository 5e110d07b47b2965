/** What a simulated history is made of: routers, their clocks and configuration, and what befalls them and their network. Plain data. */
import type { Microseconds } from '../../../src/time/microseconds.js';
import type { Settings } from '../../../src/vrrp/machine.js';

export interface InstancePlan {
  readonly settings: Omit<Settings, 'grouped'>;
  readonly group: string | undefined;
}

export interface RouterPlan {
  /** when it is first started */
  readonly startAt: Microseconds;
  /** its monotonic clock runs so many millionths too fast; NTP slews by 500 at most */
  readonly drift: number;
  /** by name; each is a virtual router on a segment of its own */
  readonly instances: Readonly<Record<string, InstancePlan>>;
}

/** A duration of Infinity lasts to the end of the history. Routers are counted round, so that every number is one. */
export type Disturbance = { readonly at: number; readonly duration: number } & (
  /**
   * Without a word: the vrrp child (its supervisor lives, and lets the next one resume), the daemon with its supervisor (its
   * addresses stay in the kernel), or the host (nothing stays)
   */
  | { readonly type: 'crash'; readonly router: number; readonly what: 'child' | 'daemon' | 'host' }
  /** in order, and a new process afterwards */
  | { readonly type: 'stop'; readonly router: number }
  /** SIGSTOP and SIGCONT: its clock goes on, its sockets keep the first `keeps` packets */
  | { readonly type: 'pause'; readonly router: number; readonly keeps: number }
  /** a virtual machine stands still, hears nothing, and its clock stands still with it or jumps at the end: hypervisors do both */
  | { readonly type: 'suspend'; readonly router: number; readonly clock: 'stops' | 'jumps' }
  /** its clock runs at another rate from now on */
  | { readonly type: 'drift'; readonly router: number; readonly drift: number }
  /** with the link nothing is sent or received; otherwise a tracker says so */
  | { readonly type: 'fault'; readonly router: number; readonly instance: string; readonly link: boolean }
  /** a tracker's weight, on one instance or on all */
  | { readonly type: 'weight'; readonly router: number; readonly instance: string | undefined; readonly weight: number }
  /** a reload gives all its instances other settings, for good */
  | { readonly type: 'reload'; readonly router: number; readonly change: Partial<Pick<Settings, 'priority' | 'preempt' | 'preemptDelay' | 'advertisementInterval'>> }
  /** reloads take an instance away and bring it back */
  | { readonly type: 'without'; readonly router: number; readonly instance: string }
  /** the routers are reloaded one after the other, so far apart: with or without the sync group */
  | { readonly type: 'regroup'; readonly grouped: boolean; readonly apart: number }
  /** the operator hands it over if it is master, and takes the order back at the end */
  | { readonly type: 'handover'; readonly router: number; readonly instance: string }
  /** what one sends does not arrive at another, on one segment or on all */
  | { readonly type: 'cut'; readonly from: number; readonly to: number; readonly instance: string | undefined }
  /** bit by router: those with 1 and those with 0 do not hear each other */
  | { readonly type: 'partition'; readonly sides: number; readonly instance: string | undefined }
  /** this share of all packets */
  | { readonly type: 'loss'; readonly share: number }
  /** up to so long, so that packets overtake each other */
  | { readonly type: 'delay'; readonly longest: number }
  | { readonly type: 'duplication'; readonly share: number }
);

export interface Plan {
  readonly routers: readonly RouterPlan[];
  readonly disturbances: readonly Disturbance[];
  /** no chance at all: every packet takes the same time, and no timer is late */
  readonly inStep: boolean;
  readonly seed: number;
}
