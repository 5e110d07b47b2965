/** What must hold of services and their servers. */
import type { Path } from '../document.js';
import type { ForwardingMethod } from '../model.js';
import { uniqueness, type Context, type ReadableFile } from './context.js';
import { checkHealthChecks } from './health-checks.js';

type Service = NonNullable<NonNullable<ReadableFile['virtual_servers']>[number]>;

export const checkVirtualServers = (context: Context): void => {
  const names = uniqueness(context, 'give every service a name of its own');
  const targets = uniqueness(context, 'give every service an address, port and protocol of its own');
  context.file.virtual_servers?.forEach((service, index) => {
    if (service === undefined) return;
    const path = ['virtual_servers', index];
    const { name, address, port, protocol } = service;
    if (name !== undefined) names(name, [...path, 'name'], `a service is named ${name} already`);
    if (address !== undefined && port !== undefined && protocol !== undefined) targets(`${address} ${port} ${protocol}`, [...path, 'address'], `${address}:${port} over ${protocol} is a service already`);
    if (port === 0 && service.persistence === undefined && !wrongPersistence(context, [...path, 'persistence'])) {
      context.report([...path, 'port'], { code: 'conflict', message: 'port 0 (every port) needs persistence', remedy: 'add persistence: 360s, or give one port' });
    }
    checkPorts(context, service, path);
    checkServers(context, service, path);
    checkQuorum(context, service, path);
    checkHealthChecks(context, service, path);
  });
};

/** `persistence: false` reads as undefined; any other value that does was wrong, and is reported already. */
const wrongPersistence = ({ given, valueAt }: Context, path: Path): boolean => given(path) && valueAt(path) !== false;

const checkServers = (context: Context, service: Service, path: Path): void => {
  const servers = service.real_servers;
  if (servers === undefined) return;
  const unique = uniqueness(context, 'list every server once; a weight gives it a larger share');
  const portOf = (server: { readonly port?: number | undefined } | undefined, place: Path): number | undefined => server?.port ?? (context.given([...place, 'port']) ? undefined : service.port);
  const sorry = service.sorry_server;
  const sorryPort = portOf(sorry, [...path, 'sorry_server']);
  servers.forEach((server, index) => {
    const place = [...path, 'real_servers', index];
    const port = portOf(server, place);
    if (server?.address === undefined || port === undefined) return;
    unique(`${server.address} ${port}`, [...place, 'address'], `${server.address}:${port} is a real server of this service already`);
    if (server.address === sorry?.address && port === sorryPort) {
      context.report([...path, 'sorry_server', 'address'], { severity: 'warning', code: 'doubtful', message: `the sorry server ${sorry.address}:${port} is a real server of this service too`, remedy: 'give a host of its own' });
    }
  });
  if (servers.length === 0 && sorry === undefined) context.report(path, { severity: 'warning', code: 'doubtful', message: `the service ${service.name ?? ''} has no real servers`.replace('  ', ' '), remedy: 'add real_servers' });
};

/** Only NAT rewrites ports: DR and TUN hand the packet on as it came. A service of every port keeps the client's port. */
const checkPorts = (context: Context, service: Service, path: Path): void => {
  const check = (place: Path, port: number | undefined, own: ForwardingMethod | undefined): void => {
    const method = own ?? (context.given([...place, 'forwarding']) ? undefined : service.forwarding);
    if (port === undefined || service.port === undefined || method === undefined || port === service.port) return;
    if (service.port === 0) context.report([...place, 'port'], { code: 'conflict', message: 'a service of every port cannot map ports', remedy: 'leave port out; to probe one port give health_check: { port: ... }' });
    else if (method !== 'nat') context.report([...place, 'port'], { code: 'conflict', message: `${method} cannot map port ${service.port} to ${port}`, remedy: `leave port out (it is ${service.port}, the service's), or give forwarding: nat` });
    else if (port === 0) context.report([...place, 'port'], { code: 'invalid_value', message: `port cannot be 0: the service has port ${service.port}`, remedy: 'give a whole number from 1 to 65535' });
  };
  service.real_servers?.forEach((server, index) => check([...path, 'real_servers', index], server?.port, server?.forwarding));
  check([...path, 'sorry_server'], service.sorry_server?.port, service.sorry_server?.forwarding);
};

const checkQuorum = (context: Context, service: Service, path: Path): void => {
  const weights = service.real_servers?.map((server) => server?.weight) ?? [];
  const { weight, hysteresis } = service.quorum ?? {};
  if (weights.length === 0 || weights.includes(undefined) || weight === undefined || hysteresis === undefined) return;
  const sum = weights.reduce((total: number, each) => total + (each ?? 0), 0);
  const place = context.given([...path, 'quorum', 'weight']) ? [...path, 'quorum', 'weight'] : context.given([...path, 'quorum']) ? [...path, 'quorum'] : path;
  if (weight > sum) context.report(place, { severity: 'warning', code: 'doubtful', message: `the quorum ${weight} is more than all weights together (${sum}): it can never be reached`, remedy: sum === 0 ? 'give the servers more weight than 0' : `give quorum.weight ${sum} or less, or more weight to the servers` });
  else if (weight + hysteresis > sum && context.given([...path, 'quorum', 'hysteresis'])) {
    context.report([...path, 'quorum', 'hysteresis'], { severity: 'warning', code: 'doubtful', message: `quorum ${weight} plus hysteresis ${hysteresis} is more than all weights together (${sum}): once lost it is never regained`, remedy: `give a hysteresis of ${sum - weight} or less` });
  }
};
