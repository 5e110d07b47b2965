/**
 * What a tier of tests needs. Called at the top of a file of that tier: where the machine lacks it the file fails and says
 * why, in CI and elsewhere alike. `TANDEM_TIERS=pure npm test` leaves those tiers out (see vitest.config.ts).
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { kernelImage, root } from '../src/lab/lab.js';

class TierError extends Error {
  override readonly name = 'TierError';
  constructor(readonly code: 'network' | 'lab', reason: string) {
    super(`the ${code} tier of the tests cannot run: ${reason} (TANDEM_TIERS=pure leaves it out)`);
  }
}

/** test/network: real sockets in network namespaces of this machine's own kernel. */
export function requireNetworkNamespaces(): void {
  if (process.getuid?.() !== 0) throw new TierError('network', 'it needs root');
  const { error, stderr } = spawnSync('unshare', ['--net', 'ip', 'link', 'add', 'tandem0', 'type', 'veth'], { encoding: 'utf8' });
  if (error !== undefined) throw new TierError('network', error.message);
  if (stderr !== '') throw new TierError('network', `no network namespace can be made: ${stderr.trim()}`);
}

/** test/lab: the lab kernel. */
export function requireLab(): void {
  if (!existsSync(kernelImage)) throw new TierError('lab', `no ${kernelImage}: install Debian's package user-mode-linux`);
  if (!existsSync(`${root}dist/lab/inside/agent.js`)) throw new TierError('lab', 'dist/ is missing: npm run build');
}
