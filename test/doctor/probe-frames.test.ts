/** The packets by which real servers are asked, octet by octet as scapy 2.5.0 builds them, and scapy's answers to them. */
import { expect, it } from 'vitest';
import { echoRequest, inTunnel, ipv4Frame, readAnswer, reset, syn } from '../../src/doctor/probe-frames.js';

const flow = { source: '10.0.0.1', sourcePort: 50_000, destination: '10.0.0.100', destinationPort: 80 };
const sequence = 0x12345678;

it('are sent as scapy sends them', () => {
  expect(syn(flow, sequence).toString('hex')).toBe('45000028000000004006666c0a0000010a000064c35000501234567800000000500204006b310000');
  expect(reset(flow, sequence).toString('hex')).toBe('45000028000000004006666c0a0000010a000064c35000501234567900000000500404006b2e0000');
  const echo = echoRequest('10.0.0.1', '10.0.0.100', 0x1234, 7);
  expect(echo.toString('hex')).toBe('4500001c000000004001667d0a0000010a0000640800e5c412340007');
  expect(inTunnel('10.0.0.1', '10.2.0.11', echo, true).toString('hex')).toBe('4500003000004000400426bd0a0000010a02000b4500001c000000004001667d0a0000010a0000640800e5c412340007');
  expect(ipv4Frame(Buffer.from('020000000002', 'hex'), Buffer.from('020000000001', 'hex'), echo).toString('hex')).toBe('02000000000202000000000108004500001c000000004001667d0a0000010a0000640800e5c412340007');
});

it('are answered by a connection, a reset, an echo, or the word of a router', () => {
  const tcp = { kind: 'tcp', source: '10.0.0.100', destination: '10.0.0.1', sourcePort: 80, destinationPort: 50_000, acknowledgement: sequence + 1 };
  const read = (hex: string): object | undefined => readAnswer(Buffer.from(hex, 'hex'));
  expect(read('45000028000100004006666b0a0000640a0000010050c3500000006312345679501220004ebd0000')).toEqual({ ...tcp, answer: 'connection' });
  expect(read('45000028000100004006666b0a0000640a0000010050c3500000000012345679501420004f1e0000')).toEqual({ ...tcp, answer: 'reset' });
  expect(read('45000028000100004006666b0a0000640a0000010050c3500000000012345679501020004f220000')).toBeUndefined();
  expect(read('4500001c000100004001667c0a0000640a0000010000edc412340007')).toEqual({ kind: 'echo', source: '10.0.0.100', destination: '10.0.0.1', identifier: 0x1234, sequence: 7 });
  expect(read('4500003800010000400165c60a0000fe0a000001030415a2000005784500001c00014000400426d00a0000010a02000b7878787878787878')).toEqual({ kind: 'too_big', source: '10.0.0.254', about: '10.2.0.11', mtu: 1400 });
});

it('what is cut short, padded or no answer is not taken for one', () => {
  const answer = Buffer.from('45000028000100004006666b0a0000640a0000010050c3500000006312345679501220004ebd0000', 'hex');
  for (let length = 0; length < answer.length; length++) expect(readAnswer(answer.subarray(0, length))).toBeUndefined();
  expect(readAnswer(Buffer.concat([answer, Buffer.alloc(6)]))).toMatchObject({ answer: 'connection' });
  expect(readAnswer(Buffer.alloc(60, 0xff))).toBeUndefined();
});
