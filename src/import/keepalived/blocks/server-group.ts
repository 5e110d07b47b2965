/** `virtual_server_group`: addresses, ranges and firewall marks. */
import { isIPv4, isIPv6 } from 'node:net';
import type { VirtualServerGroupDraft } from '../drafts.js';
import type { Findings } from '../findings.js';
import type { Statement } from '../tree.js';
import { argument, invalid, parseNetwork, readInteger, wordsOfStatement } from '../values.js';

/** `10.0.0.1`, `10.0.0.1-9`, `10.0.0.250-10.0.1.5`, `10.0.0.8/29` as tandem.yaml writes ranges. */
const rangeOf = (text: string): { readonly range: string; readonly family: 'ipv4' | 'ipv6' } | undefined => {
  const [first = '', last, ...rest] = text.split('-');
  const family = isIPv4(first) ? 'ipv4' : isIPv6(first) ? 'ipv6' : undefined;
  if (family !== undefined && rest.length === 0) {
    if (last === undefined) return { range: first, family };
    const isLast = family === 'ipv4' ? isIPv4(last) || /^\d{1,3}$/.test(last) : isIPv6(last) || /^[0-9a-f]{1,4}$/i.test(last);
    return isLast ? { range: text, family } : undefined;
  }
  const network = parseNetwork(text);
  if (network?.length === undefined || !isIPv4(network.address) || network.length < 20) return undefined;
  const size = 2 ** (32 - network.length);
  const number = network.address.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
  const begin = Math.floor(number / size) * size;
  const dotted = (value: number): string => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
  return { range: size === 1 ? dotted(begin) : `${dotted(begin)}-${dotted(begin + size - 1)}`, family: 'ipv4' };
};

export const readServerGroup = (statement: Statement, groups: VirtualServerGroupDraft[], findings: Findings): void => {
  const name = argument(statement, findings);
  if (name === undefined) return;
  const draft: VirtualServerGroupDraft = { name: name.text, place: name.place, addresses: [], marks: [] };
  for (const line of statement.block ?? []) {
    const [first, second, third] = wordsOfStatement(line);
    if (first === undefined) continue;
    if (first.text === 'fwmark') {
      const mark = second && readInteger(second, { from: 1, to: 0xffff_ffff }, findings);
      if (mark !== undefined) draft.marks.push({ mark, family: third?.text === 'inet6' ? 'ipv6' : third?.text === 'inet' ? 'ipv4' : undefined, place: first.place });
      continue;
    }
    const range = rangeOf(first.text);
    const port = second === undefined ? 0 : readInteger(second, { from: 0, to: 65_535 }, findings);
    if (range === undefined) invalid(first, 'an address, a range of addresses, or fwmark', findings);
    else if (port !== undefined) draft.addresses.push({ ...range, port, place: first.place });
  }
  const before = groups.findIndex(({ name: each }) => each === draft.name);
  if (before >= 0) findings.warn(name.place, { code: 'duplicate', message: `there is a virtual_server_group ${draft.name} already`, remedy: 'this one is left out; give it a name of its own, and import again' });
  else groups.push(draft);
};
