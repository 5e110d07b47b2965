/**
 * Steady health checks of one daemon in a network namespace of its own inside the lab kernel, every one answered.
 * `node checks-round.js tandem|keepalived tcp|http CHECKS_A_SECOND SHARED SECONDS`; prints one line of JSON. SHARED: services that have
 * the same servers.
 */
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { DaemonName } from '../daemons.js';
import { InsideDaemon } from './daemon.js';
import { checkedPort, tableConfiguration } from './table-configuration.js';

const [name = 'tandem', type = 'tcp', rate = '100', shared = '1', seconds = '20'] = process.argv.slice(2) as [DaemonName, 'tcp' | 'http', ...string[]];
/** Seconds. The lab's kernel counts processor time by looking a hundred times a second who runs: checks must not start at the same place between two looks for ever. */
const interval = 2.037;
const servers = 10;
/** Seconds until it is measured: V8 compiles what runs often once it has, which takes some thousand checks. */
const settle = { tandem: 60, keepalived: 10 } as const;
let answered = 0;
const count = (): void => void answered++;
if (type === 'tcp') createServer((socket) => (count(), socket.on('error', () => undefined).end())).listen(checkedPort, '0.0.0.0', 511);
else createHttpServer((_, response) => (count(), response.writeHead(200, { 'content-length': 3, connection: 'close' }).end('ok\n'))).listen(checkedPort, '0.0.0.0', 511);

// the rate is that of the services: shared checks are made once by who shares them
const services = Math.round((Number(rate) * interval) / servers);
const daemon = new InsideDaemon(name, tableConfiguration[name]({ services, servers, checked: { servers, interval, type, shared: Number(shared) }, lastWeight: 1 }));
try {
  await delay(1000 * settle[name]);
  answered = 0;
  const [cpu, from] = [daemon.cpuSeconds(), performance.now()];
  await delay(1000 * Number(seconds));
  const [used, elapsed] = [daemon.cpuSeconds() - cpu, (performance.now() - from) / 1000];
  const asked = (services * servers * elapsed) / interval;
  process.stdout.write(`${JSON.stringify({ cpu: (1000 * used) / asked, asked: asked / elapsed, probes: answered / elapsed })}\n`);
} finally {
  await daemon.stop();
}
process.exit(0);
