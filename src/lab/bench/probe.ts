/** Sends a datagram to ADDRESS every 2 ms, and prints each gap between two answers of over 20 ms: its length in ms. Runs inside a client's namespace. */
import { createSocket } from 'node:dgram';

const [address = ''] = process.argv.slice(2);
const now = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;
const socket = createSocket('udp4');
let last: number | undefined;
socket.on('message', () => {
  const time = now();
  if (last === undefined) process.stdout.write('answered\n');
  else if (time - last > 20) process.stdout.write(`gap ${(time - last).toFixed(1)}\n`);
  last = time;
});
socket.on('error', () => undefined); // no route, no neighbour: that is what a gap is made of
setInterval(() => socket.send('?', 7007, address, () => undefined), 2);
