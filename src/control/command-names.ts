/** The names of `tandem`'s commands, and what a prefix of one stands for. Pure. */

export const builtCommands = ['check', 'status', 'reload', 'events', 'counters', 'failover', 'explain', 'replay', 'ipvs', 'import', 'realserver'] as const;
/** Named by the product, built later. */
export const reservedCommands = ['drain', 'enable', 'disable', 'weight', 'doctor'] as const;

const names: readonly string[] = [...builtCommands, ...reservedCommands, 'help'];

export type CommandMatch =
  | { readonly kind: 'built' | 'reserved'; readonly name: string }
  | { readonly kind: 'ambiguous'; readonly candidates: readonly string[] }
  | { readonly kind: 'unknown' };

/** Reserved names count, so that a prefix means the same in later versions. */
export const matchCommand = (prefix: string): CommandMatch => {
  const candidates = names.includes(prefix) ? [prefix] : names.filter((name) => name.startsWith(prefix));
  const [name] = candidates;
  if (name === undefined || prefix === '') return { kind: 'unknown' };
  if (candidates.length > 1) return { kind: 'ambiguous', candidates };
  return { kind: reservedCommands.some((reserved) => reserved === name) ? 'reserved' : 'built', name };
};
