/** What iptables-save and ip6tables-save print, as chains to walk. Pure. */
import type { Family } from '../network/ip-address.js';
import { type Action, type BaseChain, both, type Chain, either, not, type Rule, type Traffic, truth, type Truth } from './firewall-model.js';
import { isMulticast, isWithin, lengthOf } from './networks.js';

/** As iptables-save prints them (/etc/protocols), beside numbers. */
export const protocolNumbers: Readonly<Record<string, number>> = { icmp: 1, ipv4: 4, ipencap: 4, tcp: 6, udp: 17, gre: 47, 'ipv6-icmp': 58, icmpv6: 58, vrrp: 112, carp: 112, sctp: 132, ah: 51, esp: 50, igmp: 2, udplite: 136 };

const hooksOf: Readonly<Record<string, readonly Traffic['hook'][]>> = { PREROUTING: ['input', 'forward'], INPUT: ['input'], FORWARD: ['forward'], OUTPUT: ['output'], POSTROUTING: ['output', 'forward'] };

const accepting = new Set(['ACCEPT']);
const dropping = new Set(['DROP', 'REJECT']);
/** the packet leaves the rules for a program that decides, or for another table */
const deciding = new Set(['QUEUE', 'NFQUEUE', 'TPROXY', 'SYNPROXY']);

const actionOf = (target: string | undefined, goes: boolean, chains: ReadonlySet<string>): Action => {
  if (target === undefined) return { kind: 'continue' };
  if (chains.has(target)) return { kind: goes ? 'goto' : 'jump', chain: target };
  if (accepting.has(target)) return { kind: 'accept' };
  if (dropping.has(target)) return { kind: 'drop' };
  if (target === 'RETURN') return { kind: 'return' };
  return { kind: deciding.has(target) ? 'unknown' : 'continue' };
};

/** Words of a line, with quotes as iptables-save sets them. */
const wordsOf = (line: string): readonly string[] => [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');

const interfaceMatches = (pattern: string, name: string | undefined): Truth => {
  if (name === undefined) return pattern === '+' ? 'yes' : 'maybe';
  return truth(pattern.endsWith('+') ? name.startsWith(pattern.slice(0, -1)) : name === pattern);
};

const networkMatches = (network: string, address: string | undefined): Truth => {
  const [base = '', length] = network.split('/');
  if (length?.includes('.') === true || length?.includes(':') === true) return 'maybe';
  const prefixLength = length === undefined ? lengthOf(base) : Number(length);
  if (prefixLength === 0) return 'yes';
  return address === undefined ? 'maybe' : truth(isWithin(address, base, prefixLength));
};

const portsMatch = (list: string, port: number | undefined): Truth => {
  if (port === undefined) return 'maybe';
  return either(
    list.split(',').map((range) => {
      const [first = '', last = first] = range.split(':');
      return truth(port >= Number(first) && port <= Number(last === '' ? 65535 : last));
    }),
  );
};

const protocolMatches = (name: string, protocol: number): Truth => {
  if (name === 'all' || name === '0') return 'yes';
  const number = /^\d+$/.test(name) ? Number(name) : protocolNumbers[name];
  return number === undefined ? 'maybe' : truth(number === protocol);
};

const stateMatches = (list: string, state: Traffic['state']): Truth => (state === undefined ? 'maybe' : truth(list.split(',').includes('NEW')));

type Test = (value: string, traffic: Traffic) => Truth;

const options: Readonly<Record<string, Test>> = {
  '-p': (value, { protocol }) => protocolMatches(value, protocol),
  '-s': (value, { source }) => networkMatches(value, source),
  '-d': (value, { destination }) => networkMatches(value, destination),
  '-i': (value, traffic) => (traffic.hook === 'output' ? 'no' : interfaceMatches(value, traffic.in)),
  '-o': (value, traffic) => (traffic.hook === 'input' ? 'no' : interfaceMatches(value, traffic.out)),
  '--dport': (value, { destinationPort }) => portsMatch(value, destinationPort),
  '--dports': (value, { destinationPort }) => portsMatch(value, destinationPort),
  '--sport': (value, { sourcePort }) => portsMatch(value, sourcePort),
  '--sports': (value, { sourcePort }) => portsMatch(value, sourcePort),
  '--ports': (value, { sourcePort, destinationPort }) => either([portsMatch(value, sourcePort), portsMatch(value, destinationPort)]),
  '--state': (value, { state }) => stateMatches(value, state),
  '--ctstate': (value, { state }) => stateMatches(value, state),
  '--icmp-type': (value, { type }) => (type === undefined ? 'maybe' : value === 'any' ? 'yes' : truth(Number(value.split('/')[0]) === type)),
  '--icmpv6-type': (value, { type }) => (type === undefined ? 'maybe' : truth(Number(value.split('/')[0]) === type)),
  '--dst-type': (value, { destination }) => (destination === undefined ? 'maybe' : value === 'MULTICAST' ? truth(isMulticast(destination)) : isMulticast(destination) ? 'no' : 'maybe'),
  '--pkt-type': (value, { destination }) => (destination === undefined ? 'maybe' : value === 'multicast' ? truth(isMulticast(destination)) : isMulticast(destination) ? 'no' : 'maybe'),
};

/** They say nothing by themselves. */
const plain = new Set(['-m', '--comment']);

const ruleOf = (line: string, words: readonly string[], chains: ReadonlySet<string>): Rule => {
  const tests: ((traffic: Traffic) => Truth)[] = [];
  let target: string | undefined;
  let goes = false;
  for (let index = 2; index < words.length; index++) {
    const negated = words[index] === '!';
    if (negated) index++;
    const option = words[index] ?? '';
    if (option === '-j' || option === '-g') {
      target = words[index + 1];
      goes = option === '-g';
      break; // what follows belongs to the target
    }
    const value = words[index + 1] ?? '';
    const test = options[option];
    if (plain.has(option)) index++;
    else if (test) {
      tests.push((traffic) => (negated ? not(test(value, traffic)) : test(value, traffic)));
      index++;
    } else if (option === '-f') tests.push(() => (negated ? 'yes' : 'no'));
    else if (option.startsWith('-')) tests.push(() => 'maybe'); // its values, if any, are passed over as words that begin no option
  }
  return { matches: (traffic) => both(tests.map((test) => test(traffic))), action: actionOf(target, goes, chains), text: line };
};

/** @param program named where a packet is dropped, e.g. `iptables` */
export const readSavedRules = (text: string, family: Family, program: string): readonly BaseChain[] => {
  const found: BaseChain[] = [];
  for (const table of text.split(/^\*/m).slice(1)) {
    const lines = table.split('\n').map((line) => line.trim());
    const name = lines[0] ?? '';
    if (name === 'nat') continue; // it drops nothing
    const policies = new Map(lines.flatMap((line) => (line.startsWith(':') ? [[line.slice(1).split(' ')[0] ?? '', line.split(' ')[1] ?? '-'] as const] : [])));
    const names = new Set(policies.keys());
    const rules = new Map<string, Rule[]>([...names].map((chain) => [chain, []]));
    for (const line of lines) {
      const words = wordsOf(line);
      if (words[0] === '-A') rules.get(words[1] ?? '')?.push(ruleOf(line, words, names));
    }
    const others = new Map<string, Chain>([...rules].map(([chain, list]) => [chain, { name: chain, rules: list }]));
    for (const [chain, policy] of policies) {
      const hooks = hooksOf[chain];
      if (policy === '-' || hooks === undefined) continue;
      found.push({ name: chain, rules: rules.get(chain) ?? [], families: [family], hooks, policy: policy === 'DROP' ? 'drop' : 'accept', where: `${program} -t ${name}`, others });
    }
  }
  return found;
};
