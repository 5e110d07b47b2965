// Set-up and dispatch of `npm test`, `npm run bench` and `npm run lab`. Runs on bare Node, before node_modules exists.
//
//   node src/lab/setup.mjs test|bench|lab [argument ...]
//
// Brings about what is missing (Debian packages, npm packages, the build), says so in one line for each, then
// runs the thing and exits with its status. Where nothing is missing it costs a few milliseconds.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const oldestNode = '20.19.0';

/** What each thing runs. */
const things = {
  test: ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts'],
  bench: ['dist/lab/bench/main.js'],
  lab: ['dist/lab/main.js'],
};

/** Debian package -> the program by which it is known to be there. `raw-socket` is compiled by node-gyp. */
const compiler = { 'g++': 'g++', make: 'make', python3: 'python3' };
/** The lab: its kernel, what its sites are built from, and what is there to look at them. */
const lab = {
  'user-mode-linux': 'linux.uml', kmod: 'modprobe', iproute2: 'ip', nginx: 'nginx', iptables: 'iptables-legacy',
  arptables: 'arptables-legacy', ipvsadm: 'ipvsadm', procps: 'sysctl', curl: 'curl',
};
/** The other side of interoperation tests and measurements; certificates and captures of tests. */
const others = { keepalived: 'keepalived', frr: 'vtysh', openssl: 'openssl', tcpdump: 'tcpdump', 'python3-aiosmtpd': 'aiosmtpd', nftables: 'nft' };
/** Servers and clients of the lab's tests of the data path. */
const traffic = { 'dnsmasq-base': 'dnsmasq', 'bind9-dnsutils': 'dig', socat: 'socat', vsftpd: 'vsftpd' };
/** The servers that the pure tier probes and sends mail to on loopback, and their certificates. */
const pure = { nginx: 'nginx', openssl: 'openssl', bind9: 'named', 'python3-aiosmtpd': 'aiosmtpd' };
/** Packages of the above that bring a service, which must not run here by itself -> its unit. */
const services = { nginx: 'nginx', keepalived: 'keepalived', ipvsadm: 'ipvsadm', frr: 'frr', bind9: 'named', vsftpd: 'vsftpd' };

class SetupError extends Error {}

const say = (line) => process.stderr.write(`setup: ${line}\n`);

/** Runs a step; what it prints is shown when it fails. */
function run(command, parameters, env = process.env, cwd = root) {
  const { error, status, signal, stdout, stderr } = spawnSync(command, parameters, {
    cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64 * 1024 * 1024,
  });
  if (error) throw new SetupError(`${command} cannot be run: ${error.message}`);
  if (status === 0) return;
  process.stderr.write(stdout + stderr);
  throw new SetupError(`${command} ${parameters.join(' ')}: ${signal ?? `exit status ${status}`}`);
}

function hasProgram(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/bin', '/bin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

function newestIn(folder) {
  const times = readdirSync(folder, { withFileTypes: true }).map((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? newestIn(path) : modified(path);
  });
  return Math.max(0, ...times);
}

function checkNode() {
  if (process.versions.node.localeCompare(oldestNode, undefined, { numeric: true }) >= 0) return;
  throw new SetupError(`Tandem needs Node ${oldestNode} or later, this is ${process.versions.node} (${process.execPath})`);
}

/** policy-rc.d is asked by every Debian package that wants to start its service; 101 = forbidden. */
function withoutServicesStarting(action) {
  const policy = '/usr/sbin/policy-rc.d';
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    action();
  } finally {
    if (ours) rmSync(policy);
  }
}

const missingOf = (wanted) => Object.entries(wanted).filter(([, program]) => !hasProgram(program)).map(([name]) => name);

function ensureDebianPackages(wanted) {
  const missing = missingOf(wanted);
  if (missing.length === 0) return;
  const install = ['install', '-y', '--no-install-recommends', ...missing];
  const byHand = `apt-get update && apt-get ${install.join(' ')}`;
  if (!hasProgram('apt-get')) throw new SetupError(`missing, and this is no Debian: what is in the Debian packages ${missing.join(' ')}`);
  if (process.getuid?.() !== 0) throw new SetupError(`Debian packages are missing; as root:\n  ${byHand}`);
  say(`apt-get install ${missing.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  withoutServicesStarting(() => {
    run('apt-get', ['-q', 'update'], env);
    run('apt-get', ['-q', ...install], env);
  });
  const still = missingOf(wanted);
  if (still.length > 0) throw new SetupError(`installed, but without the programs that they should bring: ${still.join(' ')}`);
  const started = Object.keys(services).filter((name) => missing.includes(name)).map((name) => services[name]);
  if (started.length > 0 && existsSync('/run/systemd/system')) run('systemctl', ['--quiet', 'disable', ...started]);
}

/** keepalived's doc/samples, which the importer's tests read: where Debian's package puts them, or where they are unpacked to when dpkg leaves documentation out (images of containers). */
const samples = 'usr/share/doc/keepalived/samples';
const unpackedSamples = join(root, 'node_modules/.cache/keepalived');

function ensureSamples() {
  if (existsSync(join('/', samples)) || existsSync(join(unpackedSamples, samples)) || !hasProgram('apt-get')) return;
  say(`apt-get download keepalived (its samples are not in /${samples})`);
  const directory = mkdtempSync(join(tmpdir(), 'tandem-setup-'));
  try {
    if (process.getuid?.() === 0) run('apt-get', ['-q', 'update']);
    // the sandbox user of apt may not write here, which is only a warning
    run('apt-get', ['-q', 'download', 'keepalived'], process.env, directory);
    const [file] = readdirSync(directory).filter((name) => name.endsWith('.deb'));
    mkdirSync(unpackedSamples, { recursive: true });
    run('dpkg-deb', ['-x', join(directory, file ?? ''), unpackedSamples]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** True when `raw-socket` was compiled, and for this Node. */
function compiledForThisNode() {
  try {
    createRequire(join(root, 'package.json'))('raw-socket');
    return true;
  } catch {
    return false;
  }
}

function npmPackagesAreThere() {
  const installed = modified(join(root, 'node_modules/.package-lock.json'));
  return installed > 0 && installed >= modified(join(root, 'package-lock.json')) && compiledForThisNode();
}

function installNpmPackages() {
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, 'include/node/node.h'));
  const env = headers ? { ...process.env, npm_config_nodedir: prefix } : process.env;
  say(`npm ci${headers ? '' : ` (Node's headers are not in ${prefix}/include/node: node-gyp will fetch them)`}`);
  try {
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], env);
  } catch (error) {
    if (headers || !(error instanceof SetupError)) throw error;
    throw new SetupError(
      `${error.message}\n  raw-socket is compiled against Node's headers, and this Node came without them. Install Node with its\n` +
        '  headers (nodejs.org archive or NodeSource package: included; Debian nodejs: the package libnode-dev).',
    );
  }
  if (!compiledForThisNode()) throw new SetupError('npm ci ended well, but raw-socket does not load (are install scripts switched off?)');
}

function ensureBuild() {
  const stamp = join(root, 'dist/.built');
  const sources = Math.max(newestIn(join(root, 'src')), modified(join(root, 'tsconfig.json')), modified(join(root, 'package.json')));
  if (modified(stamp) >= sources) return;
  say('npm run build');
  const started = new Date();
  run('npm', ['run', '--silent', 'build']);
  writeFileSync(stamp, started.toISOString());
}

function packagesFor(name) {
  if (name === 'lab') return lab;
  if (name === 'bench') return { ...lab, ...others };
  return process.env.TANDEM_TIERS === 'pure' ? pure : { ...lab, ...others, ...traffic, ...pure };
}

function main([name = '', ...parameters]) {
  const thing = Object.hasOwn(things, name) ? things[name] : undefined;
  if (!thing) {
    process.stderr.write('usage: node src/lab/setup.mjs test|bench|lab [argument ...]\n');
    return 2;
  }
  checkNode();
  const installNpm = !npmPackagesAreThere();
  ensureDebianPackages({ ...packagesFor(name), ...(installNpm ? compiler : {}) });
  if (installNpm) installNpmPackages();
  if (name === 'test') ensureSamples();
  ensureBuild();
  // An interrupt from the terminal reaches the thing too: it decides what to do, this waits for it.
  const child = spawnSync(process.execPath, [...thing, ...parameters], { cwd: root, stdio: 'inherit' });
  if (child.error) throw new SetupError(child.error.message);
  return child.status ?? 1;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
