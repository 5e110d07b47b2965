/** systemd/tandem-realserver@.service, as systemd itself reads it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { installed, systemdAnalyze } from './analyze.js';

const text = readFileSync(new URL('../../systemd/tandem-realserver@.service', import.meta.url), 'utf8');
const valuesOf = (key: string): readonly string[] => text.split('\n').flatMap((line) => (line.startsWith(`${key}=`) ? [line.slice(key.length + 1)] : []));

/** Runs `systemd-analyze` on an instance of it, with programs that exist here: verify looks whether they do. */
const analyze = async (...args: readonly string[]): ReturnType<typeof systemdAnalyze> => {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-unit-'));
  writeFileSync(join(directory, 'tandem-realserver@.service'), text.replaceAll(/^(Exec\w+)=\S+/gm, `$1=${process.execPath}`));
  const result = await systemdAnalyze(...args, join(directory, 'tandem-realserver@web.service'));
  rmSync(directory, { recursive: true });
  return result;
};

describe("the real server's unit", () => {
  it.runIf(installed)('is free of errors and warnings', async () => {
    expect(await analyze('verify')).toEqual({ code: 0, output: '' });
  });

  it.runIf(installed)('has an exposure below 4.0 of 10', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tandem-unit-'));
    const path = join(directory, 'tandem-realserver.service');
    writeFileSync(path, text);
    try {
      const { code, output } = await systemdAnalyze('security', '--offline=true', '--threshold=40', '--no-pager', path);
      expect(code, output).toBe(0);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('applies after the network is there, stays, and removes what it applied under its own name', () => {
    expect(valuesOf('After')).toEqual(['network.target network-online.target']);
    expect([...valuesOf('Type'), ...valuesOf('RemainAfterExit')]).toEqual(['oneshot', 'yes']);
    expect(valuesOf('ExecStart')).toEqual(['/usr/bin/tandem realserver apply --name %i $ARGUMENTS']);
    expect(valuesOf('ExecReload')).toEqual(valuesOf('ExecStart'));
    expect(valuesOf('ExecStop')).toEqual(['/usr/bin/tandem realserver remove --name %i']);
    expect(valuesOf('Environment')).toEqual(['"ARGUMENTS=--from /etc/tandem/%i.yaml"']);
  });

  it('keeps what was there before until the next boot, where the program looks for it', () => {
    expect([...valuesOf('RuntimeDirectory'), ...valuesOf('RuntimeDirectoryPreserve')]).toEqual(['tandem-realserver', 'yes']);
    expect(readFileSync(new URL('../../src/commands/realserver.ts', import.meta.url), 'utf8')).toContain("'/run/tandem-realserver'");
  });

  it('gives no more capabilities than are needed, and can write the settings', () => {
    expect(valuesOf('CapabilityBoundingSet')).toEqual(['CAP_NET_ADMIN CAP_SYS_MODULE CAP_NET_RAW']);
    expect(valuesOf('ProtectKernelTunables')).toEqual(['no']);
    expect(valuesOf('MemoryDenyWriteExecute')).toEqual([]);
  });
});
