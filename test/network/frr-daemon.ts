/** FRR's vrrpd in a namespace, with the zebra that it needs, as the other router. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogLines } from './log-lines.js';
import { type Host, ipIn } from './namespaces.js';
import type { Logged, Peer } from './peer.js';

const programs = '/usr/lib/frr';

export interface FrrOptions {
  readonly priority: number;
  /** milliseconds, in tens */
  readonly interval: number;
  /** of one family; the macvlan has them, whoever is master */
  readonly addresses: readonly string[];
  /** leave the host's ARP as it is: Linux answers on e0 for what the macvlan has, also while FRR is BACKUP */
  readonly answersArp?: boolean;
}

const userAndGroup = (): readonly [number, number] => [Number(execFileSync('id', ['-u', 'frr'])), Number(execFileSync('id', ['-g', 'frr']))];

/** The interface that vrrpd knows by its MAC (RFC 9568, 7.3): it has the addresses, and vrrpd takes its carrier away while it is BACKUP. */
const macvlan = (host: Host, addresses: readonly string[], answersArp: boolean): void => {
  if (!answersArp) execFileSync('ip', ['netns', 'exec', host.namespace, 'sysctl', '-qw', 'net.ipv4.conf.all.arp_ignore=1']);
  const isIPv6 = addresses.some((address) => address.includes(':'));
  const name = isIPv6 ? 'vrrp6-51' : 'vrrp4-51';
  if (ipIn(host, 'link', 'show').includes(name)) return;
  ipIn(host, 'link', 'add', name, 'link', 'e0', 'type', 'macvlan', 'mode', 'bridge');
  ipIn(host, 'link', 'set', name, 'address', `00:00:5e:00:0${isIPv6 ? 2 : 1}:33`, 'addrgenmode', 'none', 'protodown', 'on');
  if (isIPv6) ipIn(host, 'addr', 'add', 'fe80::a51/64', 'dev', name, 'nodad');
  for (const address of addresses) ipIn(host, 'addr', 'add', `${address}/${isIPv6 ? 64 : 24}`, 'dev', name, ...(isIPv6 ? ['nodad'] : []));
  ipIn(host, 'link', 'set', name, 'up');
};

export class Frr implements Peer {
  private readonly folder = mkdtempSync(join(tmpdir(), 'tandem-frr-'));
  private readonly output: LogLines;
  private readonly zebraOutput: LogLines;
  private readonly zebra: ChildProcess;
  private readonly vrrpd: ChildProcess;
  private readonly exited: Promise<void>;

  private constructor(
    host: Host,
    private readonly family: 'IPv4' | 'IPv6',
    configuration: string,
  ) {
    chownSync(this.folder, ...userAndGroup());
    const socket = join(this.folder, 'zserv');
    const run = (program: string, text: string, before: readonly string[]): ChildProcess => {
      const file = join(this.folder, `${program}.conf`);
      writeFileSync(file, text, { mode: 0o644 });
      const own = ['-f', file, '-i', join(this.folder, `${program}.pid`), '-z', socket, '--vty_socket', this.folder, '-P', '0'];
      const inside = ['netns', 'exec', host.namespace, ...before, `${programs}/${program}`, '--log', 'stdout', '--log-level', 'debug', '-u', 'frr', '-g', 'frr', ...own];
      return spawn('ip', inside, { stdio: ['ignore', 'pipe', 'pipe'] });
    };
    this.zebra = run('zebra', '', []);
    this.zebraOutput = new LogLines('zebra', [this.zebra.stdout, this.zebra.stderr]);
    // it asks for zebra every ten seconds only
    this.vrrpd = run('vrrpd', configuration, ['sh', '-c', `until [ -S ${socket} ]; do sleep 0.02; done; sleep 0.05; exec "$@"`, 'sh']);
    this.output = new LogLines('vrrpd', [this.vrrpd.stdout, this.vrrpd.stderr]);
    this.exited = new Promise((resolve) => this.vrrpd.once('exit', () => resolve()));
  }

  static start(host: Host, { priority, interval, addresses, answersArp = false }: FrrOptions): Frr {
    macvlan(host, addresses, answersArp);
    const isIPv6 = addresses.some((address) => address.includes(':'));
    const lines = ['version 3', `priority ${priority}`, `advertisement-interval ${interval}`, ...addresses.map((address) => `${isIPv6 ? 'ipv6' : 'ip'} ${address}`)];
    const instance = lines.map((line) => ` vrrp 51 ${line}\n`).join('');
    return new Frr(host, isIPv6 ? 'IPv6' : 'IPv4', `debug vrrp protocol packets\ninterface e0\n${instance}`);
  }

  get log(): readonly Logged[] {
    return this.output.lines;
  }

  get tail(): string {
    return `${this.output.tail(/Datagram|Adver_Timer|: [\da-f]{16}: |priority:|vrid:|version:|type:/)}\n${this.zebraOutput.tail()}`;
  }

  get mark(): number {
    return this.log.length;
  }

  /** But for what it says at its start, before it has heard of its interface's addresses. */
  get complaints(): readonly string[] {
    const pattern = /invalid|bad |does not match|unequal|but this VRRP instance has|failed|error/i;
    return this.log.flatMap(({ line }) => (pattern.test(line) && !/Failed to find address to bind|failed to mkdir/.test(line) ? [line] : []));
  }

  line(pattern: RegExp, from = 0): Promise<Logged> {
    return this.output.line(pattern, from);
  }

  becomes(state: 'MASTER' | 'BACKUP', from = 0): Promise<Logged> {
    return this.line(new RegExp(`\\[VRID 51\\] \\[${this.family}\\] \\w+ -> ${state === 'MASTER' ? 'Master' : 'Backup'}`), from);
  }

  async end(): Promise<void> {
    this.vrrpd.kill('SIGTERM');
    await this.exited;
  }

  async crash(): Promise<void> {
    this.vrrpd.kill('SIGKILL');
    await this.exited;
  }

  async clear(): Promise<void> {
    if (this.vrrpd.exitCode === null && this.vrrpd.signalCode === null) await this.crash();
    if (this.zebra.exitCode === null && this.zebra.signalCode === null) {
      const exited = new Promise<void>((resolve) => this.zebra.once('exit', () => resolve()));
      this.zebra.kill('SIGKILL');
      await exited;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
