/** What Node is told when it runs a child, and by the first line of dist/bin/tandemd.js (build/bundle.ts) when it runs the supervisor. */

/**
 * How glibc gives memory (mallopt(3)): what V8's compiler and the buffers of files take and leave is used again. By itself each thread has an arena of its own,
 * and what is freed goes back to the kernel at once: a start touches a third more memory then.
 */
export const nodeEnvironment = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '33554432', MALLOC_MMAP_THRESHOLD_: '4194304' } as const;

// megabytes of what is young: V8 would let it grow to 16 although a probe's objects live for milliseconds, and what a file is read into is there once
const lean = ['--max-semi-space-size=2', '--expose-gc', '--no-opt', '--no-maglev'] as const;

export const nodeOptions = {
  // what it does in a start and in a reload runs once: optimized, it takes more memory and processor time than it saves
  tandemd: lean,
  // V8 throws away the bytecode of what has not run for a while: a takeover, for one, which would wait until it is made again
  vrrp: ['--no-flush-bytecode'],
  // the same is true of a table that is made, not of checks: see optimizeFromNow
  lvs: lean,
} as const;

/** The end of `--no-opt` (without Maglev, whose code later versions of V8 would keep for ever): V8 heeds it whenever it is set, but refuses code caches (build/code-cache.ts) of what is loaded from now on. */
export const optimizeFromNow = async (): Promise<void> => {
  const { setFlagsFromString } = await import('node:v8');
  setFlagsFromString('--opt');
};

/** Now that there is time, not in the midst of the next work: of a large file, and of a large table, a start leaves half of what it has made. Where Node was not given `--expose-gc` V8 does so by itself. */
export const collectGarbage = (): void => globalThis.gc?.();
