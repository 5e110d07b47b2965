/** What must hold of the keys of http, https, script, file and agent checks among themselves, once a server's are joined with its service's. */
import type { Path } from '../document.js';
import type { CheckKeys } from '../inherit-check.js';
import { readableByOthers } from '../secrets.js';
import type { CheckType } from '../schema/health-check.js';
import { keysOfUrls } from '../schema/http-check.js';
import { checkEntries } from './check-entries.js';
import type { Context } from './context.js';
import { octal } from './email.js';

/** Of one entry by itself, as the file has it. */
export const checkEntry = ({ given, report }: Context, place: Path): void => {
  if (!given([...place, 'urls'])) return;
  for (const key of keysOfUrls) {
    if (given([...place, key])) report([...place, key], { code: 'conflict', message: `${key} stands beside urls`, remedy: `give it to each of urls, or remove urls`, at: 'key' });
  }
};

/** `places`: of the server's check and of its service's, where a key may stand; `server`: where a key that neither has would stand. */
export const checkNeeds = ({ given, report }: Context, type: CheckType, keys: CheckKeys, places: readonly Path[], server: Path): void => {
  const placeOf = (key: string): Path | undefined => places.map((each) => [...each, key]).find(given);
  const fallback = places.find(given) ?? server;
  const missing = (key: string, message: string, remedy: string): void => {
    if (placeOf(key) === undefined) report(fallback, { code: 'missing_key', message, remedy, at: 'key' });
  };
  if (type === 'script') missing('command', 'command is missing: a health check of type script runs a program', 'add command: a list such as [/usr/local/bin/check-web, --fast]');
  if (type === 'file') missing('file', 'file is missing: a health check of type file reads one', 'add file: an absolute path such as /run/web-1.weight');
  if (keys.client_certificate !== undefined) missing('client_key', 'client_key is missing: a certificate is shown with its key', 'add client_key: the PEM file of its private key');
  if (keys.client_key !== undefined) missing('client_certificate', 'client_certificate is missing', 'add client_certificate: the PEM file of the certificate that the key is of');
  if (type !== 'http' && type !== 'https') return;
  for (const { request, place } of requestsOf(keys, placeOf)) {
    const at = (key: string): Path => (place !== undefined && given([...place, key]) ? [...place, key] : (placeOf(key) ?? fallback));
    if (request.method === 'HEAD') {
      for (const key of ['body', 'digest'] as const) if (request[key] !== undefined) report(at(key), { code: 'conflict', message: `${key} has no meaning with method: HEAD, whose answer has no body`, remedy: `remove ${key}, or give method: GET`, at: 'key' });
    }
    if (request.request_body !== undefined && request.method !== 'POST') report(at('request_body'), { code: 'conflict', message: 'request_body is sent with method: POST only', remedy: 'add method: POST, or remove request_body', at: 'key' });
  }
};

type Request = Pick<CheckKeys, 'method' | 'body' | 'digest' | 'request_body'>;

const requestsOf = (keys: CheckKeys, placeOf: (key: string) => Path | undefined): readonly { readonly request: Request; readonly place: Path | undefined }[] => {
  if (keys.urls === undefined) return [{ request: keys, place: undefined }];
  const list = placeOf('urls');
  return keys.urls.map((url, index) => ({
    request: { method: url?.method ?? keys.method, request_body: url?.request_body ?? keys.request_body, body: url?.body, digest: url?.digest },
    place: list && [...list, index],
  }));
};

/** Names of headers whose values let someone in. */
const secretHeader = /authorization|cookie|token|api-?key|secret|password/i;

/** A file that others can read, with a header that lets someone in. `mode`: permission bits of the configuration file. */
export const checkReadableHeaders = ({ file, report }: Context, mode: number | undefined): void => {
  if (mode === undefined || (mode & readableByOthers) === 0) return;
  for (const { check, place } of checkEntries(file, 'headers', 'urls')) {
    const found: readonly (readonly [Path, CheckKeys['headers']])[] = [[[...place, 'headers'], check.headers], ...(check.urls ?? []).map((url, index) => [[...place, 'urls', index, 'headers'], url?.headers] as const)];
    for (const [path, headers] of found) {
      const name = Object.keys(headers ?? {}).find((each) => secretHeader.test(each));
      if (name !== undefined) report([...path, name], { severity: 'warning', code: 'secret_readable', message: `others can read this file (mode ${octal(mode)}), and it holds the header ${name}`, remedy: 'chmod 600 the file', at: 'key' });
    }
  }
};
