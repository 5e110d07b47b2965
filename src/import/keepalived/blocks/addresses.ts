/** Addresses with their options, as in `virtual_ipaddress`. */
import type { AddressDraft } from '../drafts.js';
import type { Findings } from '../findings.js';
import type { Token } from '../tokens.js';
import type { Statement } from '../tree.js';
import { type Network, parseNetwork, remedyOf, wordsOfStatement } from '../values.js';

const unwanted = { reason: 'the address is put in without it', remedy: 'nothing is to be done, unless you know why it was there' };

/** keepalived takes a length that it cannot read for that of one address. */
const readNetwork = (token: Token, findings: Findings): Network | undefined => {
  const [host = '', length] = token.text.split('/');
  const whole = parseNetwork(host);
  if (whole === undefined || length === undefined) return whole;
  const network = /^\d{1,3}$/.test(length) ? parseNetwork(token.text) : undefined;
  if (network !== undefined && network.length !== 0) return network;
  findings.warn(token.place, { code: 'invalid_value', message: `/${length} is no length of ${host}, which ${network === undefined ? 'keepalived takes as a single address' : 'Tandem does not put in'}`, remedy: `it is imported without a length; write ${host}/24 or the like if it is meant` });
  return whole;
};

/** One line of the block; undefined: no address, which is a warning. */
export const readAddressLine = (statement: Statement, findings: Findings): AddressDraft | undefined => {
  const [first, ...words] = wordsOfStatement(statement);
  const network = first && readNetwork(first, findings);
  if (first === undefined || network === undefined) {
    findings.warn(statement.place, { code: 'invalid_value', message: `${statement.keyword.slice(0, 60)} is no IP address with or without a length`, remedy: remedyOf(statement.keyword) });
    return undefined;
  }
  const draft: AddressDraft = { network, place: statement.place };
  for (let index = 0; index < words.length; index++) {
    const [word, value] = [words[index], words[index + 1]];
    if (word === undefined) break;
    const warn = (): void => findings.warn(word.place, { code: 'not_supported', message: `${word.text} of an address is not imported: ${unwanted.reason}`, remedy: unwanted.remedy });
    switch (word.text) {
      case 'dev':
        if (value !== undefined) draft.interface = value.text;
        index++;
        break;
      case 'label':
        if (value !== undefined) [draft.label, draft.labelPlace] = [value.text, value.place];
        index++;
        break;
      case 'scope':
        if (value !== undefined) draft.scope = value.text;
        index++;
        break;
      case 'brd':
      case 'broadcast':
        if (value !== undefined) draft.broadcast = value.text;
        index++;
        break;
      case 'peer':
      case 'preferred_lft':
      case 'track_group':
        warn();
        index++;
        break;
      // what Tandem does anyway: IPv6 addresses have no duplicate address detection
      case '-nodad':
      case 'nodad':
        break;
      case 'no_track':
        warn();
        break;
      default:
        warn();
    }
  }
  return draft;
};
