/** A pair under test, as an operator sees it: through ipvsadm, ip, ps, the log, and what its clients get. */
import { Lab, type ScriptResult } from '../../src/lab/lab.js';
import type { LabLine } from '../../src/lab/lab-process.js';
import { type FileContent, siteConfiguration, Tandem } from '../../src/lab/pair.js';
import { answerTimes, between, type RequestResult } from '../../src/lab/summary.js';
import { buildSite, type Director, type Site, type SiteOptions } from '../../src/lab/topology.js';
import { type RequestStream } from '../../src/lab/traffic.js';

/** service (`TCP 10.0.0.100:80`) -> web server's name -> weight */
export type Weights = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** One row of `ipvsadm -Ln --stats`. */
export interface Counters {
  readonly connections: number;
  readonly packetsIn: number;
}

export type ProcessName = 'tandemd' | 'vrrp' | 'lvs';

/** Makes a director's configuration from the site's usual one. */
export type Edit = (content: FileContent, director: Director) => FileContent;

export class PairUnderTest {
  private constructor(
    readonly lab: Lab,
    readonly site: Site,
    readonly d1: Tandem,
    readonly d2: Tandem,
  ) {}

  /** Boots a lab with a site whose directors are configured but do not run yet. */
  static async boot(edit: Edit = (content) => content, { forwarding = 'dr', realServers = 3 }: Partial<SiteOptions> = {}): Promise<PairUnderTest> {
    const lab = await Lab.boot();
    try {
      const site = await buildSite(lab, { forwarding, realServers });
      const pair = new PairUnderTest(lab, site, new Tandem(site, site.directors[0]), new Tandem(site, site.directors[1]));
      for (const tandem of pair.both) await tandem.configure(edit(siteConfiguration(site, tandem.director), tandem.director));
      return pair;
    } catch (error) {
      await lab.stop();
      throw error;
    }
  }

  get both(): readonly [Tandem, Tandem] {
    return [this.d1, this.d2];
  }

  /** Starts both; d1 is MASTER, and every real server that is healthy takes requests, when this returns. */
  async start(): Promise<void> {
    for (const tandem of this.both) tandem.start();
    await this.d1.process.waitForLine(/web: BACKUP -> MASTER/, 90_000);
    await Promise.all(this.both.map((tandem) => tandem.process.waitForLine(/INFO ready/, 90_000)));
  }

  /** A host's IPVS table, by `ipvsadm -Ln`. */
  async weights({ director }: Tandem): Promise<Weights> {
    return Object.fromEntries(
      services(await this.site.must(director.name, 'ipvsadm -Ln')).map(({ service, rows }) => [
        service,
        Object.fromEntries(rows.map(([address = '', , weight]) => [this.nameOf(address), Number(weight)])),
      ]),
    );
  }

  /** service -> web server's name -> counters */
  async counters({ director }: Tandem): Promise<Readonly<Record<string, Readonly<Record<string, Counters>>>>> {
    return Object.fromEntries(
      services(await this.site.must(director.name, 'ipvsadm -Ln --stats --exact')).map(({ service, rows }) => [
        service,
        Object.fromEntries(rows.map(([address = '', connections, packetsIn]) => [this.nameOf(address), { connections: Number(connections), packetsIn: Number(packetsIn) }])),
      ]),
    );
  }

  async holdsVip({ director }: Tandem): Promise<boolean> {
    return (await this.site.must(director.name, 'ip -o -4 addr show dev e0')).includes(` ${this.site.vip}/32 `);
  }

  /** The roles in which the kernel runs its connection sync with the id 51 on e0, by `ipvsadm -Ln --daemon`. */
  async syncRoles({ director }: Tandem): Promise<readonly string[]> {
    const text = await this.site.must(director.name, 'ipvsadm -Ln --daemon');
    return [...text.matchAll(/^(\w+) sync daemon \(mcast=e0, syncid=51,/gm)].map(([, role = '']) => role).sort();
  }

  /** Process ids inside the lab; what does not run is not listed. */
  async processes({ process }: Tandem): Promise<Readonly<Partial<Record<ProcessName, number>>>> {
    if (process.pid === undefined || process.status !== undefined) return {};
    const { stdout } = await this.lab.run(`ps -o pid=,args= --ppid ${process.pid}`);
    const found = [...stdout.matchAll(/^\s*(\d+) .*(vrrp|lvs)(?:\.js)?\s*$/gm)].map(([, pid, name]) => [name, Number(pid)]);
    return { tandemd: process.pid, ...Object.fromEntries(found) };
  }

  /** kill -9, or another signal; returns when, by the lab's clock. */
  async kill(tandem: Tandem, names: readonly ProcessName[], signal = 'KILL'): Promise<number> {
    const processes = await this.processes(tandem);
    const pids = names.map((name) => {
      const pid = processes[name];
      if (pid === undefined) throw new Error(`no ${name} runs on ${tandem.director.name}`);
      return pid;
    });
    const since = await this.lab.now();
    // several go in the same moment: none of them sees another one's end
    await this.lab.must(`${pids.length > 1 ? `kill -STOP ${pids.join(' ')}; ` : ''}kill -${signal} ${pids.join(' ')}`);
    return since;
  }

  private nameOf(address: string): string {
    const host = address.split(':')[0];
    return this.site.webServers.find((server) => server.address === host)?.name ?? address;
  }
}

/** The lines of a daemon's log from `since` (the lab's clock) on. */
export const logSince = ({ process }: Tandem, since: number, pattern = /^/): readonly string[] =>
  process.lines.filter(({ time, text }: LabLine) => time >= since && pattern.test(text)).map(({ text }) => text);

/** `ipvsadm -Ln`: services, and the columns of their rows. */
function services(text: string): { readonly service: string; readonly rows: readonly (readonly string[])[] }[] {
  const found: { service: string; rows: string[][] }[] = [];
  for (const line of text.split('\n').slice(3)) {
    const columns = line.trim().split(/\s+/);
    if (columns[0] === '->') {
      const [, address = '', ...rest] = columns;
      // with --stats there is no column for the forwarding method
      found.at(-1)?.rows.push([address, ...rest]);
    } else if (columns.length > 1) found.push({ service: columns.slice(0, 2).join(' '), rows: [] });
  }
  return found;
}

/** The usual content with some of its virtual servers' keys changed; `undefined` takes a virtual server away. */
export function editServers(content: FileContent, edit: (server: FileContent) => FileContent | undefined): FileContent {
  const servers = content['virtual_servers'] as readonly FileContent[];
  return { ...content, virtual_servers: servers.map(edit).filter((server) => server !== undefined) };
}

/** Writes the file and reloads, as an operator does; a reload that fails fails the test. */
export async function reload(tandem: Tandem, content: FileContent): Promise<ScriptResult> {
  await tandem.configure(content);
  const result = await tandem.command('reload');
  if (result.status !== 0) throw new Error(`tandem reload on ${tandem.director.name}: status ${result.status}\n${result.stdout}${result.stderr}`);
  return result;
}

/** The requests in [from, to) that were not answered with 200. */
export const lost = (stream: RequestStream, from: number, to?: number): readonly RequestResult[] => between(stream.results, from, to).filter(({ outcome }) => outcome !== 'ok');

/**
 * For a stream that is to notice nothing. A request that a busy machine keeps for a second is not lost; one that is refused, reset,
 * or sent to a server that is gone is, and an outage shows as a gap between answers.
 */
export const patience = 4_000;

/** The longest time without an answer, in ms, beyond the usual one between two requests. */
export function longestGap(results: readonly RequestResult[], every: number): number {
  const answers = results.filter(({ outcome }) => outcome === 'ok').map(({ start, duration }) => start + duration).sort((a, b) => a - b);
  return answers.slice(1).reduce((longest, time, index) => Math.max(longest, time - (answers[index] ?? time) - every), 0);
}

/**
 * Watches a steady stream for a while.
 * @returns milliseconds to allow in this run beside what a rule allows: one slow CPU under everything is late by about the slowest answer
 */
export async function measureSlack(lab: Lab, stream: RequestStream, duration = 2_000): Promise<number> {
  const from = await lab.now();
  await stream.waitForSuccess(from + duration);
  return 1_000 + 2 * answerTimes(between(stream.results, from)).greatest;
}
