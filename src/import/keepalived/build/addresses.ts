/** Virtual and static addresses of the result. */
import { addressScopes } from '../../../config/model.js';
import { type Family, familyOf } from '../../../network/ip-address.js';
import type { AddressDraft } from '../drafts.js';
import { inline, type Output, type OutputItem } from '../output.js';
import { doubt, interfaceName, type BuildContext } from './context.js';

export const familyOfDraft = ({ network }: AddressDraft): Family => familyOf(network.address);

const isScope = (text: string): boolean => addressScopes.some((scope) => scope === text);

/** Of a network without host bits: what `brd -` means. */
const networkAddress = (address: string, length: number): string => {
  const size = 2 ** (32 - length);
  const number = Math.floor(address.split('.').reduce((value, octet) => value * 256 + Number(octet), 0) / size) * size;
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
};

/** keepalived sets no broadcast address unless it is told to; Tandem's default is the last one of the network. */
const broadcastOf = (context: BuildContext, { network, broadcast, place }: AddressDraft): string | undefined => {
  const length = network.length ?? 32;
  if (familyOf(network.address) === 'ipv6') return undefined;
  if (broadcast === undefined) return length < 31 ? 'none' : undefined;
  if (broadcast === '+') return undefined;
  if (broadcast === '-') return networkAddress(network.address, length);
  if (/^(\d{1,3}\.){3}\d{1,3}$/.test(broadcast) && broadcast !== '0.0.0.0') return broadcast;
  doubt(context, place, `${broadcast} is no broadcast address`, 'it is left out');
  return 'none';
};

/** Addresses that keepalived would hold, without those that stand twice. */
export const withoutDoubles = (context: BuildContext, drafts: readonly AddressDraft[]): readonly AddressDraft[] => {
  const seen = new Set<string>();
  return drafts.filter(({ network: { address }, interface: name = '', place }) => {
    const key = address.startsWith('fe8') ? `${address} ${name}` : address;
    if (seen.has(key)) doubt(context, place, `${address} stands here already`, 'it is left out here, as the kernel refuses it');
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
};

export interface AddressOptions {
  /** the interface that carries addresses without one, and whether it is written out */
  readonly carrier: string;
  readonly writesCarrier: boolean;
  readonly advertise: boolean;
}

export const addressOutput = (context: BuildContext, draft: AddressDraft, { carrier, writesCarrier, advertise }: AddressOptions): OutputItem => {
  const { network, place } = draft;
  const family = familyOfDraft(draft);
  const name = draft.interface === undefined ? carrier : interfaceName(context, draft.interface, place);
  const address = network.length === undefined ? network.address : `${network.address}/${network.length}`;
  let label = draft.label;
  if (label !== undefined && (family === 'ipv6' || !label.startsWith(name) || Buffer.byteLength(label) > 15)) {
    doubt(context, draft.labelPlace ?? place, family === 'ipv6' ? 'an IPv6 address has no label' : `the label ${label} is not imported: it must begin with the interface's name and have at most 15 characters`, `leave it out, or give a label such as "${name}:1"`);
    label = undefined;
  }
  let scope = draft.scope;
  if (scope !== undefined && (!isScope(scope) || family === 'ipv6')) {
    if (family === 'ipv4') doubt(context, place, `the scope ${scope} is not imported`, `give one of ${addressScopes.join(', ')}`);
    scope = undefined;
  }
  const broadcast = broadcastOf(context, draft);
  const own = writesCarrier || name !== carrier ? name : undefined;
  const value: Output =
    own === undefined && label === undefined && scope === undefined && broadcast === undefined && advertise
      ? address
      : inline({ address, interface: own, label, scope: scope === 'global' ? undefined : scope, broadcast, advertise: advertise ? undefined : false });
  return { value, place };
};
