/** A real keepalived as the other director: it takes over from Tandem, Tandem from it, with the client's connection going on. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab } from '../../src/lab/lab.js';
import type { LabProcess } from '../../src/lab/lab-process.js';
import { siteConfiguration, Tandem, type FileContent } from '../../src/lab/pair.js';
import { between, longestOutage, summarizeConnection } from '../../src/lab/summary.js';
import { buildSite, type Site } from '../../src/lab/topology.js';
import { startConnection, startRequests, type LongConnection, type RequestStream } from '../../src/lab/traffic.js';
import { requireLab } from '../tiers.js';
import { destinationsOf, holdersOf } from './director-view.js';
import { slackOf } from './failover.js';
import { ipvsModules, startKeepalived } from './keepalived.js';

requireLab();

/** Of priority 100, and of priority 50 which Tandem has later; in ms (v2: RFC 3768, 6.1; v3: RFC 9568, 6.1; alike at 1 s). */
const masterDownInterval = { keepalived: 3_609, tandem: 3_805 } as const;
const tandemMaster = /web: \w+ -> MASTER/;
const keepalivedMaster = /\(web\) Entering MASTER STATE/;

describe.each([2, 3] as const)('Tandem and keepalived 2.2.7, VRRPv%i', (version) => {
  let lab: Lab;
  let site: Site;
  let tandem: Tandem;
  let keepalived: LabProcess;
  let requests: RequestStream;
  let connection: LongConnection;
  let slack = 0;

  const configuration = (priority: number): FileContent => {
    const content = siteConfiguration(site, tandem.director, { priority });
    return { ...content, vrrp: { ...(content['vrrp'] as object), version } };
  };

  /** Waits for the new master's log, then until clients were answered for half a second after it. */
  const takenOver = async (by: LabProcess, line: RegExp, since: number): Promise<void> => {
    await by.waitForLine(line, 30_000, since);
    const { start } = await requests.waitForSuccess((await lab.now()) + 500);
    await connection.waitForAnswer(start, 30_000);
  };
  const outageSince = (since: number): number => longestOutage(between(requests.results, since))?.milliseconds ?? 0;
  /** On one real server all the time, and open. */
  const expectUnbroken = (): void => {
    expect(summarizeConnection(connection.events)).toMatchObject({ servers: { length: 1 }, end: undefined });
  };
  const expectHolder = (director: string) => expect.poll(() => holdersOf(site, site.vip), { timeout: 5_000 }).toEqual([director]);

  beforeAll(async () => {
    lab = await Lab.boot();
    site = await buildSite(lab, { forwarding: 'dr' });
    await lab.must(ipvsModules);
    const [d1, d2] = site.directors;
    tandem = new Tandem(site, d1);
    await tandem.configure(configuration(150));
    tandem.start();
    keepalived = await startKeepalived(site, d2, { priority: 100, version });
    await tandem.process.waitForLine(/ INFO ready /, 60_000);
    await tandem.process.waitForLine(tandemMaster, 60_000);
    requests = startRequests(site);
    for (const { name } of site.realServers) await requests.waitForSuccess(0, name, 30_000);
    connection = startConnection(site);
    await connection.waitForAnswer(0);
  });
  afterAll(() => lab.stop());

  it('both see one master, and have the same table', async () => {
    const from = await lab.now();
    await requests.waitForSuccess(from + 3_000);
    const steady = between(requests.results, from);
    expect(longestOutage(steady)).toBeUndefined();
    slack = slackOf(steady);
    await expectHolder('d1');
    const [ours, theirs] = await Promise.all(['d1', 'd2'].map((name) => destinationsOf(site, name, `${site.vip}:80`)));
    expect(ours).toHaveLength(3);
    expect(ours?.toSorted()).toEqual(theirs?.toSorted());
  });

  it('keepalived takes over when the link of Tandem is cut, and the connection goes on', async () => {
    const from = await lab.now();
    await site.cutLink('d1');
    await takenOver(keepalived, keepalivedMaster, from);
    expect(outageSince(from)).toBeLessThanOrEqual(masterDownInterval.keepalived + slack);
    await expectHolder('d2');
    expectUnbroken();
  });

  it('Tandem takes over again when its link is back, and the connection goes on', async () => {
    const from = await lab.now();
    await site.restoreLink('d1');
    await takenOver(tandem.process, tandemMaster, from);
    expect(outageSince(from)).toBeLessThanOrEqual(slack);
    await expectHolder('d1');
    expectUnbroken();
  });

  it('keepalived takes over when a reload gives Tandem the lower priority', async () => {
    const from = await lab.now();
    await tandem.configure(configuration(50));
    expect(await tandem.command('reload')).toMatchObject({ status: 0 });
    await takenOver(keepalived, keepalivedMaster, from);
    expect(outageSince(from)).toBeLessThanOrEqual(slack);
    await expectHolder('d2');
    expectUnbroken();
  });

  it('Tandem takes over when the link of keepalived is cut, and the connection goes on', async () => {
    const from = await lab.now();
    await site.cutLink('d2');
    await takenOver(tandem.process, tandemMaster, from);
    expect(outageSince(from)).toBeLessThanOrEqual(masterDownInterval.tandem + slack);
    await expectHolder('d1');
    expectUnbroken();
  });

  it('Tandem yields when the link of keepalived is back, and the connection goes on', async () => {
    const from = await lab.now();
    await site.restoreLink('d2');
    await takenOver(keepalived, keepalivedMaster, from);
    expect(outageSince(from)).toBeLessThanOrEqual(slack);
    await expectHolder('d2');
    expectUnbroken();
  });

  it('neither rejected a packet of the other', async () => {
    const [instance] = (await tandem.status()).instances;
    expect(Object.keys(instance?.counters ?? {}).filter((name) => name.startsWith('rejected'))).toEqual([]);
    expect(instance?.counters['advertisements_received']).toBeGreaterThan(0);
    expect(keepalived.lines.filter(({ text }) => /invalid|bogus|incorrect|bad|mismatch|drop/i.test(text))).toEqual([]);
  });
});
