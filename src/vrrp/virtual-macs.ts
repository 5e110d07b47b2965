/** The interfaces of virtual MAC addresses: made before an instance takes part, up only while it is MASTER, gone at the end. */
import type { InstanceConfiguration } from '../config/model.js';
import { event, type Report } from '../control/event.js';
import { inWords } from '../control/in-words.js';
import { type Family, familyOf, isLinkLocal } from '../network/ip-address.js';
import { aliasSetting, hardwareAddressOf, linkDeletion, linkDeletions, linkLocalRoute, linkState, MACVLAN_MODE_VEPA, macvlanCreation, noGeneratedAddress } from '../network/macvlan.js';
import type { NetworkMonitor } from '../network/monitor.js';
import { NetlinkChannel, type NetlinkMessage } from '../network/netlink-channel.js';
import type { Link } from '../network/rtnetlink.js';
import { VirtualMacSettings } from '../network/virtual-mac-settings.js';
import { instanceEvent } from './log.js';

/** begins the alias of an interface that is ours; what the settings were follows */
const mark = 'tandem';

type Own = InstanceConfiguration & { readonly virtualMac: NonNullable<InstanceConfiguration['virtualMac']> };
const hasVirtualMac = (configuration: InstanceConfiguration): configuration is Own => configuration.virtualMac !== undefined;

const settledFor = (families: ReadonlySet<Family>): string => [...families].sort().join();
const familiesOf = (settled: string): ReadonlySet<Family> => new Set((['ipv4', 'ipv6'] as const).filter((family) => settled.includes(family)));

const isOurs = ({ macvlan }: Link): boolean => macvlan !== undefined && (macvlan.alias === mark || macvlan.alias.startsWith(`${mark} `));

/** Why the kernel would not make it, in words. */
const refusal = (code: string, { interface: below, virtualMac }: Own): string => {
  const known: Readonly<Record<string, string>> = {
    EPERM: 'CAP_NET_ADMIN is needed',
    EOPNOTSUPP: 'the kernel has no macvlan: load the module macvlan',
    EBUSY: `${below} has another use, as a bridge's port has, or there is this hardware address already`,
    EEXIST: `there is an interface ${virtualMac.interface} already`,
    EINVAL: `${below} is no interface that can carry a macvlan`,
  };
  return `the interface ${virtualMac.interface} of the virtual MAC cannot be made on ${below}: ${known[code] ?? code}`;
};

export class VirtualMacs {
  private readonly channel = NetlinkChannel.open('route');
  private readonly settings = new VirtualMacSettings();
  /** being made; by name of the interface */
  private readonly making = new Map<string, Promise<void>>();
  private readonly failures = new Map<string, string>();
  /** made or taken over -> the interface below, its own index, and the families that it is set up for */
  private readonly made = new Map<string, { readonly below: string; readonly index: number; readonly lower: number; readonly settled: string }>();
  /** of an earlier run, by its record */
  private recorded: ReadonlySet<string> = new Set();

  constructor(
    private readonly monitor: NetworkMonitor,
    private readonly report: Report,
    /** the interface of this name could be made, or could not */
    private readonly onMade: (name: string) => void,
  ) {}

  /** Makes those that are missing, as far as the interfaces below are there. What fails is told by `fault`. */
  async prepare(configurations: readonly InstanceConfiguration[], recorded: readonly string[]): Promise<void> {
    this.recorded = new Set([...this.recorded, ...recorded]);
    for (const configuration of configurations.filter(hasVirtualMac)) {
      const below = this.monitor.link(configuration.interface);
      if (below) this.failures.delete(configuration.virtualMac.interface);
      if (below) this.look(configuration, below);
    }
    await Promise.all(this.making.values());
  }

  /**
   * What keeps the instance from having its virtual MAC, in words; it is made where it is missing.
   * @param holding a MASTER goes on while it is made anew
   */
  fault(configuration: InstanceConfiguration, below: Link, holding: boolean): string | undefined {
    if (!hasVirtualMac(configuration)) return undefined;
    const { interface: name } = configuration.virtualMac;
    if (!this.making.has(name) && !this.failures.has(name)) this.look(configuration, below);
    const failure = this.failures.get(name);
    if (failure !== undefined) return failure;
    return this.making.has(name) && !holding ? `the interface ${name} of the virtual MAC is being made` : undefined;
  }

  /** Forgets what failed: the next look tries again. */
  retry(name: string): void {
    this.failures.delete(name);
  }

  /** Makes the settings again, which others may have changed (systemd-sysctl does at every new interface), and tries again what failed. */
  audit(): void {
    this.failures.clear();
    for (const [name, { settled }] of this.made) {
      const link = this.monitor.link(name);
      if (link && isOurs(link) && !this.making.has(name)) this.takeOver(link, familiesOf(settled));
    }
  }

  /** Takes part from now on: before the addresses go on it. */
  raise({ configuration }: { readonly configuration: InstanceConfiguration }): void {
    const index = this.indexOf(configuration);
    if (index === undefined) return;
    const { virtualAddresses, virtualMac } = configuration;
    const local = virtualAddresses.some(({ address, interface: name }) => name === virtualMac?.interface && isLinkLocal(address));
    this.carryOut([linkState(index, 'up'), ...(local ? [linkLocalRoute(index)] : [])], 'raised', configuration);
  }

  /** Nothing answers with the virtual MAC any more, whatever a switch still sends here (RFC 9568, 6.4.2). */
  lower({ configuration }: { readonly configuration: InstanceConfiguration }): void {
    const index = this.indexOf(configuration);
    if (index !== undefined) this.carryOut([linkState(index, 'down')], 'lowered', configuration);
  }

  /** Removes those of ours that no instance needs any more. */
  async retain(configurations: readonly InstanceConfiguration[]): Promise<void> {
    const needed = new Set(configurations.filter(hasVirtualMac).map(({ virtualMac }) => virtualMac.interface));
    const gone = [...new Set([...this.made.keys(), ...this.recorded])].filter((name) => !needed.has(name));
    this.recorded = new Set([...this.recorded].filter((name) => needed.has(name)));
    const links = gone.flatMap((name) => {
      const link = this.monitor.link(name);
      return link && isOurs(link) ? [link] : [];
    });
    // what an earlier run remembered is put back as well
    for (const link of links) if (!this.made.has(link.name)) this.takeOver(link, new Set());
    const refused = links.length === 0 ? [] : await this.channel.batch(linkDeletions(links.map(({ index }) => index)));
    const [failure] = refused.filter(({ code }) => code !== 'ENODEV');
    if (failure) this.report(event('warn', `the interfaces ${links.map(({ name }) => name).join(', ')} of virtual MACs could not all be removed: ${failure.code}`));
    for (const name of gone) this.forget(name);
  }

  async close(): Promise<void> {
    await Promise.all(this.making.values());
    await this.retain([]);
    this.channel.close();
  }

  /** Its index when it was ours and is gone. */
  vanished(name: string): number | undefined {
    return this.monitor.link(name) ? undefined : this.made.get(name)?.index;
  }

  // --- how it is made -------------------------------------------------------------------------------------------

  /** What is there is taken over when it is ours and right, and made when it is not there. */
  private look(configuration: Own, below: Link): void {
    const { interface: name, address } = configuration.virtualMac;
    const there = this.monitor.link(name);
    if (there && !isOurs(there)) {
      this.failures.set(name, `there is an interface ${name} already that tandem did not make: remove it (ip link del ${name}), or give virtual_mac: { interface: another name }`);
      return;
    }
    const right = there?.macvlan?.lower === below.index && there.macvlan.mode === MACVLAN_MODE_VEPA && there.hardwareAddress.equals(hardwareAddressOf(address));
    const families = new Set(configuration.virtualAddresses.filter(({ interface: carrier }) => carrier === name).map((entry) => familyOf(entry.address)));
    if (there && right) {
      const known = this.made.get(name);
      if (known?.index !== there.index || known.settled !== settledFor(families)) this.adopt(there, families);
      return;
    }
    const work = this.make(configuration, below, there, families).finally(() => {
      this.making.delete(name);
      this.onMade(name);
    });
    this.making.set(name, work);
  }

  private async make(configuration: Own, below: Link, wrong: Link | undefined, families: ReadonlySet<Family>): Promise<void> {
    const { interface: name, address } = configuration.virtualMac;
    const before = this.made.get(name);
    if (wrong) {
      await this.channel.batch([linkDeletion(wrong.index)]);
      this.forget(name);
    }
    const refused = await this.channel.batch([macvlanCreation(name, below.index, address), aliasSetting(name, mark), noGeneratedAddress(name)]);
    const creation = refused.find(({ index }) => index === 0);
    if (creation) {
      this.failures.set(name, refusal(creation.code, configuration));
      return;
    }
    await this.monitor.refresh(); // the mirror must know its mark
    const link = this.monitor.link(name);
    if (link) this.adopt(link, families);
    // with the interface below it goes as well
    const deleted = before?.lower === below.index && !wrong;
    const sentence = deleted ? `someone else deleted the interface ${name} of the virtual MAC: made again` : `made the interface ${name} with the virtual MAC ${address}`;
    this.report(instanceEvent(deleted ? 'warn' : 'info', configuration, sentence, { interface: configuration.interface }));
  }

  private adopt(link: Link, families: ReadonlySet<Family>): void {
    const told = this.takeOver(link, families);
    if (told !== undefined) this.report(event('info', told, { interface: link.name }));
  }

  private takeOver(link: Link, families: ReadonlySet<Family>): string | undefined {
    const { name, index, macvlan } = link;
    const lower = macvlan?.lower ?? 0;
    const below = this.monitor.nameOf(lower);
    try {
      const { memory, told } = this.settings.make(name, below, families, macvlan?.alias.slice(mark.length));
      const alias = memory === '' ? mark : `${mark} ${memory}`;
      if (alias !== macvlan?.alias) void this.channel.batch([aliasSetting(name, alias)]).catch((error: unknown) => this.report(event('warn', `${name} could not be marked: ${inWords(error)}`)));
      this.made.set(name, { below, index, lower, settled: settledFor(families) });
      this.failures.delete(name);
      return told;
    } catch (error) {
      this.made.set(name, { below, index, lower, settled: '' });
      this.failures.set(name, inWords(error));
      return undefined;
    }
  }

  private forget(name: string): void {
    const known = this.made.get(name);
    if (known) this.settings.release(name, known.below);
    this.made.delete(name);
    this.failures.delete(name);
  }

  private indexOf({ virtualMac }: InstanceConfiguration): number | undefined {
    const link = virtualMac && this.monitor.link(virtualMac.interface);
    return link && isOurs(link) ? link.index : undefined;
  }

  private carryOut(messages: readonly NetlinkMessage[], verb: string, configuration: InstanceConfiguration): void {
    const name = configuration.virtualMac?.interface ?? '';
    this.channel.batch(messages).then(
      (refused) => {
        const [failure] = refused.filter(({ code }) => code !== 'ENODEV');
        if (failure) this.report(instanceEvent('error', configuration, `the interface ${name} of the virtual MAC could not be ${verb}: ${failure.code}`));
      },
      (error: unknown) => this.report(instanceEvent('error', configuration, `the interface ${name} of the virtual MAC could not be ${verb}: ${inWords(error)}`)),
    );
  }
}
