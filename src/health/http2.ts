/** A request over HTTP/2 (RFC 9113), on a connection of its own: chosen by ALPN with https, by prior knowledge with http. */
import http2 from 'node:http2';
import type { Socket } from 'node:net';
import type { HttpHealthCheck, HttpRequest } from '../config/model.js';
import type { Attempt } from './attempt.js';
import { connectTcp, connectTls } from './connect.js';
import type { Answer } from './http.js';
import { describeEndpoint } from './wording.js';

export function request2(check: HttpHealthCheck, request: HttpRequest, { host = '', ...headers }: Readonly<Record<string, string>>, self: Attempt, answer: Answer): void {
  const onConnected = (socket: Socket): void => {
    self.stage = 'waiting for the answer';
    const session = http2.connect(`${check.type}://${describeEndpoint(check)}`, { createConnection: () => socket, settings: { enablePush: false } });
    self.onSettled(() => session.destroy());
    session.on('error', (error) => answer.onError(error));
    session.on('goaway', (code) => {
      if (code !== http2.constants.NGHTTP2_NO_ERROR) answer.onError(new Error(`the server ended the connection (HTTP/2 error code ${code})`));
    });
    const pseudo = { ':method': request.method, ':path': request.path, ':scheme': check.type, ':authority': host };
    const length = request.requestBody === undefined ? {} : { 'content-length': Buffer.byteLength(request.requestBody) };
    const stream = session.request({ ...pseudo, ...headers, ...length }, { endStream: request.requestBody === undefined });
    let isComplete = false;
    stream.on('response', ({ ':status': status = 0, location }) => answer.onHead(status, location));
    stream.on('data', (chunk: Buffer) => answer.onData(chunk));
    stream.on('end', () => {
      // one that breaks off ends too, with a code
      if (stream.rstCode !== http2.constants.NGHTTP2_NO_ERROR) return;
      isComplete = true;
      answer.onEnd();
    });
    stream.on('error', (error) => answer.onError(error));
    stream.on('close', () => {
      if (!isComplete) answer.onError(new Error('the server closed the connection, or the request, before the answer was complete'));
    });
    if (request.requestBody !== undefined) stream.end(request.requestBody);
  };
  if (check.type === 'http') connectTcp(check, self, onConnected);
  else {
    connectTls(check, self, ['h2'], (socket) => {
      if (socket.alpnProtocol === 'h2') onConnected(socket);
      else self.fail('the server does not speak HTTP/2: it did not choose h2 in the TLS handshake');
    });
  }
}
