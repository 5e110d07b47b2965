/** Sends one IPv6 packet of protocol 112 out of e0 by raw-socket, with its own header: `node inject-ipv6.mjs SOURCE DESTINATION HOPLIMIT HEX`. */
import { createRequire } from 'node:module';
const raw = createRequire(import.meta.url)('raw-socket');
const [source, destination, hopLimit, hex] = process.argv.slice(2);
const SOL_SOCKET = 1, SO_BINDTODEVICE = 25, IPPROTO_IPV6 = 41, IPV6_HDRINCL = 36;
const octets = (address) => {
  const [head, tail] = address.split('::').map((part) => part.split(':').filter(Boolean).map((group) => parseInt(group, 16)));
  const groups = [...head, ...Array(8 - head.length - tail.length).fill(0), ...tail];
  return Buffer.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
};
const message = Buffer.from(hex, 'hex');
const packet = Buffer.concat([Buffer.from([0x60, 0, 0, 0, message.length >> 8, message.length & 0xff, 112, Number(hopLimit)]), octets(source), octets(destination), message]);
const socket = raw.createSocket({ protocol: 112, addressFamily: raw.AddressFamily.IPv6 });
const device = Buffer.from('e0\0');
const one = Buffer.alloc(4);
one.writeInt32LE(1);
socket.setOption(SOL_SOCKET, SO_BINDTODEVICE, device, device.length);
socket.setOption(IPPROTO_IPV6, IPV6_HDRINCL, one, 4);
socket.send(packet, 0, packet.length, /^f[ef]/.test(destination) ? `${destination}%e0` : destination, (error) => {
  if (error) console.error(error.message);
  process.exit(error ? 1 : 0);
});
