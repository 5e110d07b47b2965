/** tandemd as a process, with stub children: start, reload, crashes, stop. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync, mkdirSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { Status } from '../../src/control/status.js';
import { type Build, goodConfiguration, inPlaces, type Place, run } from './program.js';

const vip = { interface: 'eth0', address: '192.0.2.100', prefixLength: 32 };
const web = { protocol: 'tcp', address: '192.0.2.100', port: 80 };
const secondService = `
  - { name: web-https, address: 192.0.2.100, port: 443, forwarding: dr, real_servers: [{ address: 192.0.2.22 }] }
`;

const isRunning = (pid: number): boolean => existsSync(`/proc/${pid}`);

describe('tandemd', { timeout: 30_000 }, () => {
  let build: Build;
  let place: Place;
  inPlaces((...made) => ([place, build] = made));
  const status = async (): Promise<Status> => JSON.parse((await place.tandem('status', '--json')).stdout) as Status;
  const pidOf = async (name: string): Promise<number> => (await status()).processes.find((each) => each.name === name)?.pid ?? 0;

  it('records what it makes before the children get the configuration, and gives them what an earlier run recorded', async () => {
    const old = { interface: 'eth9', address: '192.0.2.9', prefixLength: 32 };
    mkdirSync(place.runtime);
    writeFileSync(join(place.runtime, 'owned.json'), JSON.stringify({ version: 1, addresses: [old], services: [] }));
    const daemon = place.daemon({ TANDEM_STUB_VRRP: 'unconfigured' });
    await daemon.says('tandemd 0.1.0 starts as director-a');
    await vi.waitFor(() => expect(place.notes('vrrp')).toHaveLength(2), 10_000);
    expect(place.notes('vrrp')[1]).toMatchObject({ type: 'configure', message: { generation: 1, owned: [old], resume: [] }, record: { addresses: [old, vip], services: [web] } });
    expect(daemon.stdout).not.toContain('INFO ready');
    expect(place.record()?.addresses).toEqual([old, vip]);
  });

  it('narrows the record to the configuration once the children have it in force, says ready, and ends in order', async () => {
    mkdirSync(place.runtime);
    writeFileSync(join(place.runtime, 'owned.json'), JSON.stringify({ version: 1, addresses: [{ ...vip, interface: 'eth9' }], services: [{ ...web, port: 81 }] }));
    const daemon = place.daemon();
    await daemon.says('INFO ready instances=1 virtual_servers=1');
    await vi.waitFor(() => expect(place.record()).toMatchObject({ version: 1, addresses: [vip], services: [web] }), 5_000);
    expect(statSync(join(place.runtime, 'control.sock')).mode & 0o777).toBe(0o660);
    expect(await daemon.kill('SIGTERM')).toBe(0);
    expect(daemon.stdout).toMatch(/INFO stopping: SIGTERM\n/);
    expect(daemon.stdout).toContain('vrrp released');
    expect(daemon.stdout).toMatch(/INFO stopped\n$/);
    expect(daemon.stderr).toBe('');
    // the table stays in the kernel (on_stop: keep), the addresses do not
    expect(place.record()).toMatchObject({ version: 1, addresses: [], services: [web], routes: [], rules: [] });
    expect(readdirSync(place.runtime)).toEqual(['owned.json']);
  });

  it('clears the services too when they are removed at a stop', async () => {
    place.write(`${goodConfiguration}\nipvs: { on_stop: remove }\n`);
    const daemon = place.daemon();
    await daemon.says('INFO ready');
    await daemon.kill('SIGINT');
    expect(place.record()).toMatchObject({ version: 1, addresses: [], services: [], routes: [], rules: [] });
  });

  it('starts a child that was killed again at once; a new vrrp resumes what the old was master of', async () => {
    const daemon = place.daemon();
    await daemon.says('INFO ready');
    const before = await pidOf('vrrp');
    process.kill(before, 'SIGKILL');
    await daemon.says('vrrp was killed by SIGKILL; it is started again at once');
    await vi.waitFor(() => expect(place.notes('vrrp').filter(({ type }) => type === 'configure')).toHaveLength(2), 5_000);
    expect(place.notes('vrrp').at(-1)?.message).toMatchObject({ generation: 1, owned: [vip], resume: [{ instance: 'web' }] });
    const { processes } = await status();
    expect(processes.map(({ name, restarts, responding }) => ({ name, restarts, responding }))).toEqual([
      { name: 'tandemd', restarts: 0, responding: true },
      { name: 'vrrp', restarts: 1, responding: true },
      { name: 'lvs', restarts: 0, responding: true },
    ]);
    expect(await pidOf('vrrp')).not.toBe(before);
  });

  it('leaves its children without a supervisor when it is killed, and they notice', async () => {
    const daemon = place.daemon();
    await daemon.says('INFO ready');
    await daemon.kill('SIGKILL');
    for (const child of ['vrrp', 'lvs'] as const) await vi.waitFor(() => expect(place.notes(child).at(-1)?.type).toBe('disconnect'), 5_000);
    // its socket is still there, and does not keep the next one from starting
    expect(existsSync(join(place.runtime, 'control.sock'))).toBe(true);
    await place.daemon().says('INFO ready');
  });

  it('keeps the running configuration when SIGHUP finds a wrong file, and says each thing that is wrong', async () => {
    const daemon = place.daemon();
    await daemon.says('INFO ready');
    place.write(goodConfiguration.replace('priority: 150', 'priority: 500').replace('port: 80', 'prot: 80'));
    daemon.process.kill('SIGHUP');
    await daemon.says('is refused, the running configuration stays');
    await vi.waitFor(() => expect(daemon.stdout.match(/ERROR \S+tandem\.yaml:\d+:\d+: /g)?.length).toBeGreaterThanOrEqual(2));
    expect(place.notes('vrrp').filter(({ type }) => type === 'configure')).toHaveLength(1);
    place.write(goodConfiguration + secondService);
    daemon.process.kill('SIGHUP');
    await daemon.says('configuration reloaded');
    await vi.waitFor(() => expect(place.notes('lvs').at(-1)?.message).toMatchObject({ generation: 2 }));
    // only what is new is told; what is wanted need not be told as ours too
    expect(place.notes('lvs').at(-1)?.message).toMatchObject({ names: ['web-http', 'web-https'], owned: [] });
    expect(JSON.parse(String(place.notes('lvs').at(-2)?.message?.['text']))).toMatchObject([{ name: 'web-https' }]);
    expect(place.notes('lvs').at(-1)?.record?.services).toEqual([web, { ...web, port: 443 }]);
  });

  it('says what a dry run would change and changes nothing; a refused file is exit code 3', async () => {
    const daemon = place.daemon();
    await daemon.says('INFO ready');
    expect(await place.tandem('reload', '--dry-run')).toEqual({ code: 0, stdout: 'nothing would change\n', stderr: '' });
    place.write(goodConfiguration + secondService);
    const dryRun = await place.tandem('rel', '--dry-run');
    expect(dryRun).toMatchObject({ code: 0, stderr: '' });
    expect(dryRun.stdout).toContain('web-https');
    expect(place.notes('lvs').filter(({ type }) => type === 'configure')).toHaveLength(1);
    expect(daemon.stdout).not.toContain('reload');
    expect(await place.tandem('reload')).toMatchObject({ code: 0, stdout: expect.stringMatching(/configuration reloaded: 1 change\n$/) as string });
    expect(daemon.stdout).toMatch(/INFO reload: .*web-https/);
    place.write('vrrp: 7');
    const refused = await place.tandem('reload');
    expect(refused.code).toBe(3);
    expect(refused.stderr).toMatch(/tandem\.yaml:1:\d+: error: [^]*tandem: .* is refused, the running configuration stays/);
  });

  it('changes the level and form of the log at a reload, unless the command line says them', async () => {
    const daemon = place.daemon({}, ['--log-level', 'info']);
    await daemon.says('INFO ready');
    place.write(`${goodConfiguration}\nlog: { level: error, format: json }\n`);
    daemon.process.kill('SIGHUP');
    await daemon.says('configuration reloaded');
    const last = daemon.stdout.trimEnd().split('\n').at(-1) ?? '';
    expect(JSON.parse(last)).toMatchObject({ level: 'info', message: 'configuration reloaded' });
  });

  it('refuses to run beside another one, which goes on undisturbed', async () => {
    const daemon = place.daemon();
    await daemon.says('INFO ready');
    const second = place.daemon();
    expect(await second.exited).toBe(1);
    expect(second.stderr).toBe(`tandemd: another tandemd runs already: it answers at ${place.runtime}/control.sock\n`);
    expect((await status()).pid).toBe(daemon.process.pid);
  });

  it('prints what is wrong with the file and exits with 3; wrong options are 2', async () => {
    place.write('router_id: [');
    const daemon = place.daemon();
    expect(await daemon.exited).toBe(3);
    expect(daemon.stderr).toMatch(/tandem\.yaml:\d+:\d+: error: /);
    expect(daemon.stdout).toBe('');
    const tandemd = build.path('tandemd');
    expect(await run(tandemd, ['--nonsense'])).toMatchObject({ code: 2, stdout: '' });
    expect(await run(tandemd, ['--log-level', 'loud'])).toMatchObject({ code: 2, stderr: expect.stringContaining("--log-level is one of debug, info, warn, error, not 'loud'") as string });
    expect(await run(tandemd, ['--help'])).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('--runtime-dir DIR') as string });
    expect(await run(tandemd, ['--version'])).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' });
  });

  it('says in words that it cannot make its runtime directory', async () => {
    writeFileSync(place.runtime, 'a file');
    const daemon = place.daemon();
    expect(await daemon.exited).toBe(1);
    expect(daemon.stderr).toMatch(/^tandemd: .*run/);
  });

  it('goes on when what reads its log goes away', async () => {
    const daemon = place.daemon();
    await daemon.says('starts as');
    daemon.process.stdout?.destroy();
    const before = await vi.waitFor(async () => {
      const pid = await pidOf('lvs');
      expect(pid).toBeGreaterThan(0);
      return pid;
    }, 10_000);
    process.kill(before, 'SIGKILL');
    await vi.waitFor(async () => expect(await pidOf('lvs')).not.toBe(before), 10_000);
    expect(await daemon.kill('SIGTERM')).toBe(0);
  });

  it('stops in time when nobody reads its log and the pipe is full', async () => {
    place.write(goodConfiguration);
    const daemon = place.daemon();
    await daemon.says('INFO ready');
    daemon.process.stdout?.pause();
    place.write(`router_id: [\n`);
    // a few thousand lines of refusals: more than the pipe and this process' buffer hold
    for (let n = 0; n < 150; n++) await Promise.all([place.requestReload(), place.requestReload(), place.requestReload(), place.requestReload()]);
    const stopped = new Promise((resolve) => daemon.process.once('exit', resolve));
    daemon.process.kill('SIGTERM');
    expect(await stopped).toBe(0);
    daemon.process.stdout?.resume();
  });

  it('bears a second SIGTERM and a SIGHUP while it stops, and kills a child that does not end', async () => {
    const daemon = place.daemon({ TANDEM_STUB_LVS: 'stubborn' });
    await daemon.says('INFO ready');
    daemon.process.kill('SIGTERM');
    await daemon.says('stopping: SIGTERM');
    daemon.process.kill('SIGTERM');
    daemon.process.kill('SIGHUP');
    expect(await daemon.exited).toBe(0);
    expect(daemon.stdout).toContain('lvs did not stop within 5 s and was killed');
    expect(daemon.stdout.match(/stopping/g)).toHaveLength(1);
    expect(place.record()).toMatchObject({ addresses: [] });
  });

  it('keeps the addresses in its record when the vrrp child did not say that it released them', async () => {
    const daemon = place.daemon({ TANDEM_STUB_VRRP: 'stubborn' });
    await daemon.says('INFO ready');
    expect(await daemon.kill('SIGTERM')).toBe(0);
    expect(place.record()).toMatchObject({ addresses: [vip] });
  });

  it('stops in order also when it is told to before its children are ready', async () => {
    const daemon = place.daemon({ TANDEM_STUB_LVS: 'unconfigured' });
    await daemon.says('starts as');
    expect(await daemon.kill('SIGTERM')).toBe(0);
    expect(daemon.stdout).not.toContain('INFO ready');
    expect(daemon.stdout).not.toContain('may have stayed');
  });

  it('begins the election when the IPVS table is in place, or after 5 s without one', async () => {
    const daemon = place.daemon({ TANDEM_STUB_LVS: 'unconfigured' });
    await daemon.says('starts as');
    await vi.waitFor(() => expect(place.notes('lvs').at(-1)?.type).toBe('configure'), 5_000);
    expect(place.notes('vrrp')).toEqual([]);
    await daemon.says('the election begins, although the IPVS table is not in place after 5 s');
    await vi.waitFor(() => expect(place.notes('vrrp').at(-1)?.type).toBe('configure'), 10_000);
  });

  it('runs the command that loads modules for its lvs child, and answers', async () => {
    const daemon = place.daemon({ TANDEM_STUB_LVS: 'modules' });
    await daemon.says('loading the kernel modules ip_vs command="/bin/echo x"');
    await vi.waitFor(() => expect(place.notes('lvs').at(-1)?.message).toEqual({ type: 'modules_loaded', id: 1, error: undefined }), 5_000);
  });

  it('tells the service manager when it is ready, reloads and stops, and feeds the watchdog only while no child hangs', async () => {
    const path = join(place.directory, 'notify');
    const listener = spawn('python3', ['-c', 'import socket,sys\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ns.bind(sys.argv[1])\nprint("listening",flush=True)\nwhile True: print(repr(s.recv(4096).decode()),flush=True)', path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const heard: string[] = [];
    createInterface(listener.stdout).on('line', (line) => heard.push(line));
    try {
      await vi.waitFor(() => expect(heard).toHaveLength(1), 5_000);
      const daemon = place.daemon({ NOTIFY_SOCKET: path, WATCHDOG_USEC: '400000' });
      await vi.waitFor(() => expect(heard).toContain("'READY=1'"), 10_000);
      await vi.waitFor(() => expect(heard).toContain("'WATCHDOG=1'"), 5_000);
      expect(place.notes('vrrp')[0]).toMatchObject({ type: 'started', environment: [] });
      daemon.process.kill('SIGHUP');
      await vi.waitFor(() => expect(heard.findIndex((line) => line.startsWith("'RELOADING=1"))).toBeGreaterThan(0), 5_000);
      await vi.waitFor(() => expect(heard.filter((line) => line === "'READY=1'")).toHaveLength(2), 5_000);
      const lvs = await pidOf('lvs');
      process.kill(lvs, 'SIGSTOP');
      // five pings may be unanswered: then the watchdog goes hungry
      await vi.waitFor(async () => expect((await status()).processes.find(({ name }) => name === 'lvs')).toMatchObject({ responding: false }), 5_000);
      let fed = -1;
      await vi.waitFor(
        () => {
          const now = heard.filter((line) => line === "'WATCHDOG=1'").length;
          const hungry = now === fed;
          fed = now;
          expect(hungry).toBe(true);
        },
        { timeout: 12_000, interval: 1_000 },
      );
      process.kill(lvs, 'SIGCONT');
      await vi.waitFor(() => expect(heard.filter((line) => line === "'WATCHDOG=1'").length).toBeGreaterThan(fed), 5_000);
      await daemon.kill('SIGTERM');
      expect(heard).toContain("'STOPPING=1'");
    } finally {
      for (const { pid } of place.notes('lvs').slice(0, 1)) if (isRunning(pid)) process.kill(pid, 'SIGCONT');
      listener.kill('SIGKILL');
    }
  });
});
