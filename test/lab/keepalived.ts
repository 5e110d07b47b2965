/** A real keepalived as a site's director, with the configuration of an LVS pair. */
import type { LabProcess } from '../../src/lab/lab-process.js';
import { addresses, type Director, type Site } from '../../src/lab/topology.js';

export interface KeepalivedOptions {
  readonly priority: number;
  /** name of a real server -> weight; 1 where none is given */
  readonly weights?: Readonly<Record<string, number>>;
  /** VRRP's; 2 unless said otherwise */
  readonly version?: 2 | 3;
}

/** Starts keepalived on a director; ready when it has become what it logs. */
export async function startKeepalived(site: Site, director: Director, options: KeepalivedOptions): Promise<LabProcess> {
  const folder = `/run/${director.name}`;
  await site.lab.must(`mkdir -p ${folder}; cat >${folder}/keepalived.conf <<'END'\n${configuration(site, director, options)}END`);
  return site.start(
    director.name,
    director.name,
    `exec keepalived -n -l -f ${folder}/keepalived.conf -p ${folder}/pid -r ${folder}/vrrp.pid -c ${folder}/check.pid`,
  );
}

/** What the lab kernel does not load by itself. */
export const ipvsModules = 'for name in ip_vs ip_vs_wrr; do modprobe $name; done';

function configuration(site: Site, director: Director, { priority, weights = {}, version = 2 }: KeepalivedOptions): string {
  const instance = (name: string, device: string, id: number, address: string): string => `
vrrp_instance ${name} {
  state BACKUP
  interface ${device}
  virtual_router_id ${id}
  priority ${priority}
  advert_int 1
  virtual_ipaddress { ${address}/${name === 'inside' ? 24 : 32} dev ${device} }
}`;
  const servers = site.realServers.map(
    ({ name, address }) => `
  real_server ${address} 80 {
    weight ${weights[name] ?? 1}
    HTTP_GET { url { path /health status_code 200 } connect_timeout 1 retry 1 delay_before_retry 1 }
  }`,
  );
  return `
global_defs { router_id ${director.name}
  vrrp_version ${version}
  lvs_sync_daemon e0 web id 51
}
${site.forwarding === 'nat' ? 'vrrp_sync_group all { group { web\n inside\n } }' : ''}
${instance('web', 'e0', 51, site.vip)}
${site.forwarding === 'nat' ? instance('inside', 'e1', 52, addresses.insideVip) : ''}
virtual_server ${site.vip} 80 {
  delay_loop 1
  lvs_sched wrr
  lvs_method ${site.forwarding.toUpperCase()}
  protocol TCP
  ${servers.join('')}
}
`;
}
