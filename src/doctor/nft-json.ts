/** What `nft -j list ruleset` prints (libnftables-json(5)), as chains to walk. Pure. */
import type { Family } from '../network/ip-address.js';
import { type Action, type BaseChain, both, type Chain, either, not, type Rule, type Traffic, truth, type Truth } from './firewall-model.js';
import { protocolNumbers } from './iptables-text.js';
import { isMulticast, isWithin } from './networks.js';

type Json = { readonly [key: string]: unknown };
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const field = (value: unknown, ...path: readonly string[]): unknown => path.reduce((inner: unknown, key) => (isObject(inner) ? inner[key] : undefined), value);
const text = (value: unknown): string => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '');
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const familiesOf: Readonly<Record<string, readonly Family[]>> = { ip: ['ipv4'], ip6: ['ipv6'], inet: ['ipv4', 'ipv6'] };
const hooksOf: Readonly<Record<string, readonly Traffic['hook'][]>> = { prerouting: ['input', 'forward'], input: ['input'], forward: ['forward'], output: ['output'], postrouting: ['output', 'forward'] };

/** iptables' own tables in nftables, which iptables-save prints better. */
const isOfIptables = (family: string, table: string, chains: readonly Json[]): boolean =>
  (family === 'ip' || family === 'ip6') && ['filter', 'nat', 'mangle', 'raw', 'security'].includes(table) && chains.some((chain) => chain['family'] === family && chain['table'] === table && /^[A-Z]+$/.test(text(chain['name'])) && chain['hook'] !== undefined);

type Sets = ReadonlyMap<string, readonly unknown[]>;

/** One value of the packet against one of the rule. */
const sameValue = (known: string | number | undefined, wanted: unknown, sets: Sets): Truth => {
  if (isObject(wanted)) {
    if (wanted['set'] !== undefined) return either(list(wanted['set']).map((each) => sameValue(known, each, sets)));
    if (wanted['elem'] !== undefined) return sameValue(known, field(wanted, 'elem', 'val'), sets);
    if (known === undefined) return 'maybe';
    if (wanted['prefix'] !== undefined) return typeof known === 'string' ? truth(isWithin(known, text(field(wanted, 'prefix', 'addr')), Number(field(wanted, 'prefix', 'len')))) : 'maybe';
    const [first, last] = list(wanted['range']);
    if (typeof known === 'number' && typeof first === 'number' && typeof last === 'number') return truth(known >= first && known <= last);
    return 'maybe';
  }
  if (typeof wanted === 'string' && wanted.startsWith('@')) {
    const elements = sets.get(wanted.slice(1));
    return elements === undefined ? 'maybe' : either(elements.map((each) => sameValue(known, each, sets)));
  }
  if (known === undefined) return 'maybe';
  if (typeof known === 'number') {
    const number = typeof wanted === 'number' ? wanted : protocolNumbers[text(wanted)];
    return number === undefined ? 'maybe' : truth(number === known);
  }
  const pattern = text(wanted);
  return truth(pattern.endsWith('*') ? known.startsWith(pattern.slice(0, -1)) : known === pattern);
};

const isTransport = (name: string): boolean => ['tcp', 'udp', 'sctp', 'th'].includes(name);

/** The packet's part that `left` names, and whether the packet has such a part at all. */
const partOf = (left: unknown, traffic: Traffic): { readonly applies: Truth; readonly value: string | number | undefined } => {
  const applies = (when: boolean, value: string | number | undefined) => ({ applies: truth(when), value });
  const payload = field(left, 'payload');
  if (payload !== undefined) {
    const [protocol, name] = [text(field(payload, 'protocol')), text(field(payload, 'field'))];
    const isIPv4 = traffic.family === 'ipv4';
    if (protocol === 'ip' || protocol === 'ip6') {
      const own = isIPv4 === (protocol === 'ip');
      if (name === 'saddr') return applies(own, traffic.source);
      if (name === 'daddr') return applies(own, traffic.destination);
      if (name === 'protocol' || name === 'nexthdr') return applies(own, traffic.protocol);
      return { applies: own ? 'maybe' : 'no', value: undefined };
    }
    const number = protocolNumbers[protocol];
    const own = protocol === 'th' || number === traffic.protocol;
    if (isTransport(protocol) && name === 'dport') return applies(own, traffic.destinationPort);
    if (isTransport(protocol) && name === 'sport') return applies(own, traffic.sourcePort);
    return { applies: own ? 'maybe' : 'no', value: undefined };
  }
  const isOut = traffic.hook === 'output';
  switch (text(field(left, 'meta', 'key'))) {
    case 'l4proto':
      return applies(true, traffic.protocol);
    case 'iif':
    case 'iifname':
      return applies(!isOut, traffic.in);
    case 'oif':
    case 'oifname':
      return applies(traffic.hook !== 'input', traffic.out);
    case 'nfproto':
      return applies(true, traffic.family);
    case 'protocol':
      return applies(true, traffic.family === 'ipv4' ? 'ip' : 'ip6');
    case 'pkttype':
      return applies(true, traffic.destination === undefined ? undefined : isMulticast(traffic.destination) ? 'multicast' : undefined);
  }
  if (field(left, 'ct', 'key') === 'state') return applies(true, traffic.state);
  return { applies: 'maybe', value: undefined };
};

const matchOf = (match: unknown, sets: Sets): ((traffic: Traffic) => Truth) => {
  const [op, left, right] = [text(field(match, 'op')), field(match, 'left'), field(match, 'right')];
  return (traffic) => {
    const { applies, value } = partOf(left, traffic);
    if (applies !== 'yes') return applies;
    const equal = either((Array.isArray(right) ? right : [right]).map((each) => sameValue(value, each, sets)));
    return op === '==' || op === 'in' ? equal : op === '!=' ? not(equal) : 'maybe';
  };
};

const verdict = (statement: Json): Action | undefined => {
  if ('accept' in statement) return { kind: 'accept' };
  if ('drop' in statement || 'reject' in statement) return { kind: 'drop' };
  if ('return' in statement) return { kind: 'return' };
  if ('jump' in statement) return { kind: 'jump', chain: text(field(statement, 'jump', 'target')) };
  if ('goto' in statement) return { kind: 'goto', chain: text(field(statement, 'goto', 'target')) };
  return 'queue' in statement || 'synproxy' in statement || 'tproxy' in statement ? { kind: 'unknown' } : undefined;
};

/** Statements that let every packet go on. */
const passing = new Set(['counter', 'log', 'mangle', 'comment', 'notrack', 'meter']);

/** In order: matches, then what is done. A verdict map becomes one rule for each of its elements. */
const rulesOf = (expressions: readonly unknown[], sets: Sets, name: string): readonly Rule[] => {
  const tests: ((traffic: Traffic) => Truth)[] = [];
  const matches = (traffic: Traffic): Truth => both(tests.map((test) => test(traffic)));
  for (const expression of expressions) {
    if (!isObject(expression)) continue;
    if (expression['match'] !== undefined) {
      tests.push(matchOf(expression['match'], sets));
      continue;
    }
    const map = expression['vmap'];
    if (map !== undefined) {
      const key = field(map, 'key');
      const elements = list(field(map, 'data', 'set'));
      if (elements.length === 0) return [{ matches, action: { kind: 'unknown' }, text: name }];
      return elements.map((element): Rule => {
        const [wanted, then] = list(element);
        const test = matchOf({ op: '==', left: key, right: wanted }, sets);
        return { matches: (traffic) => both([matches(traffic), test(traffic)]), action: (isObject(then) ? verdict(then) : undefined) ?? { kind: 'continue' }, text: name };
      });
    }
    const action = verdict(expression);
    if (action) return [{ matches, action, text: name }];
    if (!Object.keys(expression).every((key) => passing.has(key))) tests.push(() => 'maybe');
  }
  return [{ matches, action: { kind: 'continue' }, text: name }];
};

const unionOf = (entries: readonly Json[], kind: string): readonly Json[] => entries.flatMap((entry) => (isObject(entry[kind]) ? [entry[kind]] : []));

/** In the order in which the kernel asks them. @throws SyntaxError when it is no JSON */
export const readNftRules = (ruleset: string): readonly BaseChain[] => {
  const entries = list(field(JSON.parse(ruleset), 'nftables')).filter(isObject);
  const [chains, rules, sets] = [unionOf(entries, 'chain'), unionOf(entries, 'rule'), unionOf(entries, 'set')];
  const found: { readonly priority: number; readonly chain: BaseChain }[] = [];
  for (const base of chains) {
    const [family, table, name] = [text(base['family']), text(base['table']), text(base['name'])];
    const [families, hooks] = [familiesOf[family], hooksOf[text(base['hook'])]];
    if (families === undefined || hooks === undefined || base['type'] === 'nat' || isOfIptables(family, table, chains)) continue;
    const ofTable = (entry: Json): boolean => entry['family'] === family && entry['table'] === table;
    const known: Sets = new Map(sets.filter(ofTable).map((set) => [text(set['name']), list(set['elem'])]));
    const where = `nft table ${family} ${table}`;
    const read = (chain: string): Chain => ({
      name: chain,
      rules: rules.filter((rule) => ofTable(rule) && rule['chain'] === chain).flatMap((rule) => rulesOf(list(rule['expr']), known, `chain ${chain}, the rule of handle ${text(rule['handle'])}`)),
    });
    const others = new Map(chains.filter(ofTable).map((chain) => [text(chain['name']), read(text(chain['name']))]));
    found.push({ priority: Number(base['prio'] ?? 0), chain: { ...read(name), families, hooks, policy: base['policy'] === 'drop' ? 'drop' : 'accept', where, others } });
  }
  return found.sort((a, b) => a.priority - b.priority).map(({ chain }) => chain);
};
