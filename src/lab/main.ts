/** `npm run lab`: a whole pair on this machine, driven through a failover. `npm run lab -- --shell`: the pair, and a prompt inside. */
import { parseArgs } from 'node:util';
import { demonstrate, startSite } from './demonstration.js';
import { Lab } from './lab.js';
import { LabError } from './lab-error.js';
import { runShell } from './shell.js';
import { inWords } from '../control/in-words.js';

const usage = `usage: npm run lab [-- --shell]

Boots a Linux kernel of its own (User-Mode Linux: an ordinary process), builds a site of network namespaces in it, and runs
two tandemd there with real nginx servers and a client.

  (nothing)   kills the master, then a web server, then reloads, and tells what the client saw; exit status 0 = all as it should
  --shell     leaves the pair running, with a prompt inside
`;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function inLab(action: (lab: Lab) => Promise<number>): Promise<number> {
  print('booting the lab kernel');
  const lab = await Lab.boot();
  try {
    return await action(lab);
  } finally {
    await lab.stop();
  }
}

async function demonstration(lab: Lab): Promise<number> {
  const failures = await demonstrate(lab, print);
  print(failures.length === 0 ? '\nall went as it should' : `\nNOT as it should:\n${failures.map((failure) => `  - ${failure}`).join('\n')}`);
  return failures.length === 0 ? 0 : 1;
}

async function shell(lab: Lab): Promise<number> {
  print('starting two tandemd');
  const { site } = await startSite(lab, () => undefined);
  return runShell(lab, [site.client, ...site.directors, ...site.webServers].map(({ name }) => name));
}

async function main(): Promise<number> {
  let options: { shell?: boolean; help?: boolean };
  try {
    options = parseArgs({ options: { shell: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } }).values;
  } catch (error) {
    process.stderr.write(`${inWords(error)}\n${usage}`);
    return 2;
  }
  if (options.help === true) {
    process.stdout.write(usage);
    return 0;
  }
  try {
    return await inLab(options.shell === true ? shell : demonstration);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    process.stderr.write(`lab: ${error.message}\n`);
    return 1;
  }
}

process.exitCode = await main();
