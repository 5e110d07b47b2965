/** The `http` and `https` checks: one request on a connection of its own; its status, and the start of its body where `body` asks for it. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Client as UndiciClient, buildConnector } from 'undici';
import type { HttpHealthCheck } from '../config/model.js';
import { attempt, type Attempt, type Probe } from './attempt.js';
import { connectTcp, connectTls } from './connect.js';
import { describeEndpoint } from './wording.js';

/** What is read of a body; the rest is not waited for. */
export const bodyLimit = 64 * 1024;

// undici's index loads fetch, WebSocket and the like: 9 MB and 60 ms more than the client alone.
const Client = createRequire(import.meta.url)('undici/lib/dispatcher/client.js') as typeof UndiciClient;

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { readonly version: string };

/** Redirects are not followed. Without `body` too the body is read, up to the limit: a server that breaks off or stalls in it is not healthy. */
export const probeHttp: Probe<HttpHealthCheck> = (check, stop) =>
  attempt(check, stop, (self) => {
    const pattern = check.body === undefined ? undefined : new RegExp(check.body);
    const client = new Client(`${check.type}://${describeEndpoint(check)}`, { connect: connector(check, self), headersTimeout: 0, bodyTimeout: 0 });
    self.onSettled(() => client.destroy(null, () => undefined));
    const chunks: Buffer[] = [];
    let status = 0;
    let length = 0;
    const judgeBody = (): void => {
      if (pattern !== undefined && !pattern.test(Buffer.concat(chunks).subarray(0, bodyLimit).toString('utf8'))) self.fail(`body does not match ${String(pattern)}`);
      else self.succeed(`HTTP status ${status}${pattern === undefined ? '' : `, body matches ${String(pattern)}`}`);
    };
    const headers = { host: check.host ?? defaultHost(check), 'user-agent': `tandem/${version}` };
    client.dispatch(
      { path: check.path, method: check.method, headers, reset: true },
      {
        onRequestStart() {
          self.stage = 'waiting for the answer';
        },
        onResponseStart(_controller, statusCode) {
          if (statusCode < 200) return; // informational, the answer follows (RFC 9110, 15.2)
          status = statusCode;
          self.stage = 'in the body';
          if (!check.status.some(([first, last]) => first <= status && status <= last)) self.fail(`HTTP status ${status}, expected ${describeRanges(check.status)}`);
        },
        onResponseData(_controller, chunk) {
          if (length >= bodyLimit) return; // judged already
          length += chunk.length;
          if (pattern !== undefined) chunks.push(chunk);
          if (length >= bodyLimit) judgeBody();
        },
        onResponseEnd() {
          judgeBody();
        },
        onResponseError(_controller, error) {
          self.error(error);
        },
      },
    );
  });

/** Connections are ours, not undici's: with SNI only where the check names one, and ended with the attempt. */
const connector =
  (check: HttpHealthCheck, self: Attempt): buildConnector.connector =>
  (_options, callback) => {
    if (check.type === 'https') connectTls(check, self, ['http/1.1'], (socket) => callback(null, socket));
    else connectTcp(check, self, (socket) => callback(null, socket));
  };

const defaultHost = (check: HttpHealthCheck): string => {
  const endpoint = describeEndpoint(check);
  const isSchemesOwn = check.port === (check.type === 'https' ? 443 : 80);
  return isSchemesOwn ? endpoint.slice(0, endpoint.lastIndexOf(':')) : endpoint;
};

const describeRanges = (ranges: HttpHealthCheck['status']): string => ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(', ');
