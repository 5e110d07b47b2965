/** A request over HTTP/1.1, on a connection of its own. */
import { createRequire } from 'node:module';
import type { Client as UndiciClient, buildConnector } from 'undici';
import type { HttpHealthCheck, HttpRequest } from '../config/model.js';
import { onceForEach } from '../config/once-for-each.js';
import { afterThis, type Attempt } from './attempt.js';
import { connectTcp, connectTls } from './connect.js';
import type { Answer } from './http.js';
import { describeEndpoint } from './wording.js';

// undici's index loads fetch, WebSocket and the like: 9 MB and 60 ms more than the client alone.
const Client = createRequire(import.meta.url)('undici/lib/dispatcher/client.js') as typeof UndiciClient;

/** What is said to undici when a connection is no longer needed: an error of its own for each would cost more than the answer does. */
const over = new Error('the request is over');

const originOf = onceForEach((check: HttpHealthCheck): URL => new URL(`${check.type}://${describeEndpoint(check)}`));

export function request1(check: HttpHealthCheck, request: HttpRequest, headers: Readonly<Record<string, string>>, self: Attempt, answer: Answer): void {
  const client = new Client(originOf(check), { connect: connector(check, self), headersTimeout: 0, bodyTimeout: 0 });
  self.onSettled(() => client.destroy(over, () => undefined));
  client.dispatch(
    { path: request.path, method: request.method, headers: { ...headers }, reset: true, ...(request.requestBody === undefined ? {} : { body: request.requestBody }) },
    {
      onRequestStart() {
        self.stage = 'waiting for the answer';
      },
      onResponseStart(_controller, status, { location }) {
        if (status < 200) return; // informational, the answer follows (RFC 9110, 15.2)
        answer.onHead(status, [location].flat()[0]);
      },
      onResponseData(_controller, chunk) {
        answer.onData(chunk);
      },
      onResponseEnd() {
        withoutStacks();
        answer.onEnd();
      },
      onResponseError(_controller, error) {
        answer.onError(error);
      },
    },
  );
}

let stackTraceLimit: number | undefined;

/** Until this turn of the event loop goes on: undici ends each connection with an error that nobody sees, and Node asks for its stack. */
const withoutStacks = (): void => {
  if (stackTraceLimit !== undefined) return;
  stackTraceLimit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  void afterThis.then(() => {
    Error.stackTraceLimit = stackTraceLimit ?? 0;
    stackTraceLimit = undefined;
  });
};

/** Connections are ours, not undici's: with SNI only where the check names one, and ended with the attempt. */
const connector =
  (check: HttpHealthCheck, self: Attempt): buildConnector.connector =>
  (_options, callback) => {
    if (check.type === 'https') connectTls(check, self, ['http/1.1'], (socket) => callback(null, socket));
    else connectTcp(check, self, (socket) => callback(null, socket));
  };
