/** Sends one IP packet of protocol 112 by raw-socket, or one every so many milliseconds until it is killed: `node inject.mjs INTERFACE-ADDRESS DESTINATION TTL HEX [MILLISECONDS]`. */
import { createRequire } from 'node:module';
const raw = createRequire(import.meta.url)('raw-socket');
const [source, destination, ttl, hex, every] = process.argv.slice(2);
const IPPROTO_IP = 0, IP_TTL = 2, IP_MULTICAST_IF = 32, IP_MULTICAST_TTL = 33;
const u32 = (n) => { const b = Buffer.alloc(4); b.writeInt32LE(n); return b; };
const message = Buffer.from(hex, 'hex');
const socket = raw.createSocket({ protocol: 112 });
socket.setOption(IPPROTO_IP, IP_TTL, u32(Number(ttl)), 4);
socket.setOption(IPPROTO_IP, IP_MULTICAST_TTL, u32(Number(ttl)), 4);
socket.setOption(IPPROTO_IP, IP_MULTICAST_IF, Buffer.from(source.split('.').map(Number)), 4);
const send = () => socket.send(message, 0, message.length, destination, (error) => {
  if (error) console.error(error.message);
  if (error || every === undefined) process.exit(error ? 1 : 0);
});
send();
if (every !== undefined) setInterval(send, Number(every));
