/**
 * A constant stream of HTTP requests: `requests.js ADDRESS PORT EVERY TIMEOUT` (milliseconds). One connection each; a request
 * starts when its time has come, whatever became of those before. Prints one line for each that ended:
 * START DURATION OUTCOME STATUS SERVER, `-` where there is none. Ends at SIGTERM, after those that are on their way.
 */
import { connect } from 'node:net';

const [address = '', port = '', every = '', timeout = ''] = process.argv.slice(2);
const request = `GET / HTTP/1.0\r\nHost: ${address}\r\n\r\n`;
/** Written in batches: every line that crosses the serial line costs time that the servers need. */
const lines: string[] = [];
let running = 0;

function outcomeOf(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'refused';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'reset';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'unreachable';
    default:
      return error.code ?? 'error';
  }
}

function send(): void {
  const start = Date.now();
  let answer = '';
  let outcome: string | undefined;
  running += 1;
  const socket = connect(Number(port), address);
  const late = setTimeout(() => {
    outcome = 'timeout';
    socket.destroy();
  }, Number(timeout));
  socket.setEncoding('latin1');
  socket.on('connect', () => socket.write(request));
  socket.on('data', (text: string) => (answer += text));
  socket.on('error', (error) => (outcome ??= outcomeOf(error)));
  socket.on('close', () => {
    clearTimeout(late);
    running -= 1;
    const status = /^HTTP\/1\.\d (\d{3})/.exec(answer)?.[1];
    const server = /\r\n\r\n(\S+)/.exec(answer)?.[1];
    outcome ??= status === undefined ? 'reset' : status === '200' ? 'ok' : 'status';
    lines.push(`${start} ${Date.now() - start} ${outcome} ${status ?? '-'} ${server ?? '-'}\n`);
  });
}

function flush(): void {
  if (lines.length > 0) process.stdout.write(lines.splice(0).join(''));
}

let next = performance.now();
let timer = setTimeout(tick, 0);
function tick(): void {
  send();
  next = Math.max(next + Number(every), performance.now());
  timer = setTimeout(tick, next - performance.now());
}

setInterval(() => {
  flush();
  if (stopping && running === 0) process.exit(0);
}, 200);
let stopping = false;
process.on('SIGTERM', () => {
  clearTimeout(timer);
  stopping = true;
});
