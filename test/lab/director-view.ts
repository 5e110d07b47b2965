/** What a director's kernel holds, as `ip` and `ipvsadm` show it. */
import type { Site } from '../../src/lab/topology.js';

/** A row of `ipvsadm -Lnc`: addresses with their ports. */
export interface ConnectionRow {
  readonly protocol: string;
  /** NONE for a persistence template */
  readonly state: string;
  readonly client: string;
  readonly virtual: string;
  readonly realServer: string;
}

/** Whether an address is on the director. */
export const holds = async (site: Site, director: string, address: string): Promise<boolean> =>
  (await site.lab.must(`ip -n ${director} -4 -o addr show to ${address}`)) !== '';

/** Which of the directors have an address. */
export const holdersOf = async (site: Site, address: string): Promise<readonly string[]> => {
  const names = site.directors.map(({ name }) => name);
  const held = await Promise.all(names.map((name) => holds(site, name, address)));
  return names.filter((_, index) => held[index]);
};

/** The rows of `ipvsadm -Lnc`. */
export const connectionsOf = async (site: Site, director: string): Promise<readonly ConnectionRow[]> => {
  const rows = (await site.must(director, 'ipvsadm -Lnc')).trim().split('\n').slice(2);
  return rows.map((row) => {
    const [protocol = '', , state = '', client = '', virtual = '', realServer = ''] = row.split(/ +/);
    return { protocol, state, client, virtual, realServer };
  });
};

/** The destinations that `ipvsadm -Ln` shows for a service: `10.0.0.11:80 Route 1` (address, forwarding, weight). */
export const destinationsOf = async (site: Site, director: string, service: string): Promise<readonly string[]> => {
  const rows = (await site.must(director, `ipvsadm -Ln -t ${service}`)).trim().split('\n').slice(3);
  return rows.map((row) => row.trim().split(/ +/).slice(1, 4).join(' '));
};
