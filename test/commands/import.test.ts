/** `tandem import ipvsadm` and `tandem ipvs` as commands: files, exit codes, options that do not go together. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { addImportCommands } from '../../src/commands/import.js';
import { addIpvsCommand } from '../../src/commands/ipvs.js';
import type { Tools } from '../../src/commands/operate.js';

class Failure extends Error {
  constructor(
    message: string,
    readonly exitCode: number,
  ) {
    super(message);
  }
}

let printed = '';
let directory: string;
const tools: Tools = { print: (text) => void (printed += `${text}\n`), ask: () => Promise.reject(new Error('no daemon')), colours: () => false, fail: (message, exitCode) => new Failure(message, exitCode) };
/** The failure, or undefined. */
const run = async (...args: readonly string[]): Promise<Failure | undefined> => {
  const program = new Command().exitOverride();
  addImportCommands(program, tools);
  addIpvsCommand(program, tools);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
};
const path = (name: string): string => join(directory, name);

beforeEach(() => {
  printed = '';
  directory = mkdtempSync(join(tmpdir(), 'tandem-import-'));
  writeFileSync(path('rules'), '-A -t 192.0.2.10:80 -s wrr\n-a -t 192.0.2.10:80 -r 192.0.2.22:80 -g -w 1\n');
});
afterEach(() => {
  process.exitCode = undefined;
  vi.restoreAllMocks();
  rmSync(directory, { recursive: true });
});

describe('tandem import ipvsadm', () => {
  it('prints the configuration', async () => {
    expect(await run('import', 'ipvsadm', path('rules'))).toBeUndefined();
    expect(printed).toContain('  - name: tcp-192.0.2.10-80\n');
  });

  it('writes it to a file of its owner, and replaces one that is there by force only', async () => {
    const to = ['--output', path('tandem.yaml')];
    expect(await run('import', 'ipvsadm', path('rules'), ...to)).toBeUndefined();
    expect({ printed, mode: statSync(path('tandem.yaml')).mode & 0o777 }).toEqual({ printed: '', mode: 0o600 });
    const text = readFileSync(path('tandem.yaml'), 'utf8');
    writeFileSync(path('tandem.yaml'), 'mine');
    expect(await run('import', 'ipvsadm', path('rules'), ...to)).toMatchObject({ exitCode: 1, message: `${path('tandem.yaml')} is there already: --force replaces it, or give another name to --output` });
    expect(readFileSync(path('tandem.yaml'), 'utf8')).toBe('mine');
    expect(await run('import', 'ipvsadm', path('rules'), ...to, '--force')).toBeUndefined();
    expect(readFileSync(path('tandem.yaml'), 'utf8')).toBe(text);
  });

  it('writes nothing when the rules are wrong: exit code 3', async () => {
    const told = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    writeFileSync(path('rules'), '-A -t 192.0.2.10:80 -s nosuch\n');
    expect(await run('import', 'ipvsadm', path('rules'), '--output', path('tandem.yaml'))).toBeUndefined();
    expect(process.exitCode).toBe(3);
    expect(String(told.mock.calls[0]?.[0])).toMatch(/rules:1:21: error: 'nosuch' is no scheduler that Tandem knows\n/);
    expect(() => statSync(path('tandem.yaml'))).toThrow('ENOENT');
  });

  it('says which file cannot be read or written, or is no text', async () => {
    writeFileSync(path('binary'), Buffer.from([0x2d, 0x41, 0x20, 0xff, 0x1b, 0x00]));
    expect(await run('import', 'ipvsadm', path('binary'))).toMatchObject({ exitCode: 1, message: expect.stringContaining(`${path('binary')} is no text`) as string });
    expect(await run('import', 'ipvsadm', path('missing'))).toMatchObject({ exitCode: 1, message: expect.stringContaining(`${path('missing')} cannot be read`) as string });
    expect(await run('import', 'ipvsadm', directory)).toMatchObject({ exitCode: 1, message: expect.stringContaining(`${directory} cannot be read`) as string });
    expect(await run('import', 'ipvsadm', path('rules'), '--output', path('nowhere/tandem.yaml'))).toMatchObject({ exitCode: 1, message: expect.stringContaining('cannot be written') as string });
  });
});

describe('tandem ipvs', () => {
  it.each([
    ['-L -S', '-L and -S exclude each other'],
    ['-c --stats', '--connection and --stats exclude each other'],
    ['-L --timeout --daemon', '--timeout and --daemon exclude each other'],
    ['-S -t 192.0.2.10:80', '--save and -t exclude each other'],
    ['-t 192.0.2.10:80 -f 7', '-t and -f exclude each other'],
    ['-6 -t [2001:db8::1]:80', '-6 belongs to -f'],
    ['-f 0', "'0' is no firewall mark: a number from 1 to 4294967295"],
    ['-f seven', "'seven' is no firewall mark: a number from 1 to 4294967295"],
    ['-t 192.0.2.10:99999', "'99999' is no port: a number up to 65535, or the name of a tcp service in /etc/services"],
    ['-t [192.0.2.10]:80', "'[192.0.2.10]:80' is no address; it is to be like 192.0.2.10:80 or [2001:db8::10]:80"],
  ])('%s is wrong usage', async (options, message) => {
    expect(await run('ipvs', ...options.split(' '))).toMatchObject({ exitCode: 2, message });
  });
});
