/** One thing to do on the host, and how it is told. Pure. */
import { sysctlName } from '../ipvs/kernel-needs.js';
import type { FouPort } from '../network/fou.js';
import type { TunnelLink } from '../network/tunnel-link.js';
import type { AddressPlace } from './needs.js';

export type Step =
  | { readonly kind: 'load_module'; readonly module: string; readonly command: readonly string[] }
  | { readonly kind: 'create_device'; readonly device: string; readonly link: TunnelLink }
  | { readonly kind: 'raise' | 'lower' | 'delete_device'; readonly device: string }
  | { readonly kind: 'open_port' | 'close_port'; readonly port: FouPort }
  | { readonly kind: 'set' | 'put_back'; readonly path: string; readonly before: string; readonly value: string }
  /** the arguments of arptables, one call after the other */
  | { readonly kind: 'arp_rules'; readonly commands: readonly (readonly string[])[]; readonly removed: boolean }
  | { readonly kind: 'add_address' | 'remove_address'; readonly place: AddressPlace };

export type StepKind = Step['kind'];

const familyName = { ipv4: 'IPv4', ipv6: 'IPv6' } as const;

/** `add 192.0.2.1/32 to lo`; several lines where it is several commands. */
export const describeStep = (step: Step): string => {
  switch (step.kind) {
    case 'load_module':
      return `load the kernel module ${step.module} (${[...step.command, step.module].join(' ')})`;
    case 'create_device':
      return `make the tunnel ${step.device} (${step.link.kind}, local ${step.link.local}${step.link.checksum ? ', with checksums' : ''})`;
    case 'raise':
      return `set ${step.device} up`;
    case 'lower':
      return `set ${step.device} down, as it was`;
    case 'delete_device':
      return `delete the tunnel ${step.device}`;
    case 'open_port':
      return `unwrap GUE on UDP port ${step.port.port} (${familyName[step.port.family]})`;
    case 'close_port':
      return `unwrap GUE on UDP port ${step.port.port} (${familyName[step.port.family]}) no more`;
    case 'set':
      return `set ${sysctlName(step.path)}: ${step.before} -> ${step.value}`;
    case 'put_back':
      return `set ${sysctlName(step.path)}: ${step.before} -> ${step.value}, as it was`;
    case 'arp_rules':
      return step.commands.map((command) => `run arptables ${command.join(' ')}`).join('\n');
    case 'add_address':
      return `add ${step.place.address}/${step.place.prefixLength} to ${step.place.device}`;
    case 'remove_address':
      return `remove ${step.place.address}/${step.place.prefixLength} from ${step.place.device}`;
  }
};
