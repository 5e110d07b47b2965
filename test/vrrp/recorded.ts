/** What keepalived and FRR's vrrpd put on the wire, recorded by fixtures/record.mjs and fixtures/record-frr.sh. */
import { readFileSync } from 'node:fs';
import type { InstanceConfiguration } from '../../src/config/model.js';
import type { Advertisement } from '../../src/vrrp/packet.js';
import { Milliseconds, Seconds } from '../../src/time/microseconds.js';

interface Entry {
  readonly by: string;
  readonly name: string;
  readonly version: 2 | 3;
  readonly virtualRouterId: number;
  readonly priority: number;
  /** seconds */
  readonly interval: number;
  /** with length */
  readonly addresses: readonly string[];
  /** lines of keepalived's configuration that this is about */
  readonly more?: string;
  readonly source: string;
  /** IP packets, hexadecimal: one of the master, the last one of its orderly stop */
  readonly packets: readonly string[];
}

export interface Recorded {
  readonly by: string;
  /** who sent it with which configuration */
  readonly title: string;
  readonly source: string;
  /** with its IP header */
  readonly packet: Buffer;
  /** what it was configured to say */
  readonly advertisement: Advertisement;
}

const entries = JSON.parse(readFileSync(new URL('fixtures/recorded.json', import.meta.url), 'utf8')) as readonly Entry[];

const configured = (entry: Entry, priority: number): Advertisement => {
  const { version, virtualRouterId, more = '' } = entry;
  const addresses = entry.addresses.map((address) => address.replace(/\/\d+$/, ''));
  const common = { virtualRouterId, priority, addresses, interval: Seconds(entry.interval) };
  if (version === 2) return { version, ...common, password: /auth_pass (\S+)/.exec(more)?.[1] };
  return { version, ...common, checksum: 'pseudo_header' };
};

export const recorded: readonly Recorded[] = entries.flatMap((entry) =>
  entry.packets.map((packet, index): Recorded => {
    const resigns = index === entry.packets.length - 1;
    return {
      by: entry.by,
      title: `${entry.by}, ${entry.name}${resigns ? ', resigning' : ''}`,
      source: entry.source,
      packet: Buffer.from(packet, 'hex'),
      advertisement: configured(entry, resigns ? 0 : entry.priority),
    };
  }),
);

/** The instance that takes what was recorded for granted. */
export const instanceFor = ({ advertisement }: Recorded, changes: Partial<InstanceConfiguration> = {}): InstanceConfiguration => ({
  name: 'web',
  interface: 'e0',
  version: advertisement.version,
  virtualRouterId: advertisement.virtualRouterId,
  priority: 100,
  advertisementInterval: advertisement.interval,
  preempt: true,
  preemptDelay: Seconds(0),
  checksum: 'pseudo_header',
  authentication: advertisement.version === 2 && advertisement.password !== undefined ? { type: 'pass', password: advertisement.password } : undefined,
  virtualAddresses: [],
  garp: { repeat: 1, delay: Milliseconds(0), refresh: Milliseconds(0) },
  ...changes,
});
