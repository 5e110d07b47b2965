/** `lvs_method` (`lb_kind`) and `sorry_server_lvs_method`. */
import type { ForwardingDraft } from '../drafts.js';
import type { Findings } from '../findings.js';
import type { Statement } from '../tree.js';
import { argument, invalid, readInteger } from '../values.js';

const checksums = new Map([['nocsum', 'none'], ['csum', 'plain'], ['remcsum', 'remote']] as const);
const isChecksum = (text: string): text is 'nocsum' | 'csum' | 'remcsum' => text === 'nocsum' || text === 'csum' || text === 'remcsum';
const isType = (text: string | undefined): text is 'ipip' | 'gre' | 'gue' => text === 'ipip' || text === 'gre' || text === 'gue';

export const readForwarding = (statement: Statement, findings: Findings): ForwardingDraft | undefined => {
  const method = argument(statement, findings);
  if (method === undefined) return undefined;
  if (method.text === 'NAT') return { method: 'nat' };
  if (method.text === 'DR') return { method: 'dr' };
  if (method.text !== 'TUN') return invalid(method, 'NAT, DR or TUN', findings);
  const words = statement.args.slice(1);
  const typeAt = words.findIndex(({ text }) => text === 'type');
  const type = words[typeAt < 0 ? words.length : typeAt + 1]?.text;
  if (type !== undefined && !isType(type)) return invalid(words[typeAt + 1] ?? method, 'ipip, gre or gue', findings);
  const portWord = words[words.findIndex(({ text }) => text === 'port') + 1 || words.length];
  const port = portWord && readInteger(portWord, { from: 1, to: 65_535 }, findings);
  const checksum = words.map(({ text }) => (isChecksum(text) ? checksums.get(text) : undefined)).find((each) => each !== undefined);
  return { method: 'tun', ...(isType(type) ? { type } : {}), ...(port === undefined ? {} : { port }), ...(checksum === undefined ? {} : { checksum }) };
};
