// The settings of /proc/sys/net/ipv4/vs, in a folder that stands for it.
import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SettingsRecord } from '../../src/supervisor/settings-record.js';
import { Sysctls, UnknownSysctlError } from '../../src/ipvs/sysctls.js';

let root: string;
const put = (key: string, value: string): void => writeFileSync(join(root, key), value);
const get = (key: string): string => readFileSync(join(root, key), 'utf8');

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tandem-sysctls-'));
  put('expire_nodest_conn', '0\n');
  put('sync_threshold', '3\t50\n');
});
afterEach(() => rmSync(root, { recursive: true }));

describe('the settings', () => {
  it('are written where they differ, and what was there is put back', async () => {
    const sysctls = new Sysctls(root);
    expect(await sysctls.apply({ expire_nodest_conn: '1', sync_threshold: '3 50' })).toEqual([{ key: 'expire_nodest_conn', before: '0', after: '1' }]);
    expect(get('expire_nodest_conn')).toBe('1\n');
    expect(await sysctls.restore()).toEqual([{ key: 'expire_nodest_conn', before: '1', after: '0' }]);
    expect(get('expire_nodest_conn')).toBe('0\n');
    expect(get('sync_threshold')).toBe('3\t50\n');
  });

  it('that are right are not written', async () => {
    const long = new Date(0);
    utimesSync(join(root, 'sync_threshold'), long, long);
    await new Sysctls(root).apply({ sync_threshold: '3  50' });
    expect(statSync(join(root, 'sync_threshold')).mtime).toEqual(long);
  });

  it('go back to what was there first, however often they were changed', async () => {
    const sysctls = new Sysctls(root);
    await sysctls.apply({ sync_threshold: '3 10' });
    await sysctls.apply({ sync_threshold: '5 20' });
    await sysctls.restore();
    expect(get('sync_threshold')).toBe('3 50\n');
    expect(await sysctls.restore()).toEqual([]);
  });

  it('that a reload no longer names are put back', async () => {
    const sysctls = new Sysctls(root);
    await sysctls.apply({ expire_nodest_conn: '1' });
    expect(await sysctls.apply({})).toEqual([{ key: 'expire_nodest_conn', before: '1', after: '0' }]);
  });

  it('that someone else changed meanwhile are not put back', async () => {
    const sysctls = new Sysctls(root);
    await sysctls.apply({ expire_nodest_conn: '1' });
    put('expire_nodest_conn', '2\n');
    expect(await sysctls.restore()).toEqual([]);
    expect(get('expire_nodest_conn')).toBe('2\n');
  });

  it('are put back as they were before a crash, by their record', async () => {
    const record = new SettingsRecord(join(root, 'ipvs-settings.json'));
    await new Sysctls(root, record).apply({ expire_nodest_conn: '1', sync_threshold: '0 0' });
    const next = new Sysctls(root, record);
    expect(await next.apply({ expire_nodest_conn: '1', sync_threshold: '0 0' })).toEqual([]);
    await next.restore();
    expect([get('expire_nodest_conn'), get('sync_threshold')]).toEqual(['0\n', '3 50\n']);
    expect(await record.load()).toEqual([]);
  });

  it('that the kernel does not have are named, and nothing is written', async () => {
    const refused = new Sysctls(root).apply({ expire_nodest_conn: '1', run_estimation: '1' });
    await expect(refused).rejects.toMatchObject({ code: 'UNKNOWN_SYSCTL', key: 'run_estimation' });
    await expect(refused).rejects.toThrow('net.ipv4.vs.run_estimation');
    expect(get('expire_nodest_conn')).toBe('0\n');
  });

  it('with a name that leaves the folder are refused', async () => {
    await expect(new Sysctls(root).apply({ '../x': '1' })).rejects.toThrow(UnknownSysctlError);
  });

  it('that cannot be written are named with the value and the cause', async () => {
    // a write to this one fails even for root, as the kernel refuses a wrong value
    const sysctls = new Sysctls('/proc/sys/kernel');
    const value = 'x'.repeat(10);
    await expect(sysctls.apply({ ostype: value })).rejects.toMatchObject({ code: 'SYSCTL_REFUSED', key: 'ostype', value });
  });
});
