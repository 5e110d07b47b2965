/** Listens for a while: VRRP on the instances' interfaces, messages of the connection sync on its interface. */
import { createSocket } from 'node:dgram';
import { setTimeout as delay } from 'node:timers/promises';
import type { Configuration } from '../config/model.js';
import { inWords } from '../control/in-words.js';
import { describeHardwareAddress } from '../network/arp.js';
import { decodeIPv4 } from '../network/ip-address.js';
import { instanceFamily } from '../vrrp/family.js';
import { VRRP_MULTICAST_IPV6, VRRP_PROTOCOL } from '../vrrp/packet.js';
import type { HeardPacket, LinkFact, SyncFacts, Unseen } from './facts.js';
import { SYNC_GROUP, SYNC_PORT } from './find-firewall.js';
import { anyOf, ethernetHeader, ETHERTYPE_IPV4, ETHERTYPE_IPV6, portIs, protocolIs, Tap } from './tap.js';

const UDP = 17;
const tickMilliseconds = 10;
/** beyond this nothing new is to be learnt */
const packetsAtMost = 20_000;
/** Ethernet addresses of 224.0.0.18, ff02::12, 224.0.0.81 (RFC 1112, 6.4; RFC 2464, 7) */
const groups = { ipv4: '01005e000012', ipv6: '333300000012', sync: '01005e000051' } as const;

export interface Heard {
  readonly vrrp: readonly HeardPacket[];
  readonly sync: SyncFacts['heard'];
  readonly unseen: readonly Unseen[];
}

/** A switch that looks at MLD sends ff02::12 to those that have joined; those of 224.0.0.0/24 go everywhere (RFC 4541, 2.1.2). */
const joinIPv6 = (name: string): (() => void) => {
  const socket = createSocket({ type: 'udp6', reuseAddr: true });
  socket.on('error', () => undefined); // then it is heard where the switch floods it
  socket.bind(0, () => {
    try {
      socket.addMembership(VRRP_MULTICAST_IPV6, `::%${name}`);
    } catch {
      // as above
    }
  });
  return () => socket.close();
};

/** The IP packet in a frame, without what Ethernet pads. */
const packetIn = (frame: Buffer, ethertype: number): Buffer => {
  const length = ethertype === ETHERTYPE_IPV4 ? frame.readUInt16BE(ethernetHeader + 2) : 40 + frame.readUInt16BE(ethernetHeader + 4);
  return frame.subarray(ethernetHeader, ethernetHeader + length);
};

/** Id and source of a message of the sync daemon (linux/net/netfilter/ipvs/ip_vs_sync.c: the second octet in both versions). */
export const readSyncMessage = (packet: Buffer): { readonly source: string; readonly id: number } | undefined => {
  const header = (packet.readUInt8(0) & 0x0f) * 4;
  if (packet.length < header + 8 + 4 || decodeIPv4(packet, 16) !== SYNC_GROUP || packet.readUInt16BE(header + 2) !== SYNC_PORT) return undefined;
  return { source: decodeIPv4(packet, 12), id: packet.readUInt8(header + 8 + 1) };
};

/** @param milliseconds at least; until `meanwhile` has ended too */
export const listen = async ({ vrrp, ipvs }: Configuration, links: readonly LinkFact[], milliseconds: number, meanwhile: Promise<unknown>): Promise<Heard> => {
  const heard: HeardPacket[] = [];
  const sync = new Map<string, { source: string; id: number; count: number }>();
  const unseen: Unseen[] = [];
  const taps: { readonly tap: Tap; readonly take: (frame: Buffer) => void }[] = [];
  const leave: (() => void)[] = [];
  const begin = performance.now();
  const open = (name: string, ethertype: number, filter: Buffer, group: string, take: (frame: Buffer, link: LinkFact) => void): void => {
    const link = links.find((each) => each.name === name);
    if (link === undefined) return;
    try {
      taps.push({ tap: new Tap(link.index, ethertype, filter, [group]), take: (frame) => take(frame, link) });
    } catch (error) {
      unseen.push({ what: name, problem: `nothing can be heard on ${name}: ${inWords(error)}`, remedy: 'run tandem doctor as root (CAP_NET_RAW)' });
    }
  };
  const ports = new Map(vrrp.instances.map((instance) => [`${instance.interface} ${instanceFamily(instance)}`, { name: instance.interface, family: instanceFamily(instance) }]));
  for (const { name, family } of ports.values()) {
    const ethertype = family === 'ipv4' ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;
    open(name, ethertype, anyOf([[protocolIs(ethertype, VRRP_PROTOCOL)]]), groups[family], (frame) => {
      if (frame.length < ethernetHeader + (family === 'ipv4' ? 20 : 40) || heard.length >= packetsAtMost) return;
      heard.push({ interface: name, hardwareAddress: describeHardwareAddress(frame.subarray(6, 12)), at: performance.now() - begin, packet: packetIn(frame, ethertype) });
    });
    if (family === 'ipv6') leave.push(joinIPv6(name));
  }
  if (ipvs.sync) {
    open(ipvs.sync.interface, ETHERTYPE_IPV4, anyOf([[protocolIs(ETHERTYPE_IPV4, UDP), portIs('destination', SYNC_PORT)]]), groups.sync, (frame, link) => {
      const message = frame.length < ethernetHeader + 20 ? undefined : readSyncMessage(packetIn(frame, ETHERTYPE_IPV4));
      if (message === undefined || describeHardwareAddress(frame.subarray(6, 12)) === link.hardwareAddress) return;
      const key = `${message.source} ${message.id}`;
      const known = sync.get(key) ?? { ...message, count: 0 };
      known.count++;
      sync.set(key, known);
    });
  }
  let busy = true;
  const ended = meanwhile.finally(() => (busy = false));
  ended.catch(() => undefined); // the caller hears of it
  try {
    while (busy || performance.now() - begin < milliseconds) {
      for (const { tap, take } of taps) for (const frame of tap.heard()) take(frame);
      await delay(tickMilliseconds);
    }
  } finally {
    for (const { tap } of taps) tap.close();
    for (const end of leave) end();
  }
  return { vrrp: heard, sync: [...sync.values()], unseen };
};
