/** Routes and rules of the result, from lines as `ip route` and `ip rule` have them. */
import { tableNumbers } from '../../../config/routing-model.js';
import { decodeIPv6, encodeAddress, type Family, familyOf } from '../../../network/ip-address.js';
import { inline, list, type Output, type OutputItem, unlessEmpty } from '../output.js';
import type { Token } from '../tokens.js';
import type { Statement } from '../tree.js';
import { parseNetwork, wordsOfStatement } from '../values.js';
import { doubt, interfaceName, type BuildContext } from './context.js';

const invalidLine = (context: BuildContext, token: Pick<Token, 'text' | 'place'>, what: string): undefined => {
  context.findings.warn(token.place, { code: 'invalid_value', message: `${token.text.slice(0, 60)} is not ${what}`, remedy: 'the line is left out, as keepalived leaves it out; write it into the result if it is needed' });
  return undefined;
};

/** The bits beyond the length are none of the network's. */
const canonical = (text: string, family: Family): string | undefined => {
  if (text === 'default' || text === 'all' || text === 'any') return text === 'any' ? 'default' : text;
  const network = parseNetwork(text);
  if (network === undefined) return undefined;
  if (network.length === undefined) return network.address;
  if (network.length === 0) return familyOf(network.address) === 'ipv6' ? '::/0' : family === 'ipv4' ? 'default' : '0.0.0.0/0';
  if (familyOf(network.address) === 'ipv6') return maskIPv6(network.address, network.length);
  const size = 2 ** (32 - network.length);
  const number = Math.floor(network.address.split('.').reduce((value, octet) => value * 256 + Number(octet), 0) / size) * size;
  return `${[24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.')}/${network.length}`;
};

const maskIPv6 = (address: string, length: number): string => {
  const octets = encodeAddress(address);
  return `${decodeIPv6(Buffer.from(octets.map((octet, index) => octet & (0xff00 >> Math.min(Math.max(length - 8 * index, 0), 8)))))}/${length}`;
};

const tableOf = (context: BuildContext, token: Token | undefined): number | string | undefined => {
  if (token === undefined) return undefined;
  if (Object.hasOwn(tableNumbers, token.text)) return token.text;
  const number = /^(0x[0-9a-f]+|\d+)$/i.test(token.text) ? Number(token.text) : context.surroundings.routingTable(token.text);
  if (number !== undefined && number > 0 && number <= 4_294_967_295) return number;
  context.findings.warn(token.place, { code: 'not_supported', message: `the routing table ${token.text.slice(0, 40)} is not known here`, remedy: 'give its number (/etc/iproute2/rt_tables); the line is left out' });
  return undefined;
};

interface Hop {
  via?: string;
  interface?: string;
  onlink?: boolean;
  weight?: number;
}

/** What has no key in tandem.yaml, with how many words follow it. */
const unsupported: ReadonlyMap<string, number> = new Map(Object.entries({
  tos: 1, dsfield: 1, proto: 1, protocol: 1, advmss: 1, rtt: 1, rttvar: 1, reordering: 1, window: 1, cwnd: 1, ssthresh: 1, realms: 1, rto_min: 1, hoplimit: 1, initcwnd: 1, initrwnd: 1, features: 1, quickack: 1, congctl: 1, pref: 1, expires: 1, vrf: 1, 'fastopen_no_cookie': 1, track_group: 1, 'ttl-propagate': 1, encap: 1, 'no_track': 0, append: 0, prepend: 0, add: 0, inet: 0, inet6: 0, l3mdev: 0, uidrange: 1, ip_proto: 1, ipproto: 1, sport: 1, dport: 1, suppress_prefixlength: 1, suppress_ifgroup: 1, tun_id: 1, goto: 1,
}));
const silent = new Set(['no_track', 'append', 'prepend', 'add', 'inet', 'inet6', 'proto', 'protocol', 'track_group']);

const leaveOut = (context: BuildContext, word: Token, more: string): void => context.findings.warn(word.place, { code: 'not_supported', message: `${word.text} is not imported: ${more}`, remedy: 'look whether it matters to you' });

export const routeOutput = (context: BuildContext, statement: Statement, family: Family, carrier: string | undefined): OutputItem | undefined => {
  const words = wordsOfStatement(statement);
  let type: string | undefined;
  let destination: string | undefined;
  let table: number | string | undefined;
  const keys: { source?: string; metric?: number; scope?: string; mtu?: number } = {};
  const hops: Hop[] = [{}];
  let inet6 = false;
  for (let index = 0; index < words.length; index++) {
    const [word, value] = [words[index], words[index + 1]];
    if (word === undefined) break;
    const hop = hops.at(-1) ?? {};
    const skip = unsupported.get(word.text);
    if (word.text === 'via' || word.text === 'gw' || word.text === 'or') {
      if (word.text === 'or') hops.push({ ...(hop.interface === undefined ? {} : { interface: hop.interface }) });
      // `via inet 192.0.2.1`
      const after = value?.text === 'inet' || value?.text === 'inet6' ? ++index + 1 : index + 1;
      const gateway = words[after];
      if (gateway === undefined || parseNetwork(gateway.text)?.length !== undefined || parseNetwork(gateway.text) === undefined) return invalidLine(context, gateway ?? word, 'the address of a gateway');
      (hops.at(-1) ?? {}).via = gateway.text;
      index = after;
    } else if (word.text === 'dev' || word.text === 'oif') {
      if (value !== undefined) hop.interface = interfaceName(context, value.text, value.place);
      index++;
    } else if (word.text === 'nexthop') hops.push({});
    else if (word.text === 'onlink') hop.onlink = true;
    else if (word.text === 'weight') {
      hop.weight = Math.max(1, Number(value?.text ?? 1) || 1);
      index++;
    } else if (word.text === 'src' || word.text === 'from') {
      if (value === undefined || parseNetwork(value.text) === undefined) return invalidLine(context, value ?? word, 'an address');
      keys.source = value.text.replace(/\/(32|128)$/, '');
      index++;
    } else if (word.text === 'table') {
      table = tableOf(context, value);
      if (table === undefined) return undefined;
      index++;
    } else if (word.text === 'metric' || word.text === 'priority' || word.text === 'preference') {
      keys.metric = Number(value?.text ?? 0) || 0;
      index++;
    } else if (word.text === 'scope') {
      if (value !== undefined && ['global', 'site', 'link', 'host'].includes(value.text)) keys.scope = value.text;
      else leaveOut(context, word, 'its value has no counterpart');
      index++;
    } else if (word.text === 'mtu') {
      if (value?.text === 'lock') index++;
      keys.mtu = Number(words[index + 1]?.text ?? 0) || 0;
      index++;
    } else if (skip !== undefined) {
      if (word.text === 'inet6') inet6 = true;
      if (!silent.has(word.text)) leaveOut(context, word, 'a route has no such key in Tandem');
      index += skip + (words[index + 1]?.text === 'lock' ? 1 : 0);
    } else if (word.text === 'unicast' || word.text === 'to') continue;
    else if (['blackhole', 'unreachable', 'prohibit'].includes(word.text)) type = word.text;
    else if (destination === undefined) {
      destination = canonical(word.text, inet6 ? 'ipv6' : family);
      if (destination === undefined) return invalidLine(context, word, 'a network');
    } else leaveOut(context, word, 'a route has no such key in Tandem');
  }
  if (destination === undefined) return invalidLine(context, { text: statement.keyword, place: statement.place }, 'a route: it has no destination');
  if (type !== undefined) return { value: inline({ destination, type, table, metric: keys.metric }), place: statement.place };
  const used = hops.filter((hop) => hop.via !== undefined || hop.interface !== undefined);
  const [first] = used;
  const hopKeys = ({ via, interface: name, onlink }: Hop): Readonly<Record<string, Output | undefined>> => ({ via, interface: name, onlink: onlink === true && via !== undefined && name !== undefined ? true : undefined });
  const isIPv6 = familyOf(first?.via ?? (destination === 'default' ? '' : (destination.split('/')[0] ?? ''))) === 'ipv6';
  const shared = { source: keys.source, table, metric: keys.metric, scope: isIPv6 ? undefined : keys.scope, mtu: keys.mtu !== undefined && keys.mtu >= (isIPv6 ? 1_280 : 68) ? keys.mtu : undefined };
  if (used.length > 1) {
    const next = list(used.map((hop) => ({ value: inline({ ...hopKeys(hop), weight: hop.weight === undefined || hop.weight === 1 ? undefined : Math.min(hop.weight, 256) }) })));
    return { value: inline({ destination, next_hops: { ...next, flow: true }, ...shared }), place: statement.place };
  }
  if (first === undefined && carrier === undefined) {
    doubt(context, statement.place, 'this route leads nowhere: it has neither gateway nor interface', 'it is left out; give via or dev, and import again');
    return undefined;
  }
  return { value: inline({ destination, ...hopKeys(first ?? {}), ...shared }), place: statement.place };
};

/** keepalived numbers rules that have no preference from here on downwards. */
const firstPreference = 16_384;

/** Numbers for rules without preference: two families, one counter each in keepalived; here one, which is as good. */
export class Preferences {
  #next = firstPreference;
  take(): number {
    return this.#next--;
  }
}

export const ruleOutput = (context: BuildContext, statement: Statement, family: Family, preferences: Preferences): OutputItem | undefined => {
  const words = wordsOfStatement(statement);
  const keys: { from?: string; to?: string; iif?: string; oif?: string; fwmark?: string } = {};
  let priority: number | undefined;
  let action: string | undefined;
  let table: number | string | undefined;
  let inet6 = false;
  for (let index = 0; index < words.length; index++) {
    const [word, value] = [words[index], words[index + 1]];
    if (word === undefined) break;
    const skip = unsupported.get(word.text);
    if (word.text === 'from' || word.text === 'to') {
      const network = value && canonical(value.text, family);
      if (value === undefined || network === undefined) return invalidLine(context, value ?? word, 'a network');
      keys[word.text] = network === 'default' ? 'all' : network;
      index++;
    } else if (word.text === 'iif' || word.text === 'dev' || word.text === 'oif') {
      if (value !== undefined) keys[word.text === 'oif' ? 'oif' : 'iif'] = interfaceName(context, value.text, value.place);
      index++;
    } else if (word.text === 'table' || word.text === 'lookup') {
      table = tableOf(context, value);
      if (table === undefined) return undefined;
      index++;
    } else if (['priority', 'preference', 'order'].includes(word.text)) {
      priority = Number(value?.text) || undefined;
      index++;
    } else if (word.text === 'fwmark') {
      const mark = /^(0x[0-9a-f]{1,8}|\d{1,10})(\/(0x[0-9a-f]{1,8}|\d{1,10}))?$/i.exec(value?.text ?? '');
      if (mark === null) return invalidLine(context, value ?? word, 'a mark');
      keys.fwmark = mark[0];
      index++;
    } else if (word.text === 'blackhole' || word.text === 'unreachable' || word.text === 'prohibit') action = word.text;
    else if (skip !== undefined && word.text !== 'pref') {
      if (word.text === 'inet6') inet6 = true;
      if (!silent.has(word.text)) {
        context.findings.warn(word.place, { code: 'not_supported', message: `a rule with ${word.text} is not imported: without it the rule would be for other packets`, remedy: 'put the rule in with ip rule, or make it of from, to, iif, oif and fwmark' });
        return undefined;
      }
      index += skip;
    } else return invalidLine(context, word, 'part of a rule that is known here');
  }
  if (action === undefined && table === undefined) return invalidLine(context, { text: statement.keyword, place: statement.place }, 'a rule: it names no table');
  const hasAddress = keys.from !== undefined || keys.to !== undefined;
  return {
    value: inline({ priority: priority ?? preferences.take(), family: inet6 && !hasAddress ? 'ipv6' : undefined, ...keys, action, table: action === undefined ? table : undefined }),
    place: statement.place,
  };
};

/** What makes two routes one for Tandem, or two rules: all that is not about where the packets go. */
const keyOf = ({ value }: OutputItem): string =>
  typeof value === 'object' && value.kind === 'mapping' ? value.entries.filter(({ key }) => ['destination', 'table', 'metric', 'priority', 'from', 'to', 'iif', 'oif', 'fwmark', 'action', 'family'].includes(key)).map(({ key, value: each }) => `${key}=${String(each)}`).join(' ') : '';

export const itemsOf = (context: BuildContext, statements: readonly Statement[], read: (statement: Statement) => OutputItem | undefined): ReturnType<typeof list> | undefined => {
  const seen = new Set<string>();
  const items = statements.flatMap((statement) => {
    const item = read(statement);
    if (item === undefined) return [];
    const key = keyOf(item);
    if (seen.has(key)) {
      doubt(context, statement.place, 'a line before says the same, or names the same network, table and metric', 'it is left out; give it a metric of its own if it is meant');
      return [];
    }
    seen.add(key);
    return [item];
  });
  return unlessEmpty(list(items));
};
