/** The health check of a real server of the result. */
import { familyOf } from '../../../network/ip-address.js';
import { Microseconds, Seconds } from '../../../time/microseconds.js';
import type { CheckDraft, ProbeDraft, RealServerDraft, ServiceDraft, UrlDraft } from '../drafts.js';
import { inline, list, mapping, type Output, type OutputMapping } from '../output.js';
import { commandOutput, defaultUser, doubt, durationOutput, type BuildContext } from './context.js';

/** keepalived.conf(5): what holds where neither checker, real server nor virtual server says otherwise. */
const defaults = { delayLoop: Seconds(60), connectTimeout: Seconds(5) };
const retryOf = { tcp: 1, http: 1, https: 1, smtp: 1, udp: 1, ping: 1, dns: 3, script: 0, none: 0 } as const;

const serverName = /^(?=.{1,253}$)(?!.*\.\d+$)(?!\d+$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*$/i;

const bodyOf = ({ regex, negated }: UrlDraft): string | undefined => (regex === undefined ? undefined : negated === true ? `^(?![\\s\\S]*(?:${regex}))` : regex);

/** Octets, X any half of one, at the beginning of the reply. */
const replyPattern = (reply: string): string =>
  `^${(reply.match(/../g) ?? []).map((octet) => {
    const [high = '0', low = '0'] = octet;
    if (high === 'x' && low === 'x') return '[\\s\\S]';
    if (high === 'x') return `[${Array.from({ length: 16 }, (_, digit) => `\\x${digit.toString(16)}${low}`).join('')}]`;
    return low === 'x' ? `[\\x${high}0-\\x${high}f]` : `\\x${octet}`;
  }).join('')}`;

const urlKeys = (url: UrlDraft): Readonly<Record<string, Output | undefined>> => ({
  path: url.path ?? '/',
  host: url.virtualHost,
  status: url.status === undefined || url.status === '200-299' ? undefined : url.status,
  body: bodyOf(url),
  digest: url.digest === undefined ? undefined : inline({ algorithm: 'md5', value: url.digest }),
});

const httpKeys = (check: CheckDraft, host: string | undefined): Readonly<Record<string, Output | undefined>> => {
  const [first, ...others] = check.urls;
  if (first === undefined) return { host };
  if (others.length === 0) return { ...urlKeys(first), host: first.virtualHost ?? host };
  return { host, urls: list(check.urls.map((url) => ({ value: inline(urlKeys(url)), place: url.place }))) };
};

const tlsKeys = ({ file }: BuildContext, check: CheckDraft, host: string | undefined): Readonly<Record<string, Output | undefined>> => {
  const wanted = check.serverName ?? (check.sendsName === true ? (host ?? check.urls[0]?.virtualHost) : undefined);
  const both = file.tls.certificate !== undefined && file.tls.key !== undefined;
  return { server_name: wanted !== undefined && serverName.test(wanted) ? wanted : undefined, client_certificate: both ? file.tls.certificate : undefined, client_key: both ? file.tls.key : undefined };
};

const typeKeys = (context: BuildContext, check: CheckDraft, host: string | undefined): Readonly<Record<string, Output | undefined>> => {
  switch (check.type) {
    case 'http':
      return httpKeys(check, host);
    case 'https':
      return { ...httpKeys(check, host), ...tlsKeys(context, check, host) };
    case 'smtp':
      return { helo: check.helo };
    case 'dns':
      return { name: check.queryName, record_type: check.recordType };
    case 'udp':
      return { send: check.payload === undefined ? undefined : inline({ hex: check.payload }), expect: check.reply === undefined ? undefined : inline({ regex: replyPattern(check.reply) }), require_reply: check.requireReply === true && check.reply === undefined ? true : undefined };
    case 'script':
      return { command: commandOutput(check.command), user: check.user ?? check.command?.user ?? defaultUser(context), weight_from: check.dynamic === true ? 'exit_status' : undefined };
    case 'tcp':
    case 'ping':
    case 'none':
      return {};
  }
};

/** `port`: where the probe goes when the checker names no port and the real server's cannot stand in the result. */
const checkOutput = (context: BuildContext, check: CheckDraft, server: RealServerDraft, service: ServiceDraft, port: number | undefined): OutputMapping => {
  const first = <Key extends keyof ProbeDraft>(key: Key): ProbeDraft[Key] => {
    const levels: readonly ProbeDraft[] = [check, server, service];
    return levels.find((level) => level[key] !== undefined)?.[key];
  };
  const interval = first('delayLoop') ?? defaults.delayLoop;
  const isScript = check.type === 'script';
  const timeout = isScript ? (check.scriptTimeout ?? service.delayLoop ?? defaults.delayLoop) : (first('connectTimeout') ?? defaults.connectTimeout);
  const retry = first('retry') ?? retryOf[check.type];
  const again = first('delayBeforeRetry') ?? (check.type === 'dns' ? interval : check.type === 'http' || check.type === 'https' ? Seconds(3) : Seconds(1));
  const fast = retry > 0 && again > 0 && again < interval ? again : undefined;
  const host = check.virtualHost ?? server.virtualHost ?? service.virtualHost;
  const probed = check.type === 'ping' || isScript ? undefined : (check.connectPort ?? port);
  const hasSource = check.type !== 'script' && check.source !== undefined && familyOf(check.source) === familyOf(check.connectAddress ?? server.address);
  if (check.source !== undefined && !hasSource) doubt(context, check.place, `${check.source} is not of the family of what is probed from it`, 'it is left out');
  return mapping({
    type: check.type,
    ...typeKeys(context, check, host),
    address: check.connectAddress,
    port: probed,
    source: hasSource ? check.source : undefined,
    mark: check.mark,
    interval: durationOutput(interval),
    fast_interval: durationOutput(fast),
    timeout: durationOutput(Microseconds(timeout)),
    rise: 1,
    fall: retry + 1,
  });
};

/** Of several checkers the first: a real server has one check. `none` where there is none. */
export const healthCheckOutput = (context: BuildContext, server: RealServerDraft, service: ServiceDraft, port: number | undefined): OutputMapping | 'none' => {
  const usable = server.checks.filter((check) => {
    const complete = check.type !== 'script' || check.command !== undefined;
    if (!complete) doubt(context, check.place, 'MISC_CHECK without misc_path', 'it is left out');
    return complete;
  });
  const [first, ...others] = usable;
  for (const other of others) {
    context.findings.warn(other.place, { code: 'not_supported', message: `this ${other.keyword} is not imported: a real server has one check, here ${first?.keyword ?? ''}`, remedy: 'make a script that does both (type: script), or an agent beside the check' });
  }
  return first === undefined ? 'none' : checkOutput(context, first, server, service, port);
};

