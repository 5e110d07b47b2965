/** The messages between a lab's host side and the agent inside: one JSON object a line, over a serial line. */

export type ToAgent =
  /** run a bash script, as the leader of a process group of its own */
  | { readonly type: 'start'; readonly id: number; readonly script: string }
  | { readonly type: 'signal'; readonly id: number; readonly signal: NodeJS.Signals; readonly group: boolean }
  | { readonly type: 'now'; readonly id: number }
  | { readonly type: 'power_off' };

export type OutputStream = 'stdout' | 'stderr';

/** `time`: milliseconds since the epoch by the guest's clock, which never steps. */
export type FromAgent =
  | { readonly type: 'ready' }
  | { readonly type: 'started'; readonly id: number; readonly pid: number }
  | { readonly type: 'output'; readonly id: number; readonly stream: OutputStream; readonly data: string; readonly time: number }
  /** `status` as a shell has it: 128 + the signal's number for one that was killed */
  | { readonly type: 'exit'; readonly id: number; readonly status: number; readonly time: number }
  | { readonly type: 'now'; readonly id: number; readonly time: number };
