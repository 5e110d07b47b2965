/**
 * Rules of our own in the host's ARP filter that keep it silent about addresses: what comes in and asks for one is dropped, what goes
 * out with one as sender gets the interface's own. In the form in which `arptables -n -L` prints them, with both back ends. Pure.
 */

export const inputChain = 'TANDEM-ARP-IN';
export const outputChain = 'TANDEM-ARP-OUT';

/** The rules of one of our chains, in order, and the jumps to it; absent rules: there is no such chain. */
export interface ArpChain {
  readonly rules: readonly string[] | undefined;
  readonly jumps: number;
}

export interface ArpRules {
  readonly input: ArpChain;
  readonly output: ArpChain;
}

/** Rules of each chain, e.g. `-j DROP -d 192.0.2.1`. */
export interface WantedArpRules {
  readonly input: readonly string[];
  readonly output: readonly string[];
}

/** @param sources the interfaces that have an address to put in its place; out of the others nothing goes in the name of `address` */
export const silenceRules = (address: string, sources: readonly { readonly name: string; readonly source: string }[]): WantedArpRules => ({
  input: [`-j DROP -d ${address}`],
  output: [...sources.map(({ name, source }) => `-j mangle -o ${name} -s ${address} --mangle-ip-s ${source}`), `-j DROP -s ${address}`],
});

/** What `arptables -n -L` prints. */
export const parseArpRules = (listing: string): ArpRules => {
  const chains = new Map<string, string[]>();
  let rules: string[] = [];
  for (const line of listing.split('\n').map((each) => each.trim())) {
    const chain = /^Chain (\S+) /.exec(line)?.[1];
    if (chain !== undefined) chains.set(chain, (rules = []));
    else if (line.startsWith('-')) rules.push(line.replaceAll(/ +/g, ' '));
  }
  const found = (hook: string, name: string): ArpChain => ({ rules: chains.get(name), jumps: (chains.get(hook) ?? []).filter((rule) => rule === `-j ${name}`).length });
  return { input: found('INPUT', inputChain), output: found('OUTPUT', outputChain) };
};

const addressOf = (rule: string): string => / -[sd] (\S+)/.exec(rule)?.[1] ?? '';

const byAddress = (rules: readonly string[]): ReadonlyMap<string, readonly string[]> => {
  const groups = new Map<string, string[]>();
  for (const rule of rules) {
    const group = groups.get(addressOf(rule)) ?? [];
    group.push(rule);
    groups.set(addressOf(rule), group);
  }
  return groups;
};

type Command = readonly string[];
const words = (rule: string): readonly string[] => rule.split(' ');

const chainCommands = (hook: string, name: string, found: ArpChain, wanted: readonly string[]): readonly Command[] => {
  const surplus = Array.from({ length: wanted.length === 0 ? found.jumps : Math.max(0, found.jumps - 1) }, () => ['-D', hook, '-j', name]);
  if (wanted.length === 0) return found.rules === undefined ? surplus : [...surplus, ['-F', name], ['-X', name]];
  const [there, groups] = [byAddress(found.rules ?? []), byAddress(wanted)];
  // addresses whose rules are right keep them without a gap
  const changed = [...new Set([...there.keys(), ...groups.keys()])].filter((address) => (there.get(address) ?? []).join('\n') !== (groups.get(address) ?? []).join('\n'));
  return [
    ...(found.rules === undefined ? [['-N', name]] : []),
    ...changed.flatMap((address) => [
      ...(there.get(address) ?? []).map((rule) => ['-D', name, ...words(rule)]),
      ...(groups.get(address) ?? []).map((rule) => ['-A', name, ...words(rule)]),
    ]),
    ...(found.jumps === 0 ? [['-I', hook, '-j', name]] : []),
    ...surplus,
  ];
};

/** The arguments of `arptables`, one call after the other, that make the chains so; without wanted rules they are removed. Empty when all is right. */
export const arpCommands = (found: ArpRules, wanted: WantedArpRules): readonly Command[] => [
  ...chainCommands('INPUT', inputChain, found.input, wanted.input),
  ...chainCommands('OUTPUT', outputChain, found.output, wanted.output),
];
