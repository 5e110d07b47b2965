/** What `tandem ipvs` makes of the kernel's messages is what ipvsadm 1.31 showed of the same ones: recorded by fixtures/record-view.sh. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeDestination } from '../../../src/ipvs/destination.js';
import { decodeRunningDaemon } from '../../../src/ipvs/daemon.js';
import * as ipvs from '../../../src/ipvs/constants.js';
import { decodeMessage, required } from '../../../src/ipvs/message.js';
import { decodeService } from '../../../src/ipvs/service.js';
import { decodeInformation, decodeStatistics } from '../../../src/ipvs/statistics.js';
import { formatConnections, parseConnections } from '../../../src/ipvs/view/connections.js';
import { formatDaemons, formatTimeouts } from '../../../src/ipvs/view/daemons.js';
import { type Names, numeric, numericAddress, parseServiceNames } from '../../../src/ipvs/view/names.js';
import { formatRules } from '../../../src/ipvs/view/rules.js';
import { type Columns, formatTable } from '../../../src/ipvs/view/table.js';
import type { View } from '../../../src/ipvs/view/words.js';
import { Seconds } from '../../../src/time/microseconds.js';

interface Shown {
  readonly arguments: string;
  readonly text: string;
}
interface Recording {
  readonly hosts: string;
  readonly services: string;
  readonly information: string;
  readonly table: readonly { readonly service: string; readonly destinations: readonly string[] }[];
  readonly tables: readonly Shown[];
  readonly connections: { readonly file: string; readonly views: readonly Shown[] };
  readonly daemons: { readonly messages: readonly string[]; readonly text: string };
}
const recording = JSON.parse(readFileSync(new URL('../fixtures/ipvsadm-view.json', import.meta.url), 'utf8')) as Recording;

const attributes = (hex: string) => decodeMessage(Buffer.from(hex, 'hex')).attributes;
const counted = <T>(hex: string, type: number, decode: (content: Buffer) => T, type64: number, type32: number) => {
  const content = required(attributes(hex), type, 'the content', 0);
  return { ...decode(content), statistics: decodeStatistics(content, type64, type32) };
};
const view: View = {
  information: decodeInformation(attributes(recording.information)),
  table: recording.table.map(({ service, destinations }) => ({
    service: counted(service, ipvs.IPVS_CMD_ATTR_SERVICE, decodeService, ipvs.IPVS_SVC_ATTR_STATS64, ipvs.IPVS_SVC_ATTR_STATS),
    destinations: destinations.map((destination) => counted(destination, ipvs.IPVS_CMD_ATTR_DEST, decodeDestination, ipvs.IPVS_DEST_ATTR_STATS64, ipvs.IPVS_DEST_ATTR_STATS)),
  })),
};

const hosts = new Map(recording.hosts.trim().split('\n').map((line) => line.split(' ') as [string, string]));
const ports = parseServiceNames(recording.services);
const byName: Names = { host: (address) => hosts.get(address) ?? numericAddress(address), port: (port, protocol) => ports.get(`${port}/${protocol ?? ''}`) ?? String(port) };
const namesFor = (given: string): Names => (given.split(' ')[0]?.includes('n') === true ? numeric : byName);

const columns: Readonly<Record<string, Columns>> = { '--stats': 'statistics', '--rate': 'rates', '--thresholds': 'thresholds', '--persistent-conn': 'persistent_connections', '--tun-info': 'tunnels' };

describe('the same text as ipvsadm', () => {
  it.each(recording.tables.map(({ arguments: given, text }) => [given, text] as const))('%s', (given, text) => {
    const [first = '', ...more] = given.split(' ');
    const names = namesFor(first);
    if (first.startsWith('-S')) expect(formatRules(view.table, names)).toBe(text);
    else expect(formatTable(view, { columns: columns[more[0] ?? ''] ?? 'forwarding', names, sorted: !more.includes('--nosort'), exact: more.includes('--exact') })).toBe(text);
  });

  it.each(recording.connections.views.map(({ arguments: given, text }) => [given, text] as const))('%s', (given, text) => {
    expect(formatConnections(parseConnections(recording.connections.file), namesFor(given), given.includes('--persistent-conn'))).toBe(text);
  });

  it('-L --daemon', () => {
    expect(formatDaemons(recording.daemons.messages.map((message) => decodeRunningDaemon(required(attributes(message), ipvs.IPVS_CMD_ATTR_DAEMON, 'the daemon', 0))))).toBe(recording.daemons.text);
  });

  it('-L --timeout', () => {
    // as ipvsadm 1.31 printed it after `ipvsadm --set 100000 0 77`
    expect(formatTimeouts({ tcp: Seconds(100_000), tcpFin: Seconds(120), udp: Seconds(77) })).toBe('Timeout (tcp tcpfin udp): 100000 120 77\n');
  });
});
