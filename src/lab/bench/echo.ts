/** Answers every UDP datagram on port 7007: what a service behind the virtual address would do. Runs inside a director's namespace. */
import { createSocket } from 'node:dgram';

const socket = createSocket('udp4');
socket.on('message', (message, { address, port }) => socket.send(message, port, address));
socket.bind(7007);
