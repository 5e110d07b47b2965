/** Does the steps of a plan, in order, until one fails. */
import { writeFileSync } from 'node:fs';
import { inWords } from '../control/in-words.js';
import type { Arptables } from '../network/arptables.js';
import { fouPortClosing, guePortOpening } from '../network/fou.js';
import { linkDeletion, linkState } from '../network/macvlan.js';
import { NetlinkChannel, type NetlinkMessage } from '../network/netlink-channel.js';
import { addressAddition, addressDeletion, decodeLink, linkDump } from '../network/rtnetlink.js';
import { tunnelCreation } from '../network/tunnel-link.js';
import { loadModules } from '../supervisor/modules.js';
import { RealServerError } from './error.js';
import { fouFamily } from './host.js';
import { describeStep, type Step } from './step.js';

const refused = (step: Step, why: string, cause?: unknown): RealServerError =>
  new RealServerError('REFUSED', `could not ${describeStep(step).split('\n')[0] ?? ''}: ${why}`, cause === undefined ? undefined : { cause });

/** What the kernel means by it here. */
const reasonOf = (step: Step, code: string): string => {
  const ipv6 = step.kind === 'add_address' && step.place.address.includes(':');
  if (code === 'EPERM') return 'not permitted, CAP_NET_ADMIN is needed';
  if (ipv6 && (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'EOPNOTSUPP')) return `${code}: IPv6 is switched off there (net.ipv6.conf.${step.place.device}.disable_ipv6)`;
  if (code === 'EOPNOTSUPP') return 'EOPNOTSUPP: the kernel has no such device or protocol, and no module for it could be loaded';
  if (code === 'EADDRINUSE' || code === 'EALREADY') return `${code}: another program has the port`;
  return code;
};

export class Doer {
  private readonly channel = NetlinkChannel.open('route');
  /** of the links, by name; empty when they may have changed */
  private indexes: ReadonlyMap<string, number> = new Map();

  constructor(private readonly arptables: Arptables) {}

  /** @param done is called after each. @throws RealServerError REFUSED */
  async carryOut(steps: readonly Step[], done: (step: Step) => void): Promise<void> {
    for (const step of steps) {
      await this.one(step);
      done(step);
    }
  }

  close(): void {
    this.channel.close();
  }

  private async one(step: Step): Promise<void> {
    switch (step.kind) {
      case 'load_module': {
        const failed = await loadModules(step.command, [step.module]);
        if (failed !== undefined) throw refused(step, failed);
        return;
      }
      case 'create_device':
        return this.ask(step, tunnelCreation(step.device, step.link));
      case 'raise':
        return this.ask(step, linkState(await this.indexOf(step, step.device), 'up'));
      case 'lower':
        return this.ask(step, linkState(await this.indexOf(step, step.device), 'down'));
      case 'delete_device': {
        const index = await this.indexOf(step, step.device);
        this.indexes = new Map();
        return this.ask(step, linkDeletion(index));
      }
      case 'open_port':
      case 'close_port':
        return this.port(step);
      case 'set':
      case 'put_back':
        return this.write(step, step.path, step.value);
      case 'arp_rules':
        try {
          return await this.arptables.carryOut(step.commands);
        } catch (error) {
          throw refused(step, inWords(error), error);
        }
      case 'add_address':
      case 'remove_address': {
        const change = { ...step.place, index: await this.indexOf(step, step.place.device) };
        return this.ask(step, step.kind === 'add_address' ? addressAddition(change) : addressDeletion(change));
      }
    }
  }

  private async ask(step: Step, message: NetlinkMessage): Promise<void> {
    const [failure] = await this.channel.batch([message]);
    if (failure) throw refused(step, reasonOf(step, failure.code));
  }

  private async indexOf(step: Step, device: string): Promise<number> {
    if (!this.indexes.has(device)) this.indexes = new Map((await this.channel.dump(linkDump())).flatMap((message) => { const link = decodeLink(message); return link ? [[link.name, link.index] as const] : []; }));
    const found = this.indexes.get(device);
    if (found !== undefined) return found;
    throw refused(step, `there is no ${device}; where net.core.fb_tunnels_only_for_init_net is set, a container's network has none: load the module on the host and set it to 0`);
  }

  private async port(step: Step & { readonly kind: 'open_port' | 'close_port' }): Promise<void> {
    const channel = NetlinkChannel.open('generic');
    try {
      const family = await fouFamily(channel);
      if (family === undefined) throw refused(step, 'the kernel has no fou: load the module fou');
      const [failure] = await channel.batch([(step.kind === 'open_port' ? guePortOpening : fouPortClosing)(family, step.port)]);
      if (failure) throw refused(step, reasonOf(step, failure.code));
    } finally {
      channel.close();
    }
  }

  private write(step: Step, path: string, value: string): void {
    try {
      writeFileSync(`/proc/sys/net/${path}`, `${value}\n`);
    } catch (error) {
      throw refused(step, `${inWords(error)}; /proc/sys must be writable (ProtectKernelTunables=no in a unit), and CAP_NET_ADMIN is needed`, error);
    }
  }
}
