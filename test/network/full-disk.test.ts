/** tandemd whose runtime directory is on a full disk: a tiny tmpfs, which needs root to mount. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { goodConfiguration, inPlaces, type Place } from '../bin/program.js';

let place: Place;
const fill = (): void => {
  try {
    writeFileSync(join(place.runtime, 'filler'), Buffer.alloc(1024 * 1024));
  } catch {
    // ENOSPC is what was wanted
  }
};

inPlaces((made) => {
  place = made;
  mkdirSync(place.runtime);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tandem-test', place.runtime]);
});
// before the place is cleared: hooks that come after a test run in reverse
afterEach(async () => {
  await place.killAll();
  execFileSync('umount', ['--lazy', place.runtime]);
});

it('does not start when it cannot record what it is about to make', { timeout: 20_000 }, async () => {
  fill();
  const daemon = place.daemon();
  expect(await daemon.exited).toBe(1);
  expect(daemon.stderr).toMatch(/^tandemd: cannot write .*owned\.json: ENOSPC/);
  expect(place.notes('vrrp').filter(({ type }) => type === 'configure')).toEqual([]);
});

it('refuses a reload that it cannot record, keeps the old configuration, and takes it once there is room', { timeout: 20_000 }, async () => {
  const daemon = place.daemon();
  await daemon.says('INFO ready');
  fill();
  // a record of several pages: one that the record of the start still gives back (it is written anew once ready is said) is not room enough
  const many = Array.from({ length: 200 }, (_, index) => `192.0.2.${index + 1}/32`).join(', ');
  place.write(goodConfiguration.replace('192.0.2.100/32', many));
  const refused = await place.tandem('reload');
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/ENOSPC.*the reload is refused, the running configuration stays/) as string });
  expect(place.notes('vrrp').filter(({ type }) => type === 'configure')).toHaveLength(1);
  rmSync(join(place.runtime, 'filler'));
  expect(await place.tandem('reload')).toMatchObject({ code: 0 });
  expect(place.notes('vrrp').filter(({ type }) => type === 'configure')).toHaveLength(2);
});
