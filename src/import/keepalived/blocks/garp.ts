/** Keywords of gratuitous ARP, alike in `global_defs` (with `vrrp_` before them) and in instances. */
import type { GarpDraft } from '../drafts.js';
import type { Keyword } from '../keyword.js';
import { integer, seconds } from '../values.js';

export const garpKeywords = <Draft extends { readonly garp: GarpDraft }>(prefix: string, key: string): readonly Keyword<Draft>[] => [
  {
    names: [`${prefix}garp_master_repeat`],
    becomes: `${key}.repeat`,
    most: 1,
    read: (statement, { garp }, findings) => {
      const value = integer(statement, { from: 0, to: 2_147_483_647 }, findings);
      // as keepalived has it: once at least
      if (value !== undefined) garp.repeat = Math.max(1, Math.min(value, 100));
    },
  },
  {
    names: [`${prefix}garp_master_delay`],
    becomes: `${key}.delay`,
    most: 1,
    read: (statement, { garp }, findings) => {
      const value = seconds(statement, { from: 0, to: 3_600 }, findings);
      if (value !== undefined) garp.delay = value;
    },
  },
  {
    names: [`${prefix}garp_master_refresh`],
    becomes: `${key}.refresh`,
    most: 1,
    read: (statement, { garp }, findings) => {
      const value = seconds(statement, { from: 0, to: 86_400 }, findings);
      if (value !== undefined) garp.refresh = value;
    },
  },
  { names: [`${prefix}garp_master_refresh_repeat`], reason: 'a refresh announces each address once', remedy: `give a shorter ${key}.refresh` },
  {
    names: [`${prefix}garp_lower_prio_repeat`, `${prefix}garp_lower_prio_delay`],
    reason: 'after an advertisement of lower priority the addresses are announced as at a take-over',
    remedy: 'nothing is to be done',
  },
];
