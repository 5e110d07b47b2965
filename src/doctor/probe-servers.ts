/** Sends real servers what the director's forwarding would send them, by packet sockets, and hears what comes back; what begins a connection is reset. */
import { closeSync } from 'node:fs';
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { describeHardwareAddress } from '../network/arp.js';
import { sendNow, socket, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_RAW } from '../network/libc.js';
import { AF_INET, socketAddress } from '../network/socket-address.js';
import type { HostFacts, ProbeResult, Station } from './facts.js';
import { echoRequest, inTunnel, ipv4Frame, IPPROTO_ICMP, IPPROTO_TCP, readAnswer, reset, syn } from './probe-frames.js';
import type { Plan } from './probe-plan.js';
import { anyOf, ethernetHeader, ETHERTYPE_IPV4, portIs, protocolIs, Tap } from './tap.js';

const IPPROTO_RAW = 255;
const rounds = 4;
const roundMilliseconds = 400;
const tickMilliseconds = 10;
/** probes in one go */
const burst = 50;

interface Arrival {
  readonly interface: string;
  readonly hardwareAddress: string;
  readonly answer: 'connection' | 'reset' | 'echo';
}

/** One packet that asks, and what answered it. */
interface Shot {
  readonly send: () => void;
  readonly end: () => void;
  readonly arrivals: Arrival[];
}

/** How a plan's packets leave. */
type Way = (packet: Buffer) => void;

const octetsOf = (hardwareAddress: string): Buffer => Buffer.from(hardwareAddress.replaceAll(':', ''), 'hex');

export class ServerProbes {
  private readonly taps = new Map<string, Tap>();
  private readonly shots: Shot[] = [];
  private readonly port = randomInt(49_152, 65_536);
  private readonly identifier = randomInt(0x10000);
  private readonly sequence = randomInt(0x1_0000_0000);
  /** destination of a packet that did not fit -> the MTU that a router told */
  private readonly told = new Map<string, number>();
  private tunnelSocket: number | undefined;

  /** @throws SystemCallError: EPERM without CAP_NET_RAW */
  constructor(
    private readonly host: HostFacts,
    private readonly stations: readonly Station[],
  ) {
    const filter = anyOf([[protocolIs(ETHERTYPE_IPV4, IPPROTO_ICMP)], [protocolIs(ETHERTYPE_IPV4, IPPROTO_TCP), portIs('destination', this.port)]]);
    for (const { name, index, hardwareAddress, running } of host.links) if (running && name !== 'lo' && hardwareAddress !== '') this.taps.set(name, new Tap(index, ETHERTYPE_IPV4, filter));
  }

  async run(plans: readonly Plan[]): Promise<readonly ProbeResult[]> {
    const results = plans.map((plan) => this.prepare(plan));
    for (let round = 0; round < rounds && this.shots.some(({ arrivals }) => arrivals.length === 0); round++) {
      for (const [index, shot] of this.shots.entries()) {
        if (shot.arrivals.length === 0) shot.send();
        if (index % burst === burst - 1) await this.wait(tickMilliseconds);
      }
      await this.wait(roundMilliseconds);
    }
    return results.flatMap((result) => result());
  }

  close(): void {
    for (const tap of this.taps.values()) tap.close();
    if (this.tunnelSocket !== undefined) closeSync(this.tunnelSocket);
  }

  private async wait(milliseconds: number): Promise<void> {
    const end = performance.now() + milliseconds;
    do {
      await delay(tickMilliseconds);
      for (const [name, tap] of this.taps) for (const frame of tap.heard()) this.take(name, frame);
    } while (performance.now() < end && this.shots.some(({ arrivals }) => arrivals.length === 0));
  }

  private take(name: string, frame: Buffer): void {
    const answer = readAnswer(frame.subarray(ethernetHeader));
    if (answer === undefined) return;
    if (answer.kind === 'too_big') {
      this.told.set(answer.about, answer.mtu);
      return;
    }
    const index = answer.kind === 'echo' ? (answer.identifier === this.identifier ? answer.sequence : -1) : ((answer.acknowledgement - 1 - this.sequence) >>> 0) / 4_096;
    const shot = this.shots[index];
    if (shot === undefined) return;
    shot.arrivals.push({ interface: name, hardwareAddress: describeHardwareAddress(frame.subarray(6, 12)), answer: answer.kind === 'echo' ? 'echo' : answer.answer });
    if (answer.kind === 'tcp' && answer.answer === 'connection') shot.end();
  }

  /** A SYN and an echo request; a plan without a port has no SYN. */
  private ask(way: Way, source: string, destination: string, port: number): readonly Shot[] {
    const shots: Shot[] = [];
    if (port !== 0) {
      const sequence = this.sequence + this.shots.length * 4_096;
      const flow = { source, sourcePort: this.port, destination, destinationPort: port };
      shots.push(this.add({ send: () => way(syn(flow, sequence)), end: () => way(reset(flow, sequence)), arrivals: [] }));
    }
    shots.push(this.echo(way, source, destination));
    return shots;
  }

  private echo(way: Way, source: string, destination: string, length?: number): Shot {
    const sequence = this.shots.length;
    return this.add({ send: () => way(echoRequest(source, destination, this.identifier, sequence, length)), end: () => undefined, arrivals: [] });
  }

  private add(shot: Shot): Shot {
    this.shots.push(shot);
    return shot;
  }

  private byEthernet(name: string, to: string): Way {
    const own = this.host.links.find((link) => link.name === name)?.hardwareAddress ?? '';
    return (packet) => this.taps.get(name)?.write(ipv4Frame(octetsOf(to), octetsOf(own), packet));
  }

  private throughTunnel(source: string, realServer: string): Way {
    const fd = (this.tunnelSocket ??= socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW));
    const to = socketAddress(realServer, 0);
    return (packet) => {
      try {
        sendNow(fd, inTunnel(source, realServer, packet, true), to);
      } catch {
        // a packet that the kernel itself does not let out is one that is not answered
      }
    };
  }

  /** @returns what gives the results when all is over */
  private prepare(plan: Plan): () => readonly ProbeResult[] {
    const { service, realServer, port, interface: name } = plan;
    const first = (shots: readonly Shot[], counts: (arrival: Arrival) => boolean = () => true): Arrival | undefined => shots.flatMap(({ arrivals }) => arrivals).find(counts);
    switch (plan.kind) {
      case 'direct': {
        const { vip, source, hardwareAddress } = plan;
        const shots = this.ask(this.byEthernet(name, hardwareAddress), source, vip, port);
        // a server that forwards instead of taking it lets another one answer
        const others = new Set(this.stations.filter(({ address }) => address !== realServer).flatMap(({ hardwareAddresses }) => hardwareAddresses).filter((each) => each !== hardwareAddress));
        return () => [{ kind: 'vip', forwarding: 'dr', service, realServer, hardwareAddress, vip, port, interface: name, answer: first(shots, (arrival) => !others.has(arrival.hardwareAddress))?.answer ?? 'none' }];
      }
      case 'tunnel': {
        const { vip, source, size } = plan;
        const way = this.throughTunnel(source, realServer);
        const shots = this.ask(way, source, vip, port);
        const large = this.echo(way, source, vip, size - 20);
        const small = shots.at(-1);
        return () => [
          { kind: 'vip', forwarding: 'tun', service, realServer, hardwareAddress: undefined, vip, port, interface: name, answer: first(shots)?.answer ?? 'none' },
          { kind: 'tunnel', service, realServer, vip, interface: name, size, small: small !== undefined && small.arrivals.length > 0, large: large.arrivals.length > 0, told: this.told.get(realServer) },
        ];
      }
      case 'route': {
        const { near, far, hardwareAddress } = plan;
        const way = this.byEthernet(name, hardwareAddress);
        const [fromNear, fromFar] = [this.ask(way, near, realServer, port), this.ask(way, far, realServer, port)];
        return () => {
          const arrival = first(fromFar, (each) => each.interface === name) ?? first(fromFar);
          return [{ kind: 'route', service, realServer, port, interface: name, near: { source: near, answered: first(fromNear) !== undefined }, far: { source: far, cameBy: arrival && { interface: arrival.interface, hardwareAddress: arrival.hardwareAddress } } }];
        };
      }
    }
  }
}
