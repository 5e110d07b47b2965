/** What real servers did with packets that were sent to them as the director's forwarding does. Pure. */
import { formatEndpoint } from '../network/ip-address.js';
import type { Facts, RouteProbe, TunnelProbe, VipProbe } from './facts.js';
import { type Finding, finding } from './finding.js';

export const findInProbes = ({ probes }: Facts): readonly Finding[] =>
  probes.flatMap((probe) => {
    switch (probe.kind) {
      case 'vip':
        return vip(probe);
      case 'route':
        return route(probe);
      case 'tunnel':
        return tunnel(probe);
    }
  });

const vip = ({ service, realServer, hardwareAddress, vip: address, port, answer, forwarding, interface: name }: VipProbe): readonly Finding[] => {
  if (answer !== 'none') return [];
  const subject = `${service} ${realServer}`;
  return forwarding === 'dr'
    ? [finding('real_server_without_vip', subject, `${realServer} (${hardwareAddress ?? ''}) answers ARP, but neither a TCP connection to ${formatEndpoint(address, port)} nor an echo request to ${address} that were handed to it on ${name}`, `on ${realServer}: ip addr add ${address}/32 dev lo (tandem realserver apply does it); if it is there, look at its firewall`)]
    : [finding('real_server_without_vip', subject, `${realServer} answers neither a TCP connection to ${formatEndpoint(address, port)} nor an echo request to ${address} that were sent to it through the tunnel`, `on ${realServer}: modprobe ipip; ip link set tunl0 up; ip addr add ${address}/32 dev tunl0; sysctl -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.tunl0.rp_filter=0 (tandem realserver apply does it); if it is so, look at its firewall (protocol 4) and at the way to it`)];
};

const route = ({ service, realServer, port, near, far, interface: name }: RouteProbe): readonly Finding[] => {
  // where it does not even answer its neighbour nothing can be said of its routes
  if (!near.answered || far.cameBy?.interface === name) return [];
  const came = far.cameBy === undefined ? 'not at all' : `by ${far.cameBy.interface} from ${far.cameBy.hardwareAddress}`;
  return [finding('nat_route_not_back', `${service} ${realServer}`, `${formatEndpoint(realServer, port)} answers ${near.source}, which is on its network; what it answers ${far.source}, which is not, comes back ${came} instead of by ${name}`, `on ${realServer}: ip route replace default via the inside virtual address of the directors; or forwarding: fullnat, which needs no route back`)];
};

const tunnel = ({ service, realServer, small, large, size, told, interface: name }: TunnelProbe): readonly Finding[] => {
  if (!small || large) return [];
  const seen = told === undefined ? `and no router said why` : `and a router on the way said that ${told} octets are all that fits`;
  return [finding('tunnel_mtu', `${service} ${realServer}`, `an echo request of ${size} octets through the tunnel to ${realServer} by ${name} was not answered, ${seen}; a small one was`, `raise the MTU on the way to ${realServer} to ${size} at least (better ${size + 20}, so that whole packets of clients fit), or on the real servers clamp what they ask of clients: iptables -t mangle -A POSTROUTING -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss ${(told ?? 1280) - 60}`)];
};
