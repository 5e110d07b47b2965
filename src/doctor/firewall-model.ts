/**
 * What a firewall does with a packet of which not everything is known: iptables and nft are read into one form, and walked in three-valued
 * logic. Only what is dropped whatever the unknown parts are counts as dropped. Pure.
 */
import type { Family } from '../network/ip-address.js';

export type Truth = 'yes' | 'no' | 'maybe';

/** Undefined = not known. */
export interface Traffic {
  readonly family: Family;
  readonly hook: 'input' | 'output' | 'forward';
  readonly in?: string | undefined;
  readonly out?: string | undefined;
  readonly source?: string | undefined;
  readonly destination?: string | undefined;
  /** its number */
  readonly protocol: number;
  readonly sourcePort?: number | undefined;
  readonly destinationPort?: number | undefined;
  /** of ICMP */
  readonly type?: number | undefined;
  /** of connection tracking */
  readonly state?: 'new' | undefined;
}

export type Action = { readonly kind: 'accept' | 'drop' | 'return' | 'continue' | 'unknown' } | { readonly kind: 'jump' | 'goto'; readonly chain: string };

export interface Rule {
  readonly matches: (traffic: Traffic) => Truth;
  readonly action: Action;
  /** as the program prints it */
  readonly text: string;
}

export interface Chain {
  readonly name: string;
  readonly rules: readonly Rule[];
}

/** A chain that the kernel calls itself. */
export interface BaseChain extends Chain {
  readonly families: readonly Family[];
  readonly hooks: readonly Traffic['hook'][];
  readonly policy: 'accept' | 'drop';
  /** `iptables -t filter`, `nft table inet fw` */
  readonly where: string;
  /** chains of its table, by name */
  readonly others: ReadonlyMap<string, Chain>;
}

export const not = (truth: Truth): Truth => (truth === 'maybe' ? 'maybe' : truth === 'yes' ? 'no' : 'yes');
export const both = (truths: readonly Truth[]): Truth => (truths.includes('no') ? 'no' : truths.includes('maybe') ? 'maybe' : 'yes');
export const either = (truths: readonly Truth[]): Truth => (truths.includes('yes') ? 'yes' : truths.includes('maybe') ? 'maybe' : 'no');
export const truth = (value: boolean): Truth => (value ? 'yes' : 'no');

type Outcome = 'accept' | 'drop' | 'return' | 'unknown';

interface Walk {
  readonly outcomes: ReadonlySet<Outcome>;
  /** the rule, or the policy, that drops */
  readonly dropper: string | undefined;
}

const deepest = 32;

const walk = (base: BaseChain, chain: Chain, traffic: Traffic, depth: number): Walk => {
  const outcomes = new Set<Outcome>();
  let dropper: string | undefined;
  if (depth > deepest) return { outcomes: new Set(['unknown']), dropper };
  for (const rule of chain.rules) {
    const { action } = rule;
    if (action.kind === 'continue') continue;
    const matched = rule.matches(traffic);
    if (matched === 'no') continue;
    if (action.kind === 'jump' || action.kind === 'goto') {
      const target = base.others.get(action.chain);
      const inner: Walk = target ? walk(base, target, traffic, depth + 1) : { outcomes: new Set(['unknown']), dropper: undefined };
      dropper ??= inner.dropper;
      for (const outcome of inner.outcomes) if (outcome !== 'return' || action.kind === 'goto') outcomes.add(outcome);
      if (matched === 'yes' && (action.kind === 'goto' || !inner.outcomes.has('return'))) return { outcomes, dropper };
      continue;
    }
    if (action.kind === 'drop') dropper ??= rule.text;
    outcomes.add(action.kind);
    if (matched === 'yes') return { outcomes, dropper };
  }
  outcomes.add('return');
  return { outcomes, dropper };
};

export interface Drop {
  readonly base: BaseChain;
  /** `iptables -t filter: -A INPUT -j DROP` */
  readonly text: string;
}

/** Where a packet is dropped for certain; undefined = it is not, or that cannot be told. */
export const droppedBy = (chains: readonly BaseChain[], traffic: Traffic): Drop | undefined => {
  for (const base of chains) {
    if (!base.families.includes(traffic.family) || !base.hooks.includes(traffic.hook)) continue;
    const { outcomes, dropper } = walk(base, base, traffic, 0);
    const final = new Set([...outcomes].map((outcome) => (outcome === 'return' ? base.policy : outcome)));
    if (final.size !== 1 || !final.has('drop')) continue;
    return { base, text: `${base.where}: ${dropper !== undefined && !outcomes.has('return') ? dropper : `the policy of ${base.name} is DROP, and no rule accepts it`}` };
  }
  return undefined;
};
