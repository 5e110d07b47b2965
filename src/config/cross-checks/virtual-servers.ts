/** What must hold of services and their servers. */
import type { Path } from '../document.js';
import type { Forwarding } from '../schema/forwarding.js';
import { onceForEach } from '../once-for-each.js';
import { commonPort } from '../targets.js';
import type { Readable } from '../schema-walk.js';
import { reportRepeated, uniquenessOf, type Context, type ReadableFile } from './context.js';
import { checkHealthChecks } from './health-checks.js';
import { checkPoolPolicies } from './pool-policies.js';
import { checkTargets, matchWords, readableTargets, targetWords } from './targets.js';

type Service = NonNullable<NonNullable<ReadableFile['virtual_servers']>[number]>;

/** Services in which nothing was found by themselves, and whether beside connection sync: of those that a reload leaves as they are nothing else is. */
const faultless = new WeakMap<Service, boolean>();

const checkServiceOnce = (context: Context, service: Service, index: number): void => {
  if (faultless.get(service) !== isBesideSync(context)) checkServiceAnew(context, service, ['virtual_servers', index]);
};

const isBesideSync = ({ file }: Context): boolean => file.ipvs?.sync !== undefined;

const checkServiceAnew = (context: Context, service: Service, path: Path): void => {
  let isFaultless = true;
  checkService({ ...context, report: (...finding) => ((isFaultless = false), context.report(...finding)) }, service, path);
  if (isFaultless) faultless.set(service, isBesideSync(context));
};

const alreadyNamed = onceForEach(({ name }: Service): string => `a service is named ${name ?? ''} already`);

/** What a service has for itself, and where it says so. */
const claimsOf = onceForEach((service: Service): readonly { readonly words: string; readonly message: string; readonly at: string }[] => {
  const { protocol } = service;
  const at = wayOf(service);
  return readableTargets(service).flatMap((target) => {
    const words = targetWords(target);
    if ('fwmark' in target) return [{ words, message: `${words} is a service already`, at }, ...matchWords(target).map((marked) => ({ words: marked, message: `${marked.replace(/ (\w+)$/, ' over $1')} is a service already`, at: 'match' }))];
    return protocol === undefined ? [] : [{ words: `${words} ${protocol}`, message: `${words} over ${protocol} is a service already`, at }];
  });
});

export const checkVirtualServers = (context: Context): void => {
  const services = context.file.virtual_servers ?? [];
  const placeOfClaim = (index: number, words: string): Path => {
    const service = services[index];
    const claim = service && claimsOf(service).find((each) => each.words === words);
    return ['virtual_servers', index, ...(claim ? [claim.at] : [])];
  };
  // by their index: of a thousand services most paths are never asked for
  const names = uniquenessOf(context, 'give every service a name of its own', (index: number) => ['virtual_servers', index, 'name']);
  const targets = uniquenessOf(context, 'give every service an address, port and protocol of its own', placeOfClaim);
  services.forEach((service, index) => {
    if (service === undefined) return;
    if (service.name !== undefined) names(service.name, index, alreadyNamed(service));
    claimsOf(service).forEach(({ words, message }) => targets(words, index, message));
    checkServiceOnce(context, service, index);
  });
};

/** Of one service alone. */
const checkService = (context: Context, service: Service, path: Path): void => {
  checkTargets(context, service, path);
  if (readableTargets(service).some((target) => 'port' in target && target.port === 0) && service.persistence === undefined && !wrongPersistence(context, [...path, 'persistence'])) {
    context.report(context.given([...path, 'port']) ? [...path, 'port'] : placeOf(service, path), { code: 'conflict', message: 'port 0 (every port) needs persistence', remedy: 'add persistence: 360s, or give one port' });
  }
  checkPorts(context, service, path);
  checkServers(context, service, path);
  checkQuorum(context, service, path);
  checkScheduling(context, service, path);
  checkPoolPolicies(context, service, path);
  checkHealthChecks(context, service, path);
};

/** Where it says what it answers to. */
const placeOf = (service: Service, path: Path): Path => [...path, wayOf(service)];
const wayOf = ({ fwmark, address }: Service): string => (fwmark !== undefined ? 'fwmark' : address !== undefined ? 'address' : 'addresses');

/** `persistence: false` reads as undefined; any other value that does was wrong, and is reported already. */
const wrongPersistence = ({ given, valueAt }: Context, path: Path): boolean => given(path) && valueAt(path) !== false;

const checkServers = (context: Context, service: Service, path: Path): void => {
  const servers = service.real_servers;
  if (servers === undefined) return;
  const servicePort = commonPort(readableTargets(service));
  const portOf = (server: { readonly port?: number | undefined } | undefined, place: Path): number | undefined => server?.port ?? (context.given([...place, 'port']) ? undefined : servicePort);
  const first = new Map<string, number>();
  const sorry = service.sorry_server;
  const sorryPort = portOf(sorry, [...path, 'sorry_server']);
  servers.forEach((server, index) => {
    const place = [...path, 'real_servers', index];
    const port = portOf(server, place);
    if (server?.address === undefined || port === undefined) return;
    const key = `${server.address} ${port}`;
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, index);
    else reportRepeated(context, [...place, 'address'], [...path, 'real_servers', earlier, 'address'], `${server.address}:${port} is a real server of this service already`, 'list every server once; a weight gives it a larger share');
    if (server.address === sorry?.address && port === sorryPort) {
      context.report([...path, 'sorry_server', 'address'], { severity: 'warning', code: 'doubtful', message: `the sorry server ${sorry.address}:${port} is a real server of this service too`, remedy: 'give a host of its own' });
    }
  });
  if (servers.length === 0 && sorry === undefined) context.report(path, { severity: 'warning', code: 'doubtful', message: `the service ${service.name ?? ''} has no real servers`.replace('  ', ' '), remedy: 'add real_servers' });
};

/** Only NAT rewrites ports: DR and TUN hand the packet on as it came. A service of every port keeps the client's port. */
const checkPorts = (context: Context, service: Service, path: Path): void => {
  const ports = [...new Set(readableTargets(service).map((target) => ('port' in target ? target.port : 0)))];
  const [servicePort = 0] = ports;
  const what = ports.length > 1 ? 'several ports' : `port ${servicePort}`;
  const check = (port: number | undefined, own: Readable<Forwarding> | undefined, ...part: Path): void => {
    if (port === undefined) return;
    const place = [...path, ...part];
    const method = own?.method ?? (context.given([...place, 'forwarding']) ? undefined : service.forwarding?.method);
    // behind several ports 0 is the one that the client asked for
    if (ports.length === 0 || method === undefined || port === (ports.length === 1 ? servicePort : 0)) return;
    if (service.fwmark === undefined && servicePort === 0) context.report([...place, 'port'], { code: 'conflict', message: 'a service of every port cannot map ports', remedy: 'leave port out; to probe one port give health_check: { port: ... }' });
    else if (port === 0) context.report([...place, 'port'], { code: 'invalid_value', message: `port cannot be 0: the service has ${what}`, remedy: 'give a whole number from 1 to 65535' });
    else if (method !== 'nat' && method !== 'fullnat') context.report([...place, 'port'], { code: 'conflict', message: service.fwmark === undefined ? `${method} cannot map ${what} to ${port}` : `${method} cannot map ports: packets that bear the mark keep theirs`, remedy: `leave port out${ports.length > 1 || servicePort === 0 ? '' : ` (it is ${servicePort}, the service's)`}, or give forwarding: nat` });
  };
  service.real_servers?.forEach((server, index) => check(server?.port, server?.forwarding, 'real_servers', index));
  check(service.sorry_server?.port, service.sorry_server?.forwarding, 'sorry_server');
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

const checkScheduling = ({ report }: Context, service: Service, path: Path): void => {
  const { scheduler, scheduler_flags: flags = [], helper, forwarding } = service;
  if (flags.length > 0 && scheduler !== undefined && scheduler !== 'sh' && scheduler !== 'mh') {
    report([...path, 'scheduler_flags'], { code: 'conflict', message: `the scheduler ${scheduler} has no flags; sh and mh have`, remedy: 'remove scheduler_flags, or give scheduler: mh', at: 'key' });
  }
  if (helper === 'ftp' && forwarding?.method !== undefined && forwarding.method !== 'nat') {
    report([...path, 'helper'], { code: 'conflict', message: forwarding.method === 'fullnat' ? 'the FTP helper does not go with fullnat, which rewrites the source address too' : `the FTP helper rewrites packets on their way back, which do not pass here with ${forwarding.method}`, remedy: 'give forwarding: nat; with dr or tun use port: 0 and persistence', at: 'key' });
  }
  service.real_servers?.forEach((server, index) => {
    const { upper_threshold: upper, lower_threshold: lower } = server ?? {};
    if (lower !== undefined && lower > 0 && lower >= (upper ?? 0)) {
      const message = upper ? `lower_threshold ${lower} is not below upper_threshold ${upper}` : 'lower_threshold has no meaning without upper_threshold';
      report([...path, 'real_servers', index, 'lower_threshold'], { code: 'conflict', message, remedy: upper ? `give less than ${upper}` : 'add upper_threshold, or remove it', at: 'key' });
    }
  });
};
