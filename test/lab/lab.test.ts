/** The lab itself: its kernel, its sites and its traffic, with two real keepalived as the directors. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Lab, root } from '../../src/lab/lab.js';
import { between, distribution, longestOutage, summarizeConnection, answerTimes } from '../../src/lab/summary.js';
import { buildSite } from '../../src/lab/topology.js';
import { startConnection, startRequests } from '../../src/lab/traffic.js';
import { requireLab } from '../tiers.js';
import { ipvsModules, startKeepalived } from './keepalived.js';

requireLab();

/** keepalived 2.2.7, priority 100, advert_int 1: 3 x 1 s + skew time (256 - 100) / 256 s (RFC 3768, 6.1), in ms. */
const masterDownInterval = 3_609;

let lab: Lab;
beforeAll(async () => {
  lab = await Lab.boot();
});
afterAll(() => lab.stop());

/** Resolves when this process of the host is gone. */
const gone = (pid: number): Promise<void> => expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 10_000 }).toBe(false);

describe('a lab', () => {
  it('runs a script as root and gives its output and exit status', async () => {
    expect(await lab.run('id -un; echo ä >&2; exit 3')).toEqual({ stdout: 'root\n', stderr: 'ä\n', status: 3 });
  });

  it('gives the status of a script that a signal killed as a shell does', async () => {
    expect((await lab.run('kill -TERM $$')).status).toBe(128 + 15);
  });

  it('is a kernel of its own, with IPVS', async () => {
    await lab.must('modprobe ip_vs');
    expect(await lab.must('ipvsadm -Ln')).toContain('IP Virtual Server version 1.2.1');
  });

  it('carries megabytes of output unchanged', async () => {
    const { stdout } = await lab.run('seq 1 200000');
    expect(stdout.split('\n')).toHaveLength(200_001);
    expect(stdout.slice(-14)).toBe('199999\n200000\n');
  });

  it('takes long scripts, and many at once', async () => {
    // a terminal of User-Mode Linux that was full once (4,096 octets) is not read on
    const text = 'é'.repeat(20_000);
    const answers = await Promise.all(['1', '2', '3'].map((number) => lab.must(`cat <<'END'\n${number}${text}\nEND`)));
    expect(answers).toEqual(['1', '2', '3'].map((number) => `${number}${text}\n`));
  });

  it('kills a script that takes longer than it may, with what it started', async () => {
    await expect(lab.run('sleep 4711 & sleep 4711', { timeout: 300 })).rejects.toMatchObject({ name: 'LabError', code: 'timeout' });
    expect((await lab.run("pgrep -f '[s]leep 4711'")).status).toBe(1);
  });

  it('runs two processes at once and tells their lines apart', async () => {
    const [one, two] = [lab.start('one', 'echo ready; sleep 60; true'), lab.start('two', 'echo first; echo second >&2')];
    expect(await two.exited).toBe(0);
    expect(two.lines.map(({ stream, text }) => `${stream} ${text}`).sort()).toEqual(['stderr second', 'stdout first']);
    expect((await one.waitForLine(/^ready$/)).stream).toBe('stdout');
    one.signal('SIGTERM', { group: true });
    expect(await one.exited).toBe(128 + 15);
    await expect(one.waitForLine(/never/)).rejects.toMatchObject({ code: 'script' });
  });

  it('has a clock that does not run away from the host', async () => {
    const [inside, outside] = [await lab.now(), Date.now()];
    expect(Math.abs(inside - outside)).toBeLessThan(5_000);
  });
});

describe.each(['dr', 'nat', 'tun'] as const)('a %s site under two keepalived', (forwarding) => {
  it('balances by weight, and a cut link costs no more than the master down interval and what requests take', async () => {
    const site = await buildSite(lab, { forwarding });
    onTestFinished(() => site.destroy());
    await lab.must(ipvsModules);
    const [d1, d2] = site.directors;
    const weights = { rs1: 2 };
    const master = await startKeepalived(site, d1, { priority: 150, weights });
    const backup = await startKeepalived(site, d2, { priority: 100, weights });
    await master.waitForLine(/\(web\) Entering MASTER STATE/);

    const requests = startRequests(site, { every: 40 });
    for (const { name } of site.realServers) await requests.waitForSuccess(0, name);
    const connection = startConnection(site);
    await connection.waitForAnswer(0);
    const steady = await lab.now();
    await requests.waitForSuccess(steady + 3_000);
    const cut = await lab.now();
    await site.cutLink(d1.name);
    const failure = await requests.waitForFailure(cut);
    await backup.waitForLine(/\(web\) Entering MASTER STATE/);
    await requests.waitForSuccess(failure.start);
    const back = await requests.waitForSuccess((await lab.now()) + 500);
    await connection.waitForAnswer(back.start);
    const results = await requests.stop();

    const before = between(results, steady, cut);
    const { rs1 = 0, rs2 = 0, rs3 = 0 } = distribution(before);
    expect(rs1 / before.length).toBeCloseTo(0.5, 1);
    expect(rs2 / before.length).toBeCloseTo(0.25, 1);
    expect(rs3 / before.length).toBeCloseTo(0.25, 1);

    // Slack: the slowest answer of the steady phase, and one request's time-out, since a request that started just
    // before the takeover is still counted as lost.
    const outage = longestOutage(between(results, cut));
    const { greatest } = answerTimes(before);
    expect(outage?.milliseconds).toBeGreaterThan(2_000);
    expect(outage?.milliseconds).toBeLessThan(masterDownInterval + 500 + greatest + 200);

    const seen = summarizeConnection(connection.events);
    expect(seen.end).toBeUndefined();
    expect(seen.servers).toHaveLength(1);
    await connection.stop();
  });
});

describe('a web server of a site', () => {
  it('can fail, hang, refuse and drop, and be healthy again', async () => {
    const site = await buildSite(lab, { forwarding: 'dr', realServers: 1 });
    onTestFinished(() => site.destroy());
    const server = site.realServer('rs1');
    const probe = async (path: string): Promise<string> => {
      const { stdout, status } = await site.run('cli', `curl -s -m 1 -o /dev/null -w '%{http_code}' http://${server.address}${path}`);
      return `${status} ${stdout}`;
    };
    const seen: Record<string, string> = {};
    for (const mode of ['failing', 'hanging', 'refusing', 'dropping', 'healthy'] as const) {
      await server.set(mode);
      seen[mode] = await probe('/health');
    }
    // curl: 7 connection refused, 28 timed out
    expect(seen).toEqual({ failing: '0 500', hanging: '28 000', refusing: '7 000', dropping: '28 000', healthy: '0 200' });
    await server.set('failing');
    expect(await probe('/')).toBe('0 200');
  });
});

describe('the end of a lab', () => {
  it('comes when the process that booted it is killed, even with output on its way', async () => {
    const script = `import { Lab } from '${root}dist/lab/lab.js';
      const lab = await Lab.boot(); lab.start('noise', 'yes'); console.log(lab.pid);`;
    const host = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [pid] = await new Promise<[number]>((resolve) => {
      createInterface({ input: host.stdout }).once('line', (line) => resolve([Number(line)]));
    });
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    host.kill('SIGKILL');
    await gone(pid);
  });

  it('is an error, with the reason, for what was running in it when its kernel is killed', async () => {
    const { pid = 0 } = lab;
    const running = lab.run('sleep 60');
    process.kill(pid, 'SIGKILL');
    await expect(running).rejects.toMatchObject({ name: 'LabError', code: 'kernel', message: expect.stringContaining('SIGKILL') });
    await expect(lab.run('true')).rejects.toMatchObject({ code: 'kernel' });
    await gone(pid);
  });
});
