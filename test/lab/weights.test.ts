/** Weights that checks tell, as ipvsadm shows them of a running director: a script, a file, an agent alone and beside another check. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Lab } from '../../src/lab/lab.js';
import { Tandem, type FileContent } from '../../src/lab/pair.js';
import { buildSite, type Site } from '../../src/lab/topology.js';
import { requireLab } from '../tiers.js';
import { logSince } from './directors.js';

requireLab();

let lab: Lab;
let site: Site;
let tandem: Tandem;

const patience = { timeout: 30_000, interval: 250 };
const often = { interval: '500ms', timeout: '5s', rise: 1, fall: 1 };
/** One server of weight 100 each, with this check. */
const service = (name: string, port: number, check: FileContent): FileContent => ({
  name, address: '10.0.0.100', port, scheduler: 'wrr', forwarding: 'dr', health_check: { ...often, ...check }, real_servers: [{ address: '10.0.0.11', weight: 100 }],
});
/** of the one server of each service: port -> weight; what is not in the table is missing */
const weights = async (): Promise<Readonly<Record<string, number>>> =>
  Object.fromEntries([...(await site.must('d1', 'ipvsadm -Sn')).matchAll(/^-a -t 10\.0\.0\.100:(\d+) -r \S+ -g -w (\d+)/gm)].map(([, port = '', weight]) => [port, Number(weight)]));
const becomes = (port: number, weight: number | undefined): Promise<void> => expect.poll(async () => (await weights())[String(port)], patience).toBe(weight);
const write = (path: string, text: string): Promise<string> => lab.must(`echo '${text}' > ${path}.new; mv ${path}.new ${path}`);

/** Says to whoever connects what stands in the file. */
const agent = `require('node:net').createServer((socket) => socket.on('error', () => {}).end(require('node:fs').readFileSync('/run/agent'))).listen(9999)`;
const script = `#!/bin/sh
echo "$TANDEM_VIRTUAL_SERVER $TANDEM_REAL_SERVER $(id -un)" > /run/checks/told
exit $(cat /run/status)`;

beforeAll(async () => {
  lab = await Lab.boot();
  site = await buildSite(lab, { forwarding: 'dr' });
  await write('/run/file', '30');
  await write('/run/agent', 'up 100%');
  await write('/run/status', '22');
  await lab.must(`mkdir -m 777 /run/checks; cat > /run/script <<'END'\n${script}\nEND\nchmod 755 /run/script`);
  site.start('rs1', 'agent', `node -e "${agent}"`);
  tandem = new Tandem(site, site.directors[0]);
  await tandem.configure({
    ipvs: { modprobe: ['/sbin/modprobe', '-d', '/run/kernel'] },
    virtual_servers: [
      service('by-script', 81, { type: 'script', command: ['/run/script'], weight_from: 'exit_status' }),
      service('by-file', 82, { type: 'file', file: '/run/file' }),
      service('by-agent', 83, { type: 'agent', port: 9999 }),
      service('beside', 80, { type: 'http', path: '/health', agent: { port: 9999 } }),
    ],
  });
  tandem.start();
  await tandem.process.waitForLine(/INFO ready/, 60_000);
});
afterAll(() => lab?.stop());

it('every check brings its server in, with the weight that it tells', async () => {
  await expect.poll(weights, patience).toEqual({ 80: 100, 81: 20, 82: 30, 83: 100 });
  expect((await lab.must('cat /run/checks/told')).trim()).toBe('by-script 10.0.0.11 nobody');
});

it('the exit status of a script is a weight, or takes the server out', async () => {
  await write('/run/status', '2');
  await becomes(81, 0);
  await write('/run/status', '0');
  await becomes(81, 100);
  await write('/run/status', '1');
  await becomes(81, undefined);
});

it('a file drains the server, takes it out, and brings it back', async () => {
  await write('/run/file', 'drain');
  await becomes(82, 0);
  await write('/run/file', 'down');
  await becomes(82, undefined);
  await write('/run/file', '50%');
  await becomes(82, 50);
});

it('an agent sets the weight, drains and takes out, alone and beside another check', async () => {
  const before = await lab.now();
  await write('/run/agent', '50%');
  for (const port of [80, 83]) await becomes(port, 50);
  await write('/run/agent', 'drain');
  for (const port of [80, 83]) await becomes(port, 0);
  // a busy machine may not answer within the supervisor's patience
  const shown = async () => (await tandem.status()).virtual_servers.find(({ name }) => name === 'beside')?.real_servers[0];
  await expect.poll(shown, patience).toMatchObject({
    weight: 0, configured_weight: 100, healthy: true, reason: 'HTTP status 200; agent: drain, 50%', agent: { heard: true, operational: 'up', administrative: 'drain', weight_percent: 50, reason: null },
  });
  await write('/run/agent', 'maint #new kernel');
  for (const port of [80, 83]) await becomes(port, undefined);
  expect(logSince(tandem, before, /of beside: its agent says/).at(-1)).toMatch(/WARN real server 10\.0\.0\.11:80 of beside: its agent says maint, 50%, new kernel/);
  await write('/run/agent', 'ready 100%');
  for (const port of [80, 83]) await becomes(port, 100);
});

it('an agent beside another check brings in no server whose check fails', async () => {
  await site.realServer('rs1').set('failing');
  await becomes(80, undefined);
  expect((await weights())[83]).toBe(100);
});
