/** A pair of Tandem directors with its clients' traffic, taken through a failover and a fail-back: the same for each forwarding method. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { ForwardingMethod } from '../../src/config/model.js';
import { Lab } from '../../src/lab/lab.js';
import { healthCheck, siteConfiguration, Tandem, type FileContent } from '../../src/lab/pair.js';
import { answerTimes, between, byStart, distribution, longestOutage, summarizeConnection, type RequestResult } from '../../src/lab/summary.js';
import { addresses, buildSite, type Director, type Site } from '../../src/lab/topology.js';
import { startConnection, startRequests, type LongConnection, type RequestStream } from '../../src/lab/traffic.js';
import { requireLab } from '../tiers.js';
import { connectionsOf, destinationsOf, holdersOf } from './director-view.js';
import { PersistentClients, type Assignment } from './persistent-clients.js';

/** d2's, in ms: 3 advertisement intervals of 1 s and the skew time of priority 100 (RFC 9568, 6.1). */
export const masterDownInterval = 3_000 + ((256 - 100) * 1_000) / 256;
/** from one request to the next, in ms */
const requestInterval = 50;
const weights = { rs1: 1, rs2: 2, rs3: 3 } as const;
/** requests in which those weights come out even */
const cycle = 60;
const forwardingShown = { dr: 'Route', nat: 'Masq', tun: 'Tunnel' } as const;
const persistentPort = 7000;

/** The ports of the real servers: NAT maps both, the others can map none. */
export const realServerPort = (forwarding: ForwardingMethod, port: number): number => (forwarding === 'nat' ? (port === 80 ? 7000 : 80) : port);

/** Two services, one of them persistent. */
function configuration(site: Site, director: Director): FileContent {
  const service = (port: number, more: object): object => ({
    name: `web-${port}`,
    address: site.vip,
    port,
    scheduler: 'wrr',
    forwarding: site.forwarding,
    health_check: { type: 'http', path: '/health', interval: `${healthCheck.interval}s`, timeout: `${healthCheck.timeout}s`, rise: healthCheck.rise, fall: healthCheck.fall },
    real_servers: site.realServers.map(({ name, address }) => ({ address, port: realServerPort(site.forwarding, port), weight: weights[name as keyof typeof weights] })),
    ...more,
  });
  const content = siteConfiguration(site, director);
  return {
    ...content,
    // a connection with traffic is told to the returning master within the few seconds before it takes over
    ipvs: { ...(content['ipvs'] as object), sync_threshold: '0 0', sync_refresh_period: '1s' },
    virtual_servers: [service(80, {}), service(persistentPort, { scheduler: 'rr', persistence: '5m' })],
  };
}

/** In ms, from the steady phase: three times the slowest answer or the latest start of a request (for the first that is lost, the takeover, the first answered). */
export function slackOf(steady: readonly RequestResult[]): number {
  const starts = byStart(steady).map(({ start }) => start);
  const late = Math.max(0, ...starts.slice(1).map((start, index) => start - (starts[index] ?? start) - requestInterval));
  return requestInterval + 3 * Math.max(100, answerTimes(steady).greatest, late);
}

export class Failover {
  slack = 0;
  assignment: Assignment = {};
  /** of the long-lived connection, as the first master's table has it: address and port */
  server: string | undefined;
  /** a long-lived connection made while the first director was away */
  later: LongConnection | undefined;

  constructor(
    readonly site: Site,
    readonly d1: Tandem,
    readonly d2: Tandem,
    readonly requests: RequestStream,
    readonly connection: LongConnection,
    readonly persistent: PersistentClients,
  ) {}

  static async start(lab: Lab, forwarding: ForwardingMethod): Promise<Failover> {
    const site = await buildSite(lab, { forwarding });
    const [d1, d2] = site.directors.map((director) => new Tandem(site, director));
    if (d1 === undefined || d2 === undefined) throw new RangeError('a pair has two directors');
    for (const tandem of [d1, d2]) {
      await tandem.configure(configuration(site, tandem.director));
      tandem.start();
    }
    await d1.process.waitForLine(/web: \w+ -> MASTER/, 60_000);
    for (const tandem of [d1, d2]) await tandem.process.waitForLine(/ INFO ready /, 60_000);
    const requests = startRequests(site, { every: requestInterval });
    for (const { name } of site.realServers) await requests.waitForSuccess(0, name, 30_000);
    const connection = startConnection(site);
    await connection.waitForAnswer(0);
    return new Failover(site, d1, d2, requests, connection, await PersistentClients.add(site, `${site.vip}:${persistentPort}`));
  }

  /** Pulls a cable; the lab's time at which it was out. */
  async cut(director: string, name = 'e0'): Promise<number> {
    await this.site.cutLink(director, name);
    return this.site.lab.now();
  }

  /** Waits until a director is master, and clients were answered for half a second after that. @param since the lab's time */
  async takenOverBy(tandem: Tandem, since: number): Promise<void> {
    await tandem.process.waitForLine(/web: \w+ -> MASTER/, 30_000, since);
    const { start } = await this.requests.waitForSuccess((await this.site.lab.now()) + 500);
    await this.connection.waitForAnswer(start, 30_000);
    await this.later?.waitForAnswer(start, 30_000);
  }

  /** The longest outage of requests that started since then, as `from`, `to` and milliseconds; 0 ms when none was lost. */
  outageSince(since: number): { readonly milliseconds: number; readonly failures: number } {
    return longestOutage(between(this.requests.results, since)) ?? { milliseconds: 0, failures: 0 };
  }

  /** The client's end of the long-lived connection. */
  get client(): string {
    return `${addresses.client}:${this.connection.events.find(({ event }) => event === 'connected')?.detail ?? ''}`;
  }

  /** The last lines of both directors' logs, by the lab's time. */
  log(count: number): string {
    const lines = [this.d1, this.d2].flatMap(({ director, process }) => process.lines.slice(-count).map(({ time, text }) => ({ time, text: `${director.name}: ${text}` })));
    return lines
      .toSorted((one, other) => one.time - other.time)
      .map(({ time, text }) => `${new Date(time).toISOString()} ${text}`)
      .join('\n');
  }

  /** The real server that a director's table has for a client's connection. */
  async serverOf(director: string, client = this.client): Promise<string | undefined> {
    return (await connectionsOf(this.site, director)).find((row) => row.client === client)?.realServer;
  }

  /** The persistence templates of a director: client -> real server. */
  async templatesOf(director: string): Promise<Assignment> {
    const rows = (await connectionsOf(this.site, director)).filter(({ client }) => client.endsWith(':0'));
    return Object.fromEntries(rows.map(({ client, realServer }) => [client.replace(/:0$/, ''), realServer] as const).sort());
  }

  /** The long-lived connections are open, and each was served by one and the same all the time. */
  expectUnbroken(): void {
    for (const connection of [this.connection, this.later]) {
      if (connection !== undefined) expect(summarizeConnection(connection.events)).toMatchObject({ servers: { length: 1 }, end: undefined });
    }
  }
}

/**
 * The tests that every forwarding method has to pass, in order: balance, failover, fail-back.
 * @returns the pair, once the tests run; the first director is master again after them
 */
export function describeFailover(forwarding: ForwardingMethod): () => Failover {
  requireLab();
  let lab: Lab;
  let run: Failover;

  beforeAll(async () => {
    lab = await Lab.boot();
    run = await Failover.start(lab, forwarding);
  });
  // what the directors had to say is the first question after a failure that nobody saw
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') console.error(run.log(60));
  });
  afterAll(() => lab.stop());

  it('the master holds the virtual address, and both directors have the same table', async () => {
    const port = realServerPort(forwarding, 80);
    const expected = run.site.realServers.map(({ address }, index) => `${address}:${port} ${forwardingShown[forwarding]} ${index + 1}`);
    expect(await holdersOf(run.site, run.site.vip)).toEqual(['d1']);
    for (const { name } of run.site.directors) {
      expect((await destinationsOf(run.site, name, `${run.site.vip}:80`)).toSorted()).toEqual(expected);
    }
  });

  it('requests are balanced by weight', async () => {
    const from = await lab.now();
    // a few more, since results come in the order in which requests ended
    await run.requests.waitFor(() => between(run.requests.results, from).length >= cycle + 5, `${cycle} results`, 60_000);
    const steady = between(run.requests.results, from).slice(0, cycle);
    const { rs1 = 0, rs2 = 0, rs3 = 0 } = distribution(steady);
    expect(rs1 + rs2 + rs3).toBe(cycle);
    for (const [seen, weight] of [[rs1, 1], [rs2, 2], [rs3, 3]] as const) expect(Math.abs(seen - (cycle * weight) / 6)).toBeLessThanOrEqual(1);
    run.slack = slackOf(steady);
  });

  it('persistent clients stay with their servers, and the standby knows them and the long-lived connection', async () => {
    run.assignment = await run.persistent.ask();
    expect([...new Set(Object.values(run.assignment))].sort()).toEqual(['rs1', 'rs2', 'rs3']);
    expect(await run.persistent.ask()).toEqual(run.assignment);
    run.server = await run.serverOf('d1');
    expect(run.server).toMatch(new RegExp(`:${realServerPort(forwarding, 80)}$`));
    const templates = await run.templatesOf('d1');
    expect(Object.keys(templates)).toEqual(Object.keys(run.assignment));
    await expect.poll(() => run.templatesOf('d2'), { timeout: 20_000, interval: 300 }).toEqual(templates);
    await expect.poll(() => run.serverOf('d2'), { timeout: 20_000, interval: 300 }).toBe(run.server);
  });

  it("when the master's link is cut, clients are served again within the master down interval", async () => {
    const cut = await run.cut('d1');
    await run.requests.waitForFailure(cut - run.slack);
    await run.takenOverBy(run.d2, cut);
    const { milliseconds, failures } = run.outageSince(cut - run.slack);
    console.log(`${forwarding}: outage ${milliseconds} ms, ${failures} requests lost; master down interval ${masterDownInterval} ms, slack ${run.slack} ms`);
    expect(milliseconds).toBeLessThanOrEqual(masterDownInterval + run.slack);
    expect(await holdersOf(run.site, run.site.vip)).toEqual(['d2']);
  });

  it('the long-lived connection goes on, with the same real server', async () => {
    run.expectUnbroken();
    expect(await run.serverOf('d2')).toBe(run.server);
  });

  it('persistent clients are where they were', async () => {
    expect(await run.persistent.ask()).toEqual(run.assignment);
  });

  it('when the first master returns, it takes over again and hardly a request is lost', async () => {
    run.later = startConnection(run.site);
    const { time } = await run.later.waitForAnswer(0, 30_000);
    await run.later.waitForAnswer(time + 1_000);
    const returned = await lab.now();
    await run.site.restoreLink('d1');
    await run.takenOverBy(run.d1, returned);
    const { milliseconds, failures } = run.outageSince(returned);
    console.log(`${forwarding}: at fail-back ${failures} requests lost, ${milliseconds} ms`);
    expect(milliseconds).toBeLessThanOrEqual(run.slack);
    await expect.poll(() => holdersOf(run.site, run.site.vip)).toEqual(['d1']);
  });

  it('the long-lived connection goes on after fail-back too, and so does one made while the first master was away', async () => {
    run.expectUnbroken();
    expect(await run.serverOf('d1')).toBe(run.server);
  });

  it('persistent clients are where they were after fail-back too', async () => {
    expect(await run.persistent.ask()).toEqual(run.assignment);
  });

  return () => run;
}
