/** The host's settings that forwarding needs: what is missing is told, or with `system: { manage: true }` set and put back. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Configuration } from '../config/model.js';
import { event, type Report } from '../control/event.js';
import { inWords } from '../control/in-words.js';
import { type Need, needsOf, sysctlName } from '../ipvs/kernel-needs.js';
import type { HostAddress } from '../network/host-address.js';
import { hostAddresses } from '../network/host-addresses.js';
import { type ChangedSetting, SettingsRecord } from './settings-record.js';

export class HostSettings {
  private readonly record: SettingsRecord;
  private changed: readonly ChangedSetting[] | undefined;
  /** sentences that were told, until they hold no more */
  private told: ReadonlySet<string> = new Set();

  constructor(
    runtimeDirectory: string,
    private readonly report: Report,
    private readonly root = '/proc/sys/net',
    private readonly addresses: () => readonly HostAddress[] = hostAddresses,
  ) {
    this.record = new SettingsRecord(join(runtimeDirectory, 'settings.json'));
  }

  /** Looks at start and at reload; never rejects: what fails is told. */
  async configure(configuration: Pick<Configuration, 'vrrp' | 'virtualServers' | 'system'>): Promise<void> {
    const { settings, notes, redirects } = needsOf(configuration, this.addresses());
    const { manage } = configuration.system;
    const needed = new Set(manage ? settings.map(({ path }) => path) : []);
    await this.putBack(({ cause }) => !needed.has(cause));
    const present = new Map<string, string | undefined>();
    for (const path of ['ipv4/conf/all/rp_filter', 'ipv4/conf/all/accept_local', ...settings.map((need) => need.path)]) present.set(path, this.read(path));
    const warnings = [...notes, ...(manage ? [] : redirects)];
    for (const need of settings) {
      const value = present.get(need.path);
      // what the kernel does not have (yet) cannot be wrong
      if (value === undefined || need.fits(value, (path) => present.get(path))) continue;
      const problem = manage ? await this.set(need) : undefined;
      if (manage && problem === undefined) continue;
      const name = sysctlName(need.path);
      const remedy = problem === undefined ? `run sysctl -w ${name}=${need.wanted} (and put it into /etc/sysctl.d), or give system: { manage: true }` : problem;
      warnings.push(`${name} is ${value}, and should be ${need.wanted}. ${need.why}; ${remedy}`);
    }
    for (const warning of warnings) if (!this.told.has(warning)) this.report(event('warn', warning));
    this.told = new Set(warnings);
  }

  /** Puts back what was changed. */
  stop(): Promise<void> {
    return this.putBack(() => true);
  }

  /** @returns what went wrong, in words */
  private async set({ path, wanted, why }: Need): Promise<string | undefined> {
    try {
      const before = this.read(path) ?? '';
      const known = await this.load();
      const originals = new Set(known.map((setting) => setting.path));
      const more = [{ path, before, ours: wanted, cause: path }, ...this.followers(path, wanted)];
      // written first: a crash between the two leaves a record of what did not happen, and then nothing is put back
      await this.save([...known, ...more.filter((setting) => !originals.has(setting.path))]);
      this.write(path, wanted);
      this.report(event('info', `${sysctlName(path)}: ${before} -> ${wanted}, put back at the end. ${why}`));
      return undefined;
    } catch (error) {
      return `it could not be set: ${inWords(error)}; in a unit of systemd it takes ProtectKernelTunables=no`;
    }
  }

  /** What the kernel changes with it on every interface (linux/net/ipv4/devinet.c, inet_forward_change(); ipv6/addrconf.c, addrconf_fixup_forwarding()). */
  private followers(path: string, wanted: string): readonly ChangedSetting[] {
    const folder = { 'ipv4/ip_forward': 'ipv4/conf', 'ipv6/conf/all/forwarding': 'ipv6/conf' }[path];
    if (folder === undefined) return [];
    const names = readdirSync(join(this.root, folder));
    const follow = names.map((name) => ({ path: `${folder}/${name}/forwarding`, ours: wanted }));
    if (folder === 'ipv4/conf') follow.push({ path: 'ipv4/conf/all/accept_redirects', ours: wanted === '1' ? '0' : '1' });
    const found: ChangedSetting[] = []; // also what is so already: it changes when the other one is put back
    for (const setting of follow) {
      const before = this.read(setting.path);
      if (before !== undefined && setting.path !== path) found.push({ ...setting, before, cause: path });
    }
    return found;
  }

  /** As it was, except what someone else has changed since. */
  private async putBack(which: (setting: ChangedSetting) => boolean): Promise<void> {
    try {
      const known = await this.load();
      const going = known.filter(which);
      if (going.length === 0) return;
      const still: ChangedSetting[] = [];
      // looked at before anything is written: some follow others
      for (const setting of going) if (this.read(setting.path) === setting.ours) still.push(setting);
      for (const { path, before, ours, cause } of still) {
        this.write(path, before);
        if (path === cause) this.report(event('info', `${sysctlName(path)}: ${ours} -> ${before}, as it was`));
      }
      await this.save(known.filter((setting) => !which(setting)));
    } catch (error) {
      this.report(event('warn', `the host's settings could not be put back: ${inWords(error)}; what they were is in ${this.record.path}`));
    }
  }

  /** @throws Error */
  private async load(): Promise<readonly ChangedSetting[]> {
    return (this.changed ??= await this.record.load());
  }

  /** @throws Error */
  private async save(changed: readonly ChangedSetting[]): Promise<void> {
    await this.record.save(changed);
    this.changed = changed;
  }

  private read(path: string): string | undefined {
    try {
      return readFileSync(join(this.root, path), 'latin1').trim();
    } catch {
      return undefined; // the kernel has no such setting, or no such interface any more
    }
  }

  /** @throws Error */
  private write(path: string, value: string): void {
    if (this.read(path) !== value) writeFileSync(join(this.root, path), `${value}\n`);
  }
}
