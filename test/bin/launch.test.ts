/** How the programs start: from V8's code cache, and without it when it is not of this Node, of another file, or lost. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeOptions } from '../../src/supervisor/node-options.js';
import { Build } from './program.js';

let build: Build;
beforeAll(() => void (build = new Build()), 60_000);
afterAll(() => build.remove());

const node = (...args: string[]): string => execFileSync(process.execPath, args, { encoding: 'utf8' });
const bundle = (): string => join(build.directory, 'dist/bundle');

/** What V8 says of a cache when it is asked as bin/launch.ts asks it. */
const refused = (options: readonly string[], files: readonly string[]): string[] => {
  const script = `const { readFileSync } = require('node:fs'); const { Script } = require('node:vm');
    const refused = process.argv.slice(1).filter((filename) => new Script(readFileSync(filename, 'latin1'), { filename, cachedData: readFileSync(filename + '.cache') }).cachedDataRejected);
    process.stdout.write(JSON.stringify(refused));`;
  return JSON.parse(node(...options, '-e', script, ...files)) as string[];
};

describe('the code cache', () => {
  it.each([['tandemd', nodeOptions.tandemd], ['vrrp', nodeOptions.vrrp], ['lvs', nodeOptions.lvs], ['tandem', []]] as const)('of %s is accepted by Node with the options it runs with', (program, options) => {
    const files = readdirSync(bundle()).filter((name) => name.endsWith('.js') && (name === `${program}.js` || name.startsWith(`${program}-`)));
    expect(files).toContain(`${program}.js`);
    expect(refused(options, files.map((name) => join(bundle(), name)))).toEqual([]);
  });

  it('is not needed: cut off, made of another file or lost, the program is compiled', () => {
    const path = join(bundle(), 'tandem.js.cache');
    const good = readFileSync(path);
    const version = node(build.path('tandem'), '--version');
    expect(version).toMatch(/^\d+\.\d+\.\d+\n$/);
    truncateSync(path, good.length / 2);
    expect(node(build.path('tandem'), '--version')).toBe(version);
    writeFileSync(path, readFileSync(join(bundle(), 'lvs.js.cache')));
    expect(node(build.path('tandem'), '--version')).toBe(version);
    rmSync(path);
    expect(node(build.path('tandem'), '--version')).toBe(version);
    writeFileSync(path, good);
  });
});

it('optimizes nothing until it is told to', () => {
  const script = `import { optimizeFromNow } from ${JSON.stringify(join(build.directory, 'dist/supervisor/node-options.js'))};
    const sum = (n) => { let sum = 0; for (let i = 0; i < n; i++) sum += i % 7; return sum; };
    const work = () => { for (let round = 0; round < 3_000; round++) sum(1_000); };
    work();
    process.stdout.write('NOW\\n');
    await optimizeFromNow();
    work();`;
  const [before, after] = node('--trace-opt', ...nodeOptions.lvs, '--input-type=module', '-e', script).split('NOW\n');
  expect(before).toBe('');
  expect(after).toMatch(/completed .*sum.*TURBOFAN/);
});
