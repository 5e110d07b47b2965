/** What this process or this host has no more of: descriptors, buffers, memory. Pure. */

/** errno's names: what lacks then is ours, whatever the other side does. */
const codes: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM']);
/** As strerror(3) puts them, where an error has no code. */
const words = /too many open files|no buffer space available|cannot allocate memory/i;

/** Whether an error, or what caused it, is such a shortage. */
export const isShortage = (error: unknown): boolean => {
  if (typeof error !== 'object' || error === null) return false;
  const { code, message, cause }: { readonly code?: unknown; readonly message?: unknown; readonly cause?: unknown } = error;
  return codes.has(code) || (code === undefined && words.test(String(message))) || isShortage(cause);
};
