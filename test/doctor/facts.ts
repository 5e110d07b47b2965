/** Facts of a healthy host, to be made wrong. */
import type { Facts, HostFacts } from '../../src/doctor/facts.js';
import { examine } from '../../src/doctor/examine.js';
import type { Finding } from '../../src/doctor/finding.js';
import type { InstanceStatus, Status } from '../../src/control/status.js';
import { acceptedWithWarnings } from '../config/reading.js';

export const link = (name: string, index = 2, more: object = {}) => ({ name, index, hardwareAddress: `02:00:00:00:00:0${index}`, up: true, running: true, mtu: 1500, ...more });

const host: HostFacts = {
  links: [{ name: 'lo', index: 1, hardwareAddress: '', up: true, running: true, mtu: 65_536 }, link('eth0')],
  addresses: [
    { interface: 'lo', address: '127.0.0.1', prefixLength: 8 },
    { interface: 'eth0', address: '192.0.2.1', prefixLength: 24 },
  ],
  sysctls: {},
  missingModules: [],
  managers: [],
  clockSynchronised: true,
  routes: [],
};

export const instanceStatus = (state: InstanceStatus['state'], more: Partial<InstanceStatus> = {}): InstanceStatus =>
  ({ name: 'web', interface: 'eth0', virtual_router_id: 51, version: 3, family: 'ipv4', state, reason: 'test', conflicts: [], advertisement_interval_ms: 1000, virtual_addresses: [{ address: '192.0.2.10/24', interface: 'eth0', held: state === 'MASTER' }], ...more }) as InstanceStatus;

export const status = (more: Partial<Status> = {}): Status => ({ config: { path: '/etc/tandem/tandem.yaml', sha256: 'same', loaded_at: '2026-11-21T00:00:00.000Z' }, instances: [], virtual_servers: [], sync: null, processes: [], ...more }) as unknown as Status;

export const facts = (file: string, { host: more = {}, ...rest }: Partial<Omit<Facts, 'host'>> & { readonly host?: Partial<HostFacts> } = {}): Facts => ({
  role: 'director',
  configuration: file === '' ? undefined : acceptedWithWarnings(file).configuration,
  file: { path: '/etc/tandem/tandem.yaml', sha256: 'same' },
  listened: 3_000,
  firewall: { saved: [], nft: undefined, arp: '' },
  daemon: { status: status(), problem: undefined, processes: [] },
  vrrp: [],
  wallClock: 0,
  sync: undefined,
  stations: [],
  probes: [],
  peer: undefined,
  unseen: [],
  ...rest,
  host: { ...host, ...more },
});

export const found = (given: Facts): readonly Finding[] => examine(given).findings;
export const brief = (given: Facts): readonly string[] => found(given).map(({ code, subject }) => `${code} ${subject}`);
export const told = (given: Facts): readonly string[] => found(given).map(({ code, seen }) => `${code}: ${seen}`);
