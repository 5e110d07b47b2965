/** What a rule says, as the kernel would be told: the service, its settings, the server. Pure but for names, which are looked up by what is passed in. */
import { isIP, isIPv4 } from 'node:net';
import { schedulers, type Tunnel } from '../../config/model.js';
import { IP_VS_SVC_F_SCHED1, IP_VS_SVC_F_SCHED2 } from '../../ipvs/constants.js';
import type { DestinationEntry, DestinationSelector } from '../../ipvs/destination.js';
import type { ServiceSelector, ServiceSettings, TransportProtocol } from '../../ipvs/service.js';
import { splitEndpoint } from '../../ipvs/view/endpoint.js';
import { type Family, familyOf } from '../../network/ip-address.js';
import { Seconds } from '../../time/microseconds.js';
import { errorAt, type Given, type Place, type Remark, type Rule, warningAt } from './parse.js';

/** @throws Error whose message says what is wrong with it */
export type Resolve = (text: string, protocol: string) => Promise<{ readonly address: string; readonly port: number | undefined }>;

/** A rule that says something wrong. */
class RuleError extends Error {
  readonly code = 'RULE';
  constructor(readonly remark: Remark) {
    super(remark.message);
    this.name = 'RuleError';
  }
}

const refuse = (place: Place, message: string, remedy: string): never => {
  throw new RuleError(errorAt(place, message, remedy));
};

/** Runs a reader; what it refuses becomes a remark. */
export const attempt = async <T>(read: () => Promise<T>, remarks: Remark[]): Promise<T | undefined> => {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    remarks.push(error.remark);
    return undefined;
  }
};

const protocols = { 'tcp-service': 'tcp', 'udp-service': 'udp', 'sctp-service': 'sctp' } as const;
const selectors = [...Object.keys(protocols), 'fwmark-service', 'ipv6'];
const settings = ['scheduler', 'persistent', 'netmask', 'pe', 'sched-flags', 'ops'];
const server = ['real-server', 'gatewaying', 'ipip', 'masquerading', 'weight', 'u-threshold', 'l-threshold', 'tun-type', 'tun-port', 'tun-nocsum', 'tun-csum', 'tun-remcsum'];
const allowed: Readonly<Record<string, readonly string[]>> = {
  'add-service': [...selectors, ...settings],
  'edit-service': [...selectors, ...settings],
  'delete-service': selectors,
  'add-server': [...selectors, ...server],
  'edit-server': [...selectors, ...server],
  'delete-server': [...selectors, 'real-server'],
};

const refuseOthers = ({ command, options }: Rule): void => {
  for (const [name, place] of options) {
    if (name !== command && allowed[command]?.includes(name) !== true) refuse(place, `--${name} does not go with --${command}`, 'leave it out');
  }
};

const valueOf = ({ options }: Rule, name: string): string | undefined => options.get(name)?.values[0];

const numberOf = (rule: Rule, name: string, from: number, to: number): number | undefined => {
  const given = rule.options.get(name);
  const [text] = given?.values ?? [];
  if (given === undefined || text === undefined) return undefined;
  return /^\d{1,10}$/.test(text) && Number(text) >= from && Number(text) <= to ? Number(text) : refuse(given, `'${text}' is no value for --${name}`, `a whole number from ${from} to ${to}`);
};

export class RuleReader {
  /** of names that were looked up, by place */
  readonly remarks: Remark[] = [];

  constructor(private readonly resolve: Resolve) {}

  async selector(rule: Rule): Promise<ServiceSelector> {
    refuseOthers(rule);
    const given = [...rule.options].filter(([name]) => name in protocols || name === 'fwmark-service');
    const [first, second] = given;
    if (!first) return refuse(rule, 'the rule names no service', 'add -t, -u, --sctp-service or -f');
    if (second) return refuse(second[1], `--${second[0]} is a second service`, 'keep one of them');
    const [name, place] = first;
    const ipv6 = rule.options.get('ipv6');
    if (name === 'fwmark-service') {
      const text = place.values[0] ?? '';
      // ipvsadm itself saves marks from 2^31 on as negative numbers
      const mark = /^-?\d{1,10}$/.test(text) ? Number(text) : 0;
      if (mark === 0 || mark < -(2 ** 31) || mark >= 2 ** 32) refuse(place, `'${text}' is no firewall mark`, 'a whole number from 1 to 4294967295');
      return { family: ipv6 ? 'ipv6' : 'ipv4', fwmark: mark >>> 0 };
    }
    if (ipv6) refuse(ipv6, '-6 belongs to -f: an address says its family itself', 'leave it out');
    const protocol: TransportProtocol = protocols[name as keyof typeof protocols];
    const { address, port = 0 } = await this.endpoint(place, protocol);
    return { protocol, address, port };
  }

  /** What is not said is ipvsadm's default. */
  settings(rule: Rule, selector: ServiceSelector): ServiceSettings {
    const scheduler = valueOf(rule, 'scheduler') ?? 'wlc';
    const known: readonly string[] = schedulers;
    if (!known.includes(scheduler)) refuse(rule.options.get('scheduler') ?? rule, `'${scheduler}' is no scheduler that Tandem knows`, `one of ${known.join(', ')}`);
    const ops = rule.options.get('ops');
    if (ops && 'protocol' in selector && selector.protocol !== 'udp') refuse(ops, '-o is for UDP', 'leave it out');
    const persistence = this.persistence(rule, selector);
    if ('port' in selector && selector.port === 0 && !persistence) refuse(rule, 'port 0 (every port) needs persistence', 'add -p, or give one port');
    return { scheduler, persistence, onePacket: ops !== undefined, schedulerFlags: this.flags(rule, scheduler), persistenceEngine: this.engine(rule, persistence) };
  }

  async destination(rule: Rule, service: ServiceSelector): Promise<DestinationSelector> {
    const place = rule.options.get('real-server');
    if (!place) return refuse(rule, 'the rule names no real server', 'add -r');
    const { address, port } = await this.endpoint(place, 'protocol' in service ? service.protocol : 'tcp');
    const own = 'port' in service ? service.port : 0;
    // only NAT maps ports; ipvsadm puts the service's in place of another
    if (!('port' in service) || rule.options.has('masquerading') || !['add-server', 'edit-server'].includes(rule.command) || port === undefined) return { address, port: port ?? own };
    if (port !== own) this.remarks.push(warningAt(place, `port ${port} is not the service's, and only NAT (-m) maps ports`, `the import has port ${own}, as ipvsadm makes it`, 'doubtful'));
    return { address, port: own };
  }

  server(rule: Rule, destination: DestinationSelector): DestinationEntry {
    const methods = ([['gatewaying', 'dr'], ['ipip', 'tun'], ['masquerading', 'nat']] as const).filter(([name]) => rule.options.has(name));
    const [first, second] = methods;
    if (second) refuse(rule.options.get(second[0]) ?? rule, `--${second[0]} is a second forwarding method`, 'keep one of -g, -i and -m');
    const forwarding = first?.[1] ?? 'dr';
    const tunnel = this.tunnel(rule, forwarding === 'tun');
    const weight = numberOf(rule, 'weight', 0, 2 ** 31 - 1) ?? 1;
    const [upperThreshold, lowerThreshold] = [numberOf(rule, 'u-threshold', 0, 65_535), numberOf(rule, 'l-threshold', 0, 65_535)];
    return { ...destination, forwarding, tunnel, weight, upperThreshold, lowerThreshold };
  }

  private tunnel(rule: Rule, isTunnel: boolean): Tunnel | undefined {
    const type = valueOf(rule, 'tun-type') ?? 'ipip';
    const checksums = ([['tun-csum', 'plain'], ['tun-remcsum', 'remote'], ['tun-nocsum', 'none']] as const).filter(([name]) => rule.options.has(name));
    const stray = ['tun-type', 'tun-port', ...checksums.map(([name]) => name)].find((name) => rule.options.has(name));
    if (!isTunnel) return stray === undefined ? undefined : refuse(rule.options.get(stray) ?? rule, `--${stray} belongs to tunnels`, 'add -i, or leave it out');
    if (type !== 'ipip' && type !== 'gre' && type !== 'gue') return refuse(rule.options.get('tun-type') ?? rule, `'${type}' is no type of tunnel`, 'ipip, gre or gue');
    const [first, second] = checksums;
    if (second) refuse(rule.options.get(second[0]) ?? rule, `--${first?.[0] ?? ''} and --${second[0]} exclude each other`, 'keep one of them');
    const port = numberOf(rule, 'tun-port', 1, 65_535);
    if (type === 'gue' && port === undefined) refuse(rule, 'a tunnel of type gue needs --tun-port', 'add the UDP port on which the real server takes it');
    if (type !== 'gue' && port !== undefined) refuse(rule.options.get('tun-port') ?? rule, '--tun-port belongs to tunnels of type gue', 'leave it out');
    if ((first?.[1] === 'remote' && type !== 'gue') || (first && type === 'ipip')) refuse(rule.options.get(first?.[0] ?? '') ?? rule, `a tunnel of type ${type} has no --${first?.[0] ?? ''}`, 'leave it out');
    return { type, port: port ?? 0, checksum: first?.[1] ?? 'none' };
  }

  private persistence(rule: Rule, selector: ServiceSelector): ServiceSettings['persistence'] {
    const mask = rule.options.get('netmask');
    if (!rule.options.has('persistent')) {
      if (mask) this.remarks.push(warningAt(mask, '-M has no effect without -p', 'it is left out', 'doubtful'));
      return undefined;
    }
    const timeout = numberOf(rule, 'persistent', 1, 31 * 86_400) ?? 360;
    const family = 'fwmark' in selector ? selector.family : familyOf(selector.address);
    return { timeout: Seconds(timeout), netmask: this.netmask(mask, family) };
  }

  private netmask(mask: Given | undefined, family: Family): string {
    const single = family === 'ipv6' ? '128' : '255.255.255.255';
    const text = mask?.values[0] ?? single;
    if (!mask || isMask(family, text)) return text;
    // ipvsadm takes `-M 24` for 0.0.0.24
    if (family === 'ipv6' || !/^\d+$|^[\d.]{7,15}$/.test(text)) refuse(mask, `'${text}' is no netmask for ${family === 'ipv6' ? 'IPv6' : 'IPv4'}`, family === 'ipv6' ? 'a prefix length from 1 to 128' : 'one such as 255.255.255.0');
    this.remarks.push(warningAt(mask, `Tandem has no netmask like ${text}, whose ones do not come first`, 'it is left out: every client counts by itself; give one such as 255.255.255.0'));
    return single;
  }

  private engine(rule: Rule, persistence: ServiceSettings['persistence']): string | undefined {
    const place = rule.options.get('pe');
    const engine = place?.values[0];
    if (!place || engine === undefined) return undefined;
    if (engine !== 'sip') refuse(place, `'${engine}' is no persistence engine that Tandem knows`, 'sip');
    if (persistence) return engine;
    this.remarks.push(warningAt(place, '--pe has no effect without -p', 'it is left out', 'doubtful'));
    return undefined;
  }

  private flags(rule: Rule, scheduler: string): number {
    const place = rule.options.get('sched-flags');
    const hashes = scheduler === 'sh' || scheduler === 'mh';
    return (place?.values[0] ?? '').split(',').reduce((flags, flag) => flags | (flag === '' || !place ? 0 : this.flag(place, flag, scheduler, hashes)), 0);
  }

  private flag(place: Given, flag: string, scheduler: string, hashes: boolean): number {
    if (hashes && (flag === 'flag-1' || flag === `${scheduler}-fallback`)) return IP_VS_SVC_F_SCHED1;
    if (hashes && (flag === 'flag-2' || flag === `${scheduler}-port`)) return IP_VS_SVC_F_SCHED2;
    if (!/^flag-[123]$/.test(flag)) return refuse(place, `the scheduler ${scheduler} has no flag '${flag}'`, hashes ? `${scheduler}-fallback, ${scheduler}-port` : 'leave -b out');
    this.remarks.push(warningAt(place, `${flag} means nothing to the scheduler ${scheduler}, and has no counterpart`, 'it is left out'));
    return 0;
  }

  private async endpoint(place: Given, protocol: string): ReturnType<Resolve> {
    const text = place.values[0] ?? '';
    try {
      const found = await this.resolve(text, protocol);
      const host = splitEndpoint(text)?.host;
      if (host !== undefined && isIP(host) === 0) this.remarks.push(warningAt(place, `the name ${host} stands for ${found.address} now`, 'the import has the address; ipvsadm -Sn saves addresses', 'doubtful'));
      return found;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'UNKNOWN_NAME')) throw error;
      return refuse(place, error.message, 'save the rules with ipvsadm -Sn, which writes numbers');
    }
  }
}

const isMask = (family: Family, text: string): boolean => {
  if (family === 'ipv6') return /^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= 128;
  if (!isIPv4(text)) return false;
  const bits = text.split('.').reduce((all, part) => all * 256 + Number(part), 0);
  return /^1+0*$/.test(bits.toString(2).padStart(32, '0'));
};
