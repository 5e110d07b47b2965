/** The configurations of keepalived's own doc/samples, read from Debian's package: each becomes a file that `tandem check` takes. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hostSurroundings } from '../../../src/import/keepalived/files.js';
import { importText } from './importing.js';

const packaged = '/usr/share/doc/keepalived/samples/';
/** src/lab/setup.mjs unpacks them there where dpkg has left them out */
const unpacked = new URL(`../../../node_modules/.cache/keepalived${packaged}`, import.meta.url).pathname;
const directory = existsSync(packaged) ? packaged : unpacked;
const samples = readdirSync(directory).filter((name) => name.startsWith('keepalived.conf.'));
const importSample = (name: string, host = 'director-a') => importText(readFileSync(directory + name, 'utf8'), { ...hostSurroundings(host), ipvsSetting: () => undefined }, name);

it('Debian ships all 25 of them', () => {
  expect(samples).toHaveLength(25);
});

describe('a sample of keepalived', () => {
  it.each(samples)('%s comes through', (name) => {
    const { text, diagnostics } = importSample(name);
    expect(text).toBeDefined();
    for (const { message, remedy } of diagnostics) expect(`${message} ${remedy}`).not.toMatch(/undefined|\[object/);
  });

  it('for one of its hosts has the lines of that host', () => {
    expect(importSample('keepalived.conf.conditional_conf', 'high').data['vrrp']?.['instances']?.[0]?.['priority']).toBe(170);
    expect(importSample('keepalived.conf.conditional_conf', 'low').data['scripts']?.[0]?.['command']).toEqual(['/etc/keepalived/scripts/check_low_VI_0.sh']);
  });

  it('with mistakes of its own is told of them', () => {
    expect(importSample('keepalived.conf.vrrp.rules').told).toEqual(['warning 11:8 192.168.100./24 is not a network', 'warning 26:12 192.168.200./24 is not a network']);
    expect(importSample('keepalived.conf.vrrp.lvs_syncd').told[0]).toBe('warning 3:17 the sync group VG1 has no members');
  });
});
