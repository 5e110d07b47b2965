/** What the peer has, read from a file: its `tandem status --json`, or `ipvsadm -Sn` (`tandem ipvs -Sn`). Pure. */
import type { Status } from '../control/status.js';
import { formatEndpoint } from '../network/ip-address.js';
import type { PeerTable, SavedService } from './facts.js';

/** The text is neither of the two. */
export class PeerTableError extends Error {
  readonly code = 'PEER_TABLE';
  constructor(problem: string) {
    super(`${problem}; give the output of tandem status --json, or of ipvsadm -Sn, of the other director`);
    this.name = 'PeerTableError';
  }
}

const protocols: Readonly<Record<string, string>> = { '-t': 'tcp', '-u': 'udp', '--tcp-service': 'tcp', '--udp-service': 'udp', '--sctp-service': 'sctp' };
const methods: Readonly<Record<string, 'dr' | 'nat' | 'tun'>> = { '-g': 'dr', '-m': 'nat', '-i': 'tun' };

const endpointOf = (text: string, line: string): { readonly address: string; readonly port: number } => {
  const [, six, four, port] = /^(?:\[([0-9a-fA-F:.]+)\]|(\d+\.\d+\.\d+\.\d+)):(\d+)$/.exec(text) ?? [];
  if (port === undefined) throw new PeerTableError(`'${text}' in '${line}' is no address and port in figures`);
  return { address: six ?? four ?? '', port: Number(port) };
};

/** @throws PeerTableError */
export const readSavedTable = (text: string): readonly SavedService[] => {
  const services = new Map<string, SavedService>();
  for (const line of text.split('\n').map((each) => each.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    const words = line.split(/\s+/);
    const value = (...names: readonly string[]): string | undefined => {
      const index = words.findIndex((word) => names.includes(word));
      return index < 0 ? undefined : words[index + 1];
    };
    const isService = words[0] === '-A';
    if (!isService && words[0] !== '-a') throw new PeerTableError(`'${line}' is no line of a saved table`);
    const mark = value('-f', '--fwmark-service');
    const protocol = Object.keys(protocols).find((option) => words.includes(option));
    const key = mark !== undefined ? `mark ${mark} ${words.includes('-6') ? 'ipv6' : 'ipv4'}` : `${endpointText(value(protocol ?? '') ?? '', line)}/${protocols[protocol ?? ''] ?? ''}`;
    const known = services.get(key) ?? (mark === undefined ? undefined : services.get(`mark ${mark} ipv6`));
    if (isService) {
      const persistence = value('-p', '--persistent');
      services.set(key, { key, scheduler: value('-s', '--scheduler') ?? 'wlc', persistence: persistence === undefined ? undefined : Number(persistence), destinations: [] });
    } else if (known) {
      const destination = { ...endpointOf(value('-r', '--real-server') ?? '', line), forwarding: methods[words.find((word) => word in methods) ?? '-g'] ?? 'dr' } as const;
      services.set(known.key, { ...known, destinations: [...known.destinations, destination] });
    }
  }
  return [...services.values()];
};

const endpointText = (text: string, line: string): string => {
  const { address, port } = endpointOf(text, line);
  return formatEndpoint(address, port);
};

/** @param path for people. @throws PeerTableError */
export const readPeerTable = (text: string, path: string): PeerTable => {
  if (!text.trimStart().startsWith('{')) return { kind: 'table', path, services: readSavedTable(text) };
  let status: unknown;
  try {
    status = JSON.parse(text);
  } catch (error) {
    throw new PeerTableError(`it is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const { instances, virtual_servers: servers } = status as Partial<Status>;
  if (!Array.isArray(instances) || !Array.isArray(servers)) throw new PeerTableError('it is JSON, but no status of tandemd');
  return { kind: 'status', path, status: status as Status };
};
