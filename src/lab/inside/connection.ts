/**
 * One long-lived TCP connection: `connection.js ADDRESS PORT EVERY` (milliseconds): an HTTP request each EVERY on one kept
 * connection, sent whether or not those before were answered. Prints what happens as TIME EVENT [DETAIL]:
 * connected LOCAL-PORT, answer SERVER, reset CODE (an error of the socket), closed. Ends with the connection.
 */
import { connect } from 'node:net';

const [address = '', port = '', every = ''] = process.argv.slice(2);
const tell = (event: string, detail: string | number = ''): void => void process.stdout.write(`${Date.now()} ${event} ${detail}\n`);

let rest = '';
const socket = connect({ port: Number(port), host: address, noDelay: true });
socket.setEncoding('latin1');
socket.on('connect', () => {
  tell('connected', socket.localPort);
  setInterval(() => socket.write(`GET / HTTP/1.1\r\nHost: ${address}\r\n\r\n`), Number(every));
});
socket.on('data', (text: string) => {
  rest += text;
  for (;;) {
    const answer = /^HTTP\/1\.1 \d{3}[^]*?\r\n\r\n(\S+)\n/.exec(rest);
    if (answer === null) return;
    rest = rest.slice(answer[0].length);
    tell('answer', answer[1]);
  }
});
socket.on('end', () => socket.end());
socket.on('error', (error: NodeJS.ErrnoException) => tell('reset', error.code));
socket.on('close', () => {
  tell('closed');
  process.exit(0);
});
