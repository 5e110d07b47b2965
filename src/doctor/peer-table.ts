/** What the peer has, read from a file: its `tandem status --json`, or `ipvsadm -Sn` (`tandem ipvs -Sn`). Pure. */
import { isIP } from 'node:net';
import type { Status } from '../control/status.js';
import { parseLine, type Remark } from '../import/ipvsadm/parse.js';
import type { Resolve } from '../import/ipvsadm/read.js';
import { TableBuilder } from '../import/ipvsadm/table.js';
import { serviceKey } from '../ipvs/service.js';
import { portNumber, splitEndpoint } from '../ipvs/view/endpoint.js';
import { canonicalIPv6 } from '../network/ip-address.js';
import { toSeconds } from '../time/microseconds.js';
import type { PeerTable, SavedService } from './facts.js';

/** The text is neither of the two. */
export class PeerTableError extends Error {
  readonly code = 'PEER_TABLE';
  constructor(problem: string) {
    super(`${problem}; give the output of tandem status --json, or of ipvsadm -Sn, of the other director`);
    this.name = 'PeerTableError';
  }
}

/** Figures only: names may stand for something else here than there. */
const inFigures: Resolve = async (text) => {
  const endpoint = splitEndpoint(text);
  const port = endpoint?.port === undefined ? undefined : portNumber(endpoint.port);
  if (endpoint === undefined || isIP(endpoint.host) === 0 || (endpoint.port !== undefined && port === undefined)) throw new PeerTableError(`'${text}' is no address and port in figures`);
  return { address: isIP(endpoint.host) === 6 ? canonicalIPv6(endpoint.host) : endpoint.host, port };
};

/** The table that the rules make. @throws PeerTableError */
const readSavedTable = async (text: string): Promise<readonly SavedService[]> => {
  const builder = new TableBuilder(inFigures);
  const remarks: Remark[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const parsed = parseLine(line, index + 1);
    remarks.push(...parsed.remarks);
    if (parsed.rule) await builder.apply(parsed.rule);
  }
  const { services, remarks: more } = builder.table;
  const wrong = [...remarks, ...more].find(({ severity }) => severity === 'error');
  if (wrong) throw new PeerTableError(`line ${wrong.line}: ${wrong.message}`);
  return services.map(({ service, servers }) => ({
    key: serviceKey(service),
    scheduler: service.scheduler,
    persistence: service.persistence && toSeconds(service.persistence.timeout),
    destinations: [...servers.values()].map(({ server: { address, port, forwarding } }) => ({ address, port, forwarding })),
  }));
};

/** @param path for people. @throws PeerTableError */
export const readPeerTable = async (text: string, path: string): Promise<PeerTable> => {
  if (!text.trimStart().startsWith('{')) return { kind: 'table', path, services: await readSavedTable(text) };
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
