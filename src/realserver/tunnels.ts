/** What unwraps a tunnelled packet on a real server: the device that it comes out of, and the UDP port of GUE. Pure. */
import type { Tunnel } from '../config/model.js';
import type { FouPort } from '../network/fou.js';
import { familyOf } from '../network/ip-address.js';
import type { TunnelLink } from '../network/tunnel-link.js';
import { RealServerError } from './error.js';
import type { VipWish } from './wishes.js';

export interface TunnelDevice {
  readonly name: string;
  /** the kernel module that brings it, or its kind */
  readonly module: string;
  /** absent: the one that the module makes by itself, which takes what comes from anywhere */
  readonly own?: TunnelLink | undefined;
}

export interface Receiver {
  readonly device: TunnelDevice;
  readonly port?: FouPort | undefined;
}

const ipip: Tunnel = { type: 'ipip', port: 0, checksum: 'none' };

/** @throws RealServerError USAGE where the device needs this host's address, and nobody has said it */
export const receiverOf = ({ address, tunnel = ipip, realServer }: VipWish): Receiver => {
  const outer = familyOf(realServer ?? address);
  const own = (name: string, module: string, kind: TunnelLink['kind'], checksum = false): TunnelDevice => {
    if (realServer === undefined) throw new RealServerError('USAGE', `${address}: what unwraps ${tunnel.type} over ${outer === 'ipv6' ? 'IPv6' : 'IPv4'} needs this host's address: name it with --address`);
    return { name, module, own: { kind, local: realServer, checksum } };
  };
  switch (tunnel.type) {
    case 'gre': {
      const checksum = tunnel.checksum === 'plain';
      if (outer === 'ipv6') return { device: own(checksum ? 'tandem-gre6sum' : 'tandem-gre6', 'ip6_gre', 'ip6gre', checksum) };
      // it wants a device that expects the checksum, and gre0 none
      return { device: checksum ? own('tandem-gre4sum', 'ip_gre', 'gre', true) : { name: 'gre0', module: 'ip_gre' } };
    }
    case 'ipip':
    case 'gue': {
      const port = tunnel.type === 'gue' ? { port: { family: outer, port: tunnel.port } } : {};
      const inner = familyOf(address);
      if (outer === 'ipv4') return { device: inner === 'ipv4' ? { name: 'tunl0', module: 'ipip' } : { name: 'sit0', module: 'sit' }, ...port };
      // ip6tnl0 unwraps IPv6 alone
      return { device: inner === 'ipv6' ? { name: 'ip6tnl0', module: 'ip6_tunnel' } : own('tandem-any6', 'ip6_tunnel', 'ip6tnl'), ...port };
    }
  }
};
