/** What must hold of forwarding by full NAT: IPVS's NAT and, behind it, netfilter's source NAT. */
import { familyOf } from '../../network/ip-address.js';
import type { Path } from '../document.js';
import { onceForEach } from '../once-for-each.js';
import type { Context, ReadableFile } from './context.js';
import { familyNames } from './family.js';

type Service = NonNullable<NonNullable<ReadableFile['virtual_servers']>[number]>;

/** The forwardings of one service that are full NAT, with their places within it. */
const usesWithin = onceForEach((service: Service): readonly { readonly source: string | undefined; readonly place: Path }[] => {
  const found: { readonly source: string | undefined; readonly place: Path }[] = [];
  const look = (entry: { readonly forwarding?: { readonly method?: string | undefined; readonly source?: string | undefined } | undefined } | undefined, ...part: Path): void => {
    if (entry?.forwarding?.method === 'fullnat') found.push({ source: entry.forwarding.source, place: [...part, 'forwarding'] });
  };
  look(service);
  service.real_servers?.forEach((server, each) => look(server, 'real_servers', each));
  look(service.sorry_server, 'sorry_server');
  return found;
});

export const checkFullNat = (context: Context): void => {
  const { file, report, valueAt } = context;
  const uses: Path[] = [];
  file.virtual_servers?.forEach((service, index) => {
    if (service === undefined) return;
    const within = usesWithin(service);
    if (within.length === 0) return;
    const path = ['virtual_servers', index];
    const found = within.map(({ source, place }) => ({ source, place: [...path, ...place] }));
    uses.push(...found.map(({ place }) => place));
    if (service.one_packet === true) report([...path, 'one_packet'], { code: 'conflict', message: 'with one_packet IPVS keeps no connection that fullnat could go by', remedy: 'remove one_packet, or give forwarding: nat', at: 'key' });
    for (const { source, place } of found) {
      const wrong = source === undefined ? undefined : service.real_servers?.find((server) => server?.address !== undefined && familyOf(server.address) !== familyOf(source));
      if (source === undefined || wrong?.address === undefined) continue;
      report([...place, 'source'], { code: 'conflict', message: `the source ${source} is ${familyNames[familyOf(source)]}, the real server ${wrong.address} ${familyNames[familyOf(wrong.address)]}`, remedy: `give an ${familyNames[familyOf(wrong.address)]} address of this director` });
    }
  });
  const [place] = uses;
  if (place === undefined) return;
  if (valueAt(['ipvs', 'conntrack']) === false) {
    report(['ipvs', 'conntrack'], { code: 'conflict', message: 'fullnat needs conntrack: the source address is rewritten by netfilter, which goes by its own connections', remedy: 'remove conntrack, which fullnat sets itself' });
  }
  if ((file.vrrp?.instances?.length ?? 0) > 0) {
    report(place, {
      severity: 'warning',
      code: 'doubtful',
      message: 'connections of fullnat do not survive a failover: connection sync does not carry what netfilter knows of them',
      remedy: 'mind that clients have to connect again; nat, dr and tun keep their connections',
    });
  }
};
