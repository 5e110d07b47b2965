/** What Node is told when it runs a child. The first line of bin/tandemd.ts tells it the like for the supervisor. */

/**
 * MALLOC_ARENA_MAX: glibc gives threads memory of their own, which each of V8's compiler threads fills and leaves: with one arena for all of them
 * a start touches a third less (mallopt(3)).
 */
export const nodeEnvironment = { MALLOC_ARENA_MAX: '1' } as const;

export const nodeOptions = {
  // V8 throws away the bytecode of what has not run for a while: a takeover, for one, which would wait until it is made again
  vrrp: ['--no-flush-bytecode'],
  // megabytes of what is young: V8 would let it grow to 16 although a probe's objects live for milliseconds
  lvs: ['--max-semi-space-size=2', '--expose-gc'],
} as const;

/** Now that there is time, not in the midst of the next work: of a large file, and of a large table, a start leaves half of what it has made. Where Node was not given `--expose-gc` V8 does so by itself. */
export const collectGarbage = (): void => globalThis.gc?.();
