/** systemd/tandemd.service, as systemd itself reads it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { installed, systemdAnalyze } from './analyze.js';

const text = readFileSync(new URL('../../systemd/tandemd.service', import.meta.url), 'utf8');
const settings = text
  .split('\n')
  .filter((line) => /^[A-Z]\w+=/.test(line))
  .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const);
const valuesOf = (key: string): readonly string[] => settings.filter(([name]) => name === key).map(([, value]) => value);

const dropIn = readFileSync(new URL('../../systemd/realtime.conf', import.meta.url), 'utf8');

/** Runs `systemd-analyze` on the unit with programs that exist here: verify looks whether they do. */
const analyze = async (args: readonly string[], more?: string): ReturnType<typeof systemdAnalyze> => {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-unit-'));
  const unit = join(directory, 'tandemd.service');
  writeFileSync(unit, text.replaceAll(/^(ExecStart|ExecReload)=\S+/gm, `$1=${process.execPath}`));
  if (more !== undefined) {
    mkdirSync(`${unit}.d`);
    writeFileSync(join(`${unit}.d`, 'more.conf'), more);
  }
  const result = await systemdAnalyze(...args, unit);
  rmSync(directory, { recursive: true });
  return result;
};

describe('the systemd unit', () => {
  it.runIf(installed)('is free of errors and warnings', async () => {
    expect(await analyze(['verify'])).toEqual({ code: 0, output: '' });
  });

  it.runIf(installed)('has an exposure below 4.0 of 10', async () => {
    const { code, output } = await analyze(['security', '--offline=true', '--threshold=40', '--no-pager']);
    expect(code, output).toBe(0);
  });

  it.runIf(installed)('is free of errors and warnings with the drop-in for real time too', async () => {
    expect(await analyze(['verify'], dropIn)).toEqual({ code: 0, output: '' });
    expect((await analyze(['verify'], dropIn.replace('rr', 'rapid'))).output).toContain('CPU scheduling policy');
  });

  it('goes before ordinary processes, and by the drop-in before all of them and without swap', () => {
    expect(valuesOf('Nice')).toEqual(['-10']);
    expect(dropIn.split('\n').filter((line) => /^[A-Z]\w+=/.test(line))).toEqual(['CPUSchedulingPolicy=rr', 'CPUSchedulingPriority=1', 'MemorySwapMax=0', 'MemoryMin=256M']);
  });

  it('starts the programs of the package', () => {
    const { bin } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { bin: Record<string, string> };
    expect([...valuesOf('ExecStart'), ...valuesOf('ExecReload')].map((command) => basename(command.split(' ')[0] ?? ''))).toEqual(['tandemd', 'tandem']);
    expect(Object.keys(bin)).toEqual(expect.arrayContaining(['tandemd', 'tandem']));
  });

  it('never gives up restarting, is told of readiness by the main process only, and keeps the record of what is ours', () => {
    expect(settings).toEqual(
      expect.arrayContaining([
        ['StartLimitIntervalSec', '0'],
        ['Restart', 'always'],
        ['Type', 'notify'],
        ['NotifyAccess', 'main'],
        ['RuntimeDirectory', 'tandem'],
        ['RuntimeDirectoryPreserve', 'yes'],
      ]),
    );
  });

  it('gives no more capabilities than are needed, and nothing that V8 or the kernel settings would fail under', () => {
    expect(valuesOf('CapabilityBoundingSet')).toEqual(['CAP_NET_ADMIN CAP_NET_RAW CAP_SYS_MODULE CAP_CHOWN CAP_SETUID CAP_SETGID CAP_KILL']);
    expect(valuesOf('MemoryDenyWriteExecute')).toEqual([]);
    expect(valuesOf('ProtectKernelTunables')).toEqual(['no']);
  });
});
