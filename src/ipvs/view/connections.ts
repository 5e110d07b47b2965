/** The connections that /proc/net/ip_vs_conn lists (ip_vs_conn_seq_show in linux/net/netfilter/ipvs/ip_vs_conn.c), as `ipvsadm -Lc` shows them. Pure. */
import { parseShownAddress } from '../table-text.js';
import { endpointText, type Names } from './names.js';

export interface ConnectionEnd {
  readonly address: string;
  readonly port: number;
}

export interface Connection {
  /** TCP, UDP, SCTP; IP for the persistence template of a firewall mark, whose virtual address is the mark */
  readonly protocol: string;
  readonly state: string;
  /** seconds */
  readonly expires: number;
  readonly client: ConnectionEnd;
  readonly virtual: ConnectionEnd;
  readonly destination: ConnectionEnd;
  /** of the persistence engine */
  readonly engine: { readonly name: string; readonly data: string } | undefined;
}

export const parseConnections = (text: string): readonly Connection[] =>
  text
    .split('\n')
    .slice(1)
    .flatMap((line): readonly Connection[] => {
      const [protocol = '', ...fields] = line.split(/\s+/);
      const [from = '', fromPort = '', to = '', toPort = '', at = '', atPort = '', state = '', expires = '', engine, data] = fields;
      if (expires === '') return [];
      const end = (address: string, port: string): ConnectionEnd => ({ address: parseShownAddress(address), port: Number.parseInt(port, 16) });
      return [
        {
          protocol,
          state,
          expires: Number(expires),
          client: end(from, fromPort),
          virtual: end(to, toPort),
          destination: end(at, atPort),
          engine: engine !== undefined && data !== undefined && data !== '' ? { name: engine, data } : undefined,
        },
      ];
    });

const heading = 'pro expire state       source             virtual            destination';

const minutes = (seconds: number): string => [Math.floor(seconds / 60), seconds % 60].map((part) => String(part).padStart(2, '0')).join(':');

/** @param withEngines what persistence engines know of a connection too (`--persistent-conn`) */
export const formatConnections = (connections: readonly Connection[], names: Names, withEngines: boolean): string => {
  const lines = connections.map(({ protocol, state, expires, client, virtual, destination, engine }) => {
    const [source, service, server] = [client, virtual, destination].map(({ address, port }) => endpointText(names, address, port, protocol.toLowerCase()));
    const start = `${protocol.padEnd(3)} ${minutes(expires).padEnd(6)} ${state.padEnd(11)} ${source?.padEnd(18)} ${service?.padEnd(18)} ${server}`;
    return withEngines && engine ? `${start.padEnd(start.length - (server?.length ?? 0) + 16)} ${engine.name.padEnd(18)} ${engine.data}` : start;
  });
  return ['IPVS connection entries', withEngines ? `${heading}        pe name          pe_data` : heading, ...lines].map((line) => `${line}\n`).join('');
};
