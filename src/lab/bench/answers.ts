/** Answers what the steady checks ask on loopback: TCP on port 18081, HTTP on 18080. A process of its own, so that only the checks are measured. */
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';

createHttpServer((_, response) => response.writeHead(200, { 'content-length': 3, connection: 'close' }).end('ok\n')).listen(18080, '0.0.0.0', 511);
createServer((socket) => socket.on('error', () => undefined).end()).listen(18081, '0.0.0.0', 511, () => process.send?.('ready'));
