/** Loading kernel modules by a command: real commands. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadModules } from '../../src/supervisor/modules.js';

describe('the command that loads modules', () => {
  let directory: string;
  let command: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tandem-modules-'));
    command = join(directory, 'load');
    writeFileSync(command, `#!/bin/sh\necho "$@" >> ${directory}/calls\ncase "$2" in bad*) echo "no $2" >&2; exit 1;; esac\n`, { mode: 0o755 });
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('runs once for each module, without a shell', async () => {
    expect(await loadModules([command, '-q'], ['ip_vs', '$(reboot) x'])).toBeUndefined();
    expect(readFileSync(join(directory, 'calls'), 'utf8')).toBe('-q ip_vs\n-q $(reboot) x\n');
  });

  it('goes on after a failure and tells every one', async () => {
    expect(await loadModules([command, '-q'], ['bad1', 'ip_vs', 'bad2'])).toBe(`${command} -q bad1: no bad1; ${command} -q bad2: no bad2`);
    expect(readFileSync(join(directory, 'calls'), 'utf8').split('\n')).toHaveLength(4);
  });

  it('that is missing is named', async () => {
    expect(await loadModules(['/nonexistent/modprobe'], ['ip_vs'])).toBe('/nonexistent/modprobe ip_vs: spawn /nonexistent/modprobe ENOENT');
    expect(await loadModules([], ['ip_vs'])).toBe('no command to load ip_vs');
  });
});
