/** Checks of type http and https between the file and the configuration: completion, and back into the file's keys. Pure. */
import type { FileMapping } from './file-form.js';
import type { BodyDigest, HttpHealthCheck, HttpRequest } from './http-check-model.js';
import type { CheckKeys } from './inherit-check.js';
import type { HealthCheckBase, TlsSettings } from './model.js';
import { onceForEach } from './once-for-each.js';
import { mask } from './secrets.js';

type Keys = Pick<CheckKeys, 'method' | 'path' | 'host' | 'headers' | 'request_body' | 'status' | 'body' | 'digest'>;
type Defaults = Pick<HttpRequest, 'method' | 'path' | 'status'>;

/** Names and values that are right: a file with others is refused. */
const completeHeaders = (headers: Keys['headers']): HttpRequest['headers'] => headers && Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));

const completeDigest = (digest: Keys['digest']): BodyDigest | undefined => (digest?.algorithm && digest.value ? { algorithm: digest.algorithm, value: digest.value } : undefined);

const completeRequest = (keys: Keys, defaults: Defaults): HttpRequest => {
  const [headers, digest] = [completeHeaders(keys.headers), completeDigest(keys.digest)];
  return {
    method: keys.method ?? defaults.method,
    path: keys.path ?? defaults.path,
    host: keys.host,
    ...(headers && { headers }),
    ...(keys.request_body === undefined ? {} : { requestBody: keys.request_body }),
    status: keys.status ?? defaults.status,
    body: keys.body,
    ...(digest && { digest }),
  };
};

/** The same for all servers that leave their check to the service. */
const requestsWith = onceForEach((defaults: Defaults) =>
  onceForEach((keys: CheckKeys): readonly HttpRequest[] => {
    if (keys.urls === undefined) return [completeRequest(keys, defaults)];
    const { path: _path, body: _body, digest: _digest, ...shared } = keys;
    return keys.urls.map((url) => completeRequest({ ...shared, ...withoutUndefined(url ?? {}) }, defaults));
  }),
);

export const completeHttp = (type: 'http' | 'https', base: HealthCheckBase, tls: TlsSettings, keys: CheckKeys, defaults: Defaults): HttpHealthCheck => ({
  type,
  ...base,
  ...tls,
  requests: requestsWith(defaults)(keys),
  ...(keys.redirects ? { redirects: keys.redirects } : {}),
  ...(keys.http_version === '2' ? { httpVersion: keys.http_version } : {}),
});

const withoutUndefined = (keys: Keys): Keys => Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined));

/** Without the keys of TLS. What may be secret is masked. */
export const httpForm = ({ requests, redirects = 0, httpVersion = '1.1' }: HttpHealthCheck): FileMapping => {
  const [first, ...more] = requests.map(requestForm);
  return { ...(first && more.length === 0 ? first : { urls: requests.map(requestForm) }), redirects, http_version: Number(httpVersion) };
};

const requestForm = ({ method, path, host, headers, requestBody, status, body, digest }: HttpRequest): FileMapping => ({
  method,
  path,
  host,
  headers: headers && Object.fromEntries(Object.keys(headers).map((name) => [name, mask])),
  request_body: requestBody === undefined ? undefined : mask,
  status: status.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(','),
  body,
  digest: digest && { ...digest },
});
