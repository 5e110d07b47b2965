/**
 * The messages between a lab's host side and the agent inside: one JSON object a line, over a serial line. Towards the agent they
 * go in pieces (a line each, `+` before one that is continued, `=` before the last), and each is taken before the next is sent: User-Mode
 * Linux does not read on after a terminal's buffer of 4,096 octets has once been full.
 */
export const pieceLength = 1_000;


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
  /** the agent has read a piece */
  | { readonly type: 'taken' }
  | { readonly type: 'started'; readonly id: number; readonly pid: number }
  | { readonly type: 'output'; readonly id: number; readonly stream: OutputStream; readonly data: string; readonly time: number }
  /** `status` as a shell has it: 128 + the signal's number for one that was killed */
  | { readonly type: 'exit'; readonly id: number; readonly status: number; readonly time: number }
  | { readonly type: 'now'; readonly id: number; readonly time: number };
