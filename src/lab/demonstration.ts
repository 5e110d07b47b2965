/** The demonstration: a pair loses its master, then a web server, then is given one more service; what its clients saw. */
import type { Lab } from './lab.js';
import { healthCheck, siteConfiguration, startPair, type Tandem } from './pair.js';
import { between, byStart, distribution, longestOutage, summarizeConnection, type RequestResult } from './summary.js';
import { Timeline } from './timeline.js';
import { buildSite, type Site } from './topology.js';
import { startConnection, startRequests, type LongConnection, type RequestStream } from './traffic.js';

/** d2's: 3 advertisement intervals of 1 s and the skew time of priority 100 (RFC 9568, 6.1), in ms. */
const masterDownInterval = 3_000 + ((256 - 100) * 1_000) / 256;
/** What one busy, slow CPU under everything may add: milliseconds. */
const slack = 1_000;
const steadyTime = 3_000;

interface Phase {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

class Demonstration {
  readonly #failures: string[] = [];
  readonly #phases: Phase[] = [];

  constructor(
    private readonly lab: Lab,
    private readonly site: Site,
    private readonly pair: readonly [Tandem, Tandem],
    private readonly requests: RequestStream,
    private readonly connection: LongConnection,
    private readonly timeline: Timeline,
    private readonly print: (line: string) => void,
  ) {}

  /** All phases; what did not go as it should. */
  async run(): Promise<readonly string[]> {
    await this.#phase('steady', 'both directors up: d1 is master, three web servers answer', () => this.#steady());
    await this.#phase('failover', 'the power cord of d1: its link and its three processes are gone at once', () => this.#failover());
    await this.#phase('server', 'a web server is killed', () => this.#loseServer());
    await this.#phase('reload', 'd2 is given one more service, port 7000, and reloads', () => this.#reload());
    await this.requests.stop();
    this.#summary();
    return this.#failures;
  }

  async #phase(name: string, title: string, run: () => Promise<void>): Promise<void> {
    this.print(`\n== ${title}`);
    const from = this.#phases.at(-1)?.to ?? (await this.lab.now());
    await run();
    // until a request that started now is back, all of this phase's requests are
    const to = await this.lab.now();
    await this.requests.waitForSuccess(to + 500);
    this.#phases.push({ name, from, to });
    this.timeline.addRequests(this.requests.results, from, to);
    this.timeline.addConnection(this.connection.events, from, to);
    this.timeline.flush(to);
  }

  async #steady(): Promise<void> {
    const from = await this.lab.now();
    await this.requests.waitForSuccess(from + steadyTime);
    const results = between(this.requests.results, from);
    this.#expect(longestOutage(results) === undefined, 'a request was lost while nothing was wrong');
    const servers = Object.keys(distribution(results)).length;
    this.#expect(servers === this.site.realServers.length, `only ${servers} of the web servers answered`);
  }

  async #failover(): Promise<void> {
    const [d1, d2] = this.pair;
    const cut = await this.lab.now();
    await this.site.powerOff(d1.director.name);
    this.timeline.add(cut, 'lab', 'd1: link cut, processes killed');
    const { start } = await this.requests.waitForFailure(cut);
    await d2.process.waitForLine(/web: \w+ -> MASTER/, 15_000, cut);
    const { start: again } = await this.requests.waitForSuccess(start);
    await this.connection.waitForAnswer(again, 30_000);
    const outage = longestOutage(between(this.requests.results, cut))?.milliseconds ?? 0;
    const limit = masterDownInterval + slack;
    this.#expect(outage <= limit, `the outage took ${outage} ms, more than the ${limit.toFixed(0)} ms that the election allows`);
  }

  async #loseServer(): Promise<void> {
    const [kept = ''] = summarizeConnection(this.connection.events).servers;
    const victim = this.site.realServers.find(({ name }) => name !== kept);
    if (victim === undefined) throw new RangeError('a demonstration needs two real servers');
    const killed = await this.lab.now();
    await victim.set('refusing');
    this.timeline.add(killed, 'lab', `${victim.name}: its nginx is killed`);
    const limit = healthCheck.fall * (healthCheck.interval + healthCheck.timeout) * 1_000 + slack;
    await this.requests.waitForFailure(killed);
    await this.requests.waitForSuccess(killed + limit + 1_000);
    const late = between(this.requests.results, killed + limit).filter(({ outcome }) => outcome !== 'ok').length;
    this.#expect(late === 0, `${late} requests were lost later than ${limit} ms after ${victim.name} was killed`);
  }

  async #reload(): Promise<void> {
    const [, d2] = this.pair;
    const from = await this.lab.now();
    await d2.configure(siteConfiguration(this.site, d2.director, { ports: [80, 7000] }));
    const { stdout, stderr, status } = await d2.command('reload');
    for (const line of (stdout + stderr).trim().split('\n')) this.timeline.add(await this.lab.now(), 'tandem', line);
    this.#expect(status === 0, `tandem reload ended with status ${status}`);
    const added = startRequests(this.site, { port: 7000, every: 200 });
    const { start, server } = await added.waitForSuccess(0, undefined, 20_000);
    this.timeline.add(start, 'client', `port 7000: answered by ${server}`);
    await added.stop();
    const lost = between(this.requests.results, from).filter(({ outcome }) => outcome !== 'ok').length;
    this.#expect(lost === 0, `${lost} requests to the service that was there before were lost during the reload`);
  }

  #summary(): void {
    const { print } = this;
    const names = this.site.realServers.map(({ name }) => name);
    print(`\n== where the requests went\n${row('phase', 'requests', 'lost', ...names, 'outage')}`);
    const results = byStart(this.requests.results);
    for (const { name, from, to } of this.#phases) print(phaseRow(name, between(results, from, to), names));

    const { answers, servers, longestSilence, end } = summarizeConnection(this.connection.events);
    print(`\nlong-lived connection: ${answers} answers, all by ${servers.join(' then ')}; longest silence ${longestSilence} ms; ${end ?? 'still open'}`);
    this.#expect(end === undefined, `the long-lived connection ended: ${end}`);
    this.#expect(servers.length === 1, `the long-lived connection was served by ${servers.join(', ')}`);
    const failover = this.#phases.find(({ name }) => name === 'failover');
    const outage = failover && longestOutage(between(results, failover.from, failover.to));
    print(`outage at the loss of the master: ${outage?.milliseconds ?? 0} ms (the election allows ${masterDownInterval.toFixed(0)} ms)`);
  }

  #expect(good: boolean, failure: string): void {
    if (!good) this.#failures.push(failure);
  }
}

const row = (...cells: readonly (string | number)[]): string =>
  `  ${cells.map((cell, index) => (index === 0 ? String(cell).padEnd(10) : String(cell).padStart(9))).join('')}`;

function phaseRow(name: string, results: readonly RequestResult[], servers: readonly string[]): string {
  const counts = distribution(results);
  const outage = longestOutage(results);
  const lost = results.filter(({ outcome }) => outcome !== 'ok').length;
  return row(name, results.length, lost, ...servers.map((server) => counts[server] ?? 0), outage === undefined ? '-' : `${outage.milliseconds} ms`);
}

/** A site with its pair, up: d1 is master. */
export async function startSite(lab: Lab, onStarted: (pair: readonly [Tandem, Tandem]) => void): Promise<{ site: Site; pair: readonly [Tandem, Tandem] }> {
  const site = await buildSite(lab, { forwarding: 'dr' });
  const pair = await startPair(site);
  onStarted(pair);
  await pair[0].process.waitForLine(/web: \w+ -> MASTER/, 60_000);
  return { site, pair };
}

/**
 * Runs the demonstration in a fresh lab.
 * @returns what did not go as it should, one sentence each
 * @throws LabError when it could not be brought to its end
 */
export async function demonstrate(lab: Lab, print: (line: string) => void): Promise<readonly string[]> {
  const timeline = new Timeline(await lab.now(), print);
  try {
    print('\n== two directors (d1, d2), three web servers (rs1, rs2, rs3), a client; LVS-DR, VIP 10.0.0.100');
    const { site, pair } = await startSite(lab, (started) => {
      for (const { director, process } of started) timeline.follow(director.name, process);
    });
    const requests = startRequests(site);
    for (const { name } of site.realServers) await requests.waitForSuccess(0, name, 30_000);
    const connection = startConnection(site);
    await connection.waitForAnswer(0);
    timeline.flush();
    return await new Demonstration(lab, site, pair, requests, connection, timeline, print).run();
  } catch (error) {
    timeline.flush();
    throw error;
  }
}
