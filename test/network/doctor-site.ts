/** A site in namespaces for tandem doctor: two directors, their segment and one behind it, what runs there, and what the doctor says of it. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { stringify } from 'yaml';
import type { Finding } from '../../src/doctor/finding.js';
import { type Host, ipIn, Segment } from './namespaces.js';

export const program = (name: string): string => new URL(`../../dist/bin/${name}.js`, import.meta.url).pathname;
export const inside = (host: Host, command: string): string => execFileSync('ip', ['netns', 'exec', host.namespace, 'sh', '-ec', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

export interface Report {
  readonly role: string;
  readonly findings: readonly Finding[];
  readonly observations: readonly string[];
  readonly status: number | null;
}

/** Two directors, their segment and one behind it, and what runs there. */
export class Site {
  readonly outside = new Segment();
  readonly inner = new Segment();
  readonly directory = mkdtempSync(join(tmpdir(), 'tandem-doctor-'));
  readonly a = this.director('a', 1);
  readonly b = this.director('b', 2);
  private readonly processes: ChildProcess[] = [];

  private director(name: string, last: number): Host {
    const host = this.outside.host(name, `10.77.0.${last}/24`);
    ipIn(host, 'addr', 'add', `2001:db8:77::${last}/64`, 'dev', 'e0', 'nodad');
    this.inner.host(name, `10.78.0.${last}/24`, 'e1', host);
    inside(host, 'sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.e0.rp_filter=0 net.ipv4.conf.e1.rp_filter=0 net.ipv4.ip_forward=1');
    return host;
  }

  private place(host: Host): string {
    return join(this.directory, host === this.a ? 'a' : host === this.b ? 'b' : host.switchPort);
  }

  configure(host: Host, content: object): string {
    const path = `${this.place(host)}.yaml`;
    writeFileSync(path, stringify(content), { mode: 0o600 });
    return path;
  }

  /** @param unprivileged what runs it with less than root has */
  async start(host: Host, content: object, unprivileged: readonly string[] = []): Promise<void> {
    const path = this.configure(host, content);
    const child = spawn('ip', ['netns', 'exec', host.namespace, ...unprivileged, process.execPath, program('tandemd'), '--config', path, '--runtime-dir', this.place(host)], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.processes.push(child);
    let log = '';
    child.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()));
    await vi.waitFor(() => expect(log).toMatch(/INFO ready/), { timeout: 20_000, interval: 20 });
  }

  /** From b, again and again. */
  inject(packet: Buffer, { from = '10.77.0.2', ttl = 255 }: { readonly from?: string; readonly ttl?: number } = {}): void {
    this.processes.push(spawn('ip', ['netns', 'exec', this.b.namespace, process.execPath, new URL('inject.mjs', import.meta.url).pathname, from, '224.0.0.18', String(ttl), packet.toString('hex'), '300'], { stdio: 'ignore' }));
  }

  status(host: Host): { readonly instances: readonly { readonly name: string; readonly state: string; readonly conflicts: readonly object[]; readonly counters: Readonly<Record<string, number>> }[] } {
    return JSON.parse(inside(host, `exec ${process.execPath} ${program('tandem')} --runtime-dir ${this.place(host)} status --json`)) as ReturnType<Site['status']>;
  }

  /**
   * @param before commands in the same mount namespace: what is mounted there nobody else sees
   * @param by what runs it with less than root has
   */
  doctor(host: Host, options: string, before = '', by = ''): Promise<Report> {
    const command = `${before}\nexec ${by} ${process.execPath} ${program('tandem')} --runtime-dir ${this.place(host)} doctor --json ${options}`;
    const child = spawn('ip', ['netns', 'exec', host.namespace, 'sh', '-ec', command], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [output, errors] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    return new Promise((resolve, reject) => {
      child.on('close', (status) => {
        try {
          resolve({ ...(JSON.parse(output) as Omit<Report, 'status'>), status });
        } catch {
          reject(new Error(`status ${status}: ${output}${errors}`));
        }
      });
    });
  }

  async clear(): Promise<void> {
    await Promise.all(this.processes.map((child) => new Promise<void>((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.on('exit', () => resolve());
      child.kill('SIGTERM');
    })));
    this.outside.remove();
    this.inner.remove();
    rmSync(this.directory, { recursive: true });
  }
}

export const brief = ({ findings }: Report): readonly string[] => findings.map(({ code, subject }) => `${code} ${subject}`).sort();
export const of = ({ findings }: Report, code: string, subject?: string): Finding => {
  const found = findings.find((each) => each.code === code && (subject === undefined || each.subject === subject));
  if (!found) throw new Error(`no ${code}: ${findings.map((each) => `${each.code} ${each.subject}: ${each.seen}`).join('\n')}`);
  return found;
};
