/** What Node is told when it runs a child. */
export const nodeOptions = {
  // V8 throws away the bytecode of what has not run for a while: a takeover, for one, which would wait until it is made again
  vrrp: ['--no-flush-bytecode'],
  // megabytes of what is young: V8 would let it grow to 16 although a probe's objects live for milliseconds
  lvs: ['--max-semi-space-size=2'],
} as const;
