/** Accepts every TCP connection on port 8001 and ends it; prints once a second how many there were. Runs inside a director's namespace, as its real servers. */
import { createServer } from 'node:net';

let count = 0;
createServer((socket) => {
  count++;
  socket.on('error', () => undefined);
  socket.end();
}).listen(8001, '0.0.0.0', 511);
setInterval(() => {
  process.stdout.write(`${count}\n`);
  count = 0;
}, 1000);
