/** What a configuration needs of the host before it is in force, and what goes at the end: kernel modules, firewall rules, settings. */
import { existsSync } from 'node:fs';
import type { Configuration } from '../config/model.js';
import { atStop } from '../config/on-stop.js';
import { event, type Report } from '../control/event.js';
import type { ChainPlace } from '../network/firewall-chain.js';
import { ChainKeeper } from './chain-keeper.js';
import { belongsToSettings, belongsToTable, chainsOf, withoutChain } from './chains.js';
import { HostSettings } from './host-settings.js';
import { loadModules } from './modules.js';
import { modulesOf } from './service-chains.js';

export class HostPreparation {
  private readonly chains: ChainKeeper;
  private readonly settings: HostSettings;
  private configuration: Configuration | undefined;

  constructor(
    runtimeDirectory: string,
    private readonly report: Report,
  ) {
    this.chains = new ChainKeeper(report, withoutChain);
    this.settings = new HostSettings(runtimeDirectory, report);
  }

  /** @param owned the chains that an earlier configuration or run may have made. @returns what of them and of ours is there now */
  async configure(configuration: Configuration, owned: readonly ChainPlace[]): Promise<readonly ChainPlace[]> {
    this.configuration = configuration;
    const modules = modulesOf(configuration.virtualServers).filter((name) => !existsSync(`/sys/module/${name}`));
    const failed = modules.length === 0 ? undefined : await loadModules(configuration.ipvs.modprobe, modules);
    if (failed !== undefined) this.report(event('error', `fullnat needs the kernel modules ${modules.join(', ')}: ${failed}`));
    else if (modules.length > 0) this.report(event('info', `loaded the kernel modules ${modules.join(', ')}`));
    await this.settings.configure(configuration);
    return this.chains.configure(chainsOf(configuration), owned);
  }

  /** A table that is kept keeps its rules; where no addresses were released, traffic goes on through it, and the settings stay too. @returns the chains that are left */
  async stop(owned: readonly ChainPlace[]): Promise<readonly ChainPlace[]> {
    const { configuration } = this;
    const stop = configuration && atStop(configuration);
    const kept = stop?.table === 'keep';
    const goesOn = kept && configuration?.vrrp.instances.length === 0;
    if (!goesOn) await this.settings.stop();
    const stays = (place: ChainPlace): boolean => (kept && belongsToTable(place)) || (goesOn && belongsToSettings(place));
    // the rules of what goes go with it
    const left = stop && kept && stop.going.length > 0 ? await this.chains.configure(chainsOf({ ...configuration, virtualServers: stop.staying }).filter(stays), owned) : owned;
    return this.chains.stop(left, stays);
  }
}
