/** One large table in both daemons' own forms: an instance that advertises every 100 ms, services of one address, servers without or with a check. */
import type { DaemonName } from '../daemons.js';

export interface TableSettings {
  readonly services: number;
  readonly servers: number;
  /** of how many servers of each service a TCP check asks the port 9, and how often in seconds; they are on this host, at addresses of 127/8 */
  readonly checked?: { readonly servers: number; readonly interval: number; readonly type: 'tcp' | 'http'; readonly shared: number };
  /** of the last server of the last service */
  readonly lastWeight: number;
}

export const virtualAddress = '10.0.0.100';
export const checkedPort = 9;
export const portOf = (service: number): number => 10_000 + service;
export const advertisementInterval = 100;

/** @param shared services of which `shared` have the same servers */
export const serverAddress = ({ checked }: TableSettings, service: number, server: number): string => {
  const network = Math.floor(service / (checked?.shared ?? 1));
  return server < (checked?.servers ?? 0) ? `127.${server + 1}.${network >> 8}.${network & 255}` : `10.${16 + server}.${network >> 8}.${network & 255}`;
};

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

const weightOf = ({ services, servers, lastWeight }: TableSettings, service: number, server: number): number => (service === services - 1 && server === servers - 1 ? lastWeight : 1);

const tandem = (settings: TableSettings): string => {
  const { services, servers, checked } = settings;
  const check = checked ? `\n        health_check: { type: ${checked.type}, port: ${checkedPort}, interval: ${checked.interval * 1000}ms, timeout: 1s, rise: 1, fall: 1 }` : '';
  const server = (service: number, index: number): string =>
    `\n      - address: ${serverAddress(settings, service, index)}\n        weight: ${weightOf(settings, service, index)}${index < (checked?.servers ?? 0) ? check : ''}`;
  return `
vrrp: { instances: [{ name: web, interface: e0, virtual_router_id: 51, advertisement_interval: ${advertisementInterval}ms, virtual_addresses: [${virtualAddress}] }] }
ipvs: { modprobe: [/sbin/modprobe, -d, /run/kernel] }
virtual_servers:
${numbers(services)
  .map(
    (service) => `  - name: s${portOf(service)}
    address: ${virtualAddress}
    port: ${portOf(service)}
    scheduler: wrr
    forwarding: dr
    health_check: { type: none }
    real_servers:${numbers(servers).map((index) => server(service, index)).join('')}`,
  )
  .join('\n')}
`;
};

const keepalived = (settings: TableSettings): string => {
  const { services, servers, checked } = settings;
  const options = `connect_port ${checkedPort}\n connect_timeout 1\n retry 0`;
  const check = checked?.type === 'http' ? `\n HTTP_GET {\n http_protocol 1.1\n url {\n path /\n status_code 200\n }\n ${options}\n }` : `\n TCP_CHECK {\n ${options}\n }`;
  const server = (service: number, index: number): string =>
    ` real_server ${serverAddress(settings, service, index)} ${portOf(service)} {\n weight ${weightOf(settings, service, index)}${index < (checked?.servers ?? 0) ? check : ''}\n }`;
  return `
global_defs { vrrp_version 3 }
vrrp_instance web {
 state BACKUP
 interface e0
 virtual_router_id 51
 advert_int ${advertisementInterval / 1000}
 virtual_ipaddress { ${virtualAddress}/32 }
}
${numbers(services)
  .map(
    (service) => `virtual_server ${virtualAddress} ${portOf(service)} {
 delay_loop ${checked?.interval ?? 60}
 lvs_sched wrr
 lvs_method DR
 protocol TCP
${numbers(servers).map((index) => server(service, index)).join('\n')}
}`,
  )
  .join('\n')}
`;
};

export const tableConfiguration: Readonly<Record<DaemonName, (settings: TableSettings) => string>> = { tandem, keepalived };
