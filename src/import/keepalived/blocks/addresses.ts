/** Addresses with their options, as in `virtual_ipaddress`. */
import type { AddressDraft } from '../drafts.js';
import type { Findings } from '../findings.js';
import type { Statement } from '../tree.js';
import { parseNetwork, wordsOfStatement } from '../values.js';

const unwanted = { reason: 'the address is put in without it', remedy: 'nothing, unless you know why it was there' };

/** One line of the block; undefined: no address, which is a warning. */
export const readAddressLine = (statement: Statement, findings: Findings): AddressDraft | undefined => {
  const [first, ...words] = wordsOfStatement(statement);
  const network = first && parseNetwork(first.text);
  if (first === undefined || network === undefined || network.length === 0) {
    findings.warn(statement.place, { code: 'invalid_value', message: `${statement.keyword.slice(0, 60)} is no IP address with or without a length`, remedy: 'it is left out, as keepalived leaves it out; write it into the result if it is needed' });
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
