/** tandem as a process, without a daemon: files, usage, exit codes. (With a daemon: tandemd.test.ts.) */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Build, goodConfiguration, Place, run, type Outcome } from './program.js';

describe('tandem', () => {
  let build: Build;
  let place: Place;
  const tandem = (...args: readonly string[]): Promise<Outcome> => run(build.path('tandem'), args);
  beforeAll(() => {
    build = new Build();
    place = new Place(build);
  }, 60_000);
  afterAll(async () => {
    await place.clear();
    build.remove();
  });

  it('check counts what a right file has, also by a prefix of its name', async () => {
    const counted = { code: 0, stdout: `${place.config}: ok: 1 instance, 1 virtual server, 2 real servers\n`, stderr: '' };
    expect(await tandem('check', place.config)).toEqual(counted);
    expect(await tandem('ch', place.config)).toEqual(counted);
  });

  it('check tells what is wrong on stderr, with exit code 3', async () => {
    const path = join(place.directory, 'wrong.yaml');
    writeFileSync(path, goodConfiguration.replace('priority: 150', 'priority: 500'));
    const { code, stdout, stderr } = await tandem('check', path);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain(`${path}:5:`);
    expect(stderr).toContain('^');
    expect((await tandem('check', join(place.directory, 'missing.yaml'))).code).toBe(3);
  });

  it('import keepalived writes a file that check takes, once, with its warnings on stderr and its passwords for root alone', async () => {
    const [from, to] = [join(place.directory, 'keepalived.conf'), join(place.directory, 'imported.yaml')];
    writeFileSync(from, 'vrrp_instance web {\n  interface eth0\n  virtual_router_id 51\n  dont_track_primary\n  authentication {\n    auth_type PASS\n    auth_pass s3cret\n  }\n  @main priority 150\n  virtual_ipaddress { 192.0.2.100 }\n}\n');
    const printed = await tandem('import', 'keepalived', from, '--host', 'main');
    expect(printed).toMatchObject({ code: 0, stdout: expect.stringContaining('priority: 150') as unknown });
    expect(printed.stderr).toContain(`${from}:4:3: warning: dont_track_primary is not imported`);
    expect(printed.stderr).not.toContain('s3cret');
    expect(await tandem('import', 'keepalived', from, '--output', to)).toMatchObject({ code: 0, stdout: '' });
    expect(statSync(to).mode & 0o777).toBe(0o600);
    expect(await tandem('check', to)).toMatchObject({ code: 0, stderr: '' });
    expect(await tandem('import', 'keepalived', from, '--output', to)).toMatchObject({ code: 1, stderr: expect.stringContaining(`${to} is there already: --force replaces it`) as unknown });
    expect((await tandem('import', 'keepalived', from, '--output', to, '--force', '--host', 'main')).code).toBe(0);
    expect(readFileSync(to, 'utf8')).toContain('priority: 150');
  });

  it('import keepalived of a wrong file writes nothing, with exit code 3', async () => {
    const [from, to] = [join(place.directory, 'wrong.conf'), join(place.directory, 'wrong-imported.yaml')];
    writeFileSync(from, 'vrrp_instance web {\n  interface eth0\n');
    const { code, stdout, stderr } = await tandem('import', 'keepalived', from, '--output', to);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain(`${from}:1:19: error: the block is not closed`);
    expect(existsSync(to)).toBe(false);
    expect(await tandem('import', 'keepalived', join(place.directory, 'missing.conf'))).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot be read: ENOENT: no such file or directory\n') as unknown });
  });

  it('check --show-defaults prints the file with what applies unsaid', async () => {
    const { code, stdout } = await tandem('check', '--show-defaults', place.config);
    expect(code).toBe(0);
    expect(stdout).toContain('scheduler: wlc');
    expect(stdout).toContain('on_stop: keep');
  });

  it.each([['status'], ['reload'], ['st']])('%s says where no daemon answers', async (command) => {
    expect(await place.tandem(command)).toEqual({
      code: 1,
      stdout: '',
      stderr: `tandem: no tandemd answers at ${place.runtime}/control.sock (ENOENT): is it running?\n`,
    });
  });

  it.each([
    [['drain'], "tandem: 'drain' is not built yet in this version"],
    [['re'], "tandem: 're' could be reload, replay, realserver"],
    [['frobnicate'], "tandem: 'frobnicate' is no command; try 'tandem --help'"],
    [['check'], "tandem: missing required argument 'file'"],
    [['status', '--yaml'], "tandem: unknown option '--yaml'"],
    [['--nonsense'], "tandem: unknown option '--nonsense'"],
    [['status', 'extra'], 'tandem: too many arguments'],
    [[], 'Usage: tandem'],
  ])('usage errors have exit code 2: %j', async (args, message) => {
    const { code, stdout, stderr } = await tandem(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('prints its version and its help', async () => {
    expect(execFileSync(build.path('tandem'), ['--version'], { encoding: 'utf8' })).toBe('0.1.0\n');
    expect(await tandem('--version')).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' });
    const { code, stdout } = await tandem('--help');
    expect(code).toBe(0);
    for (const command of ['check', 'status', 'reload', '--runtime-dir']) expect(stdout).toContain(command);
  });
});
