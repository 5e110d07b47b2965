/** tandem as a process, without a daemon: files, usage, exit codes. (With a daemon: tandemd.test.ts.) */
import { writeFileSync } from 'node:fs';
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
    expect(await tandem('--version')).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' });
    const { code, stdout } = await tandem('--help');
    expect(code).toBe(0);
    for (const command of ['check', 'status', 'reload', '--runtime-dir']) expect(stdout).toContain(command);
  });
});
