/** Addresses of the static section: set, put back when someone else deletes them, taken away at the end. */
import type { VirtualAddress } from '../config/model.js';
import { counted, event, type Report } from '../control/event.js';
import type { InstanceStatus } from '../control/status.js';
import type { QuietConditions } from '../control/quiet-conditions.js';
import type { OwnedAddress } from '../supervisor/messages.js';
import { type AddressHolder, describeAddress, sameAddress } from './address-holder.js';

/** as virtual addresses are */
const repairMilliseconds = 20;

export class StaticAddresses {
  private wanted: readonly VirtualAddress[] = [];
  /** were there before us and nobody recorded them as ours: not to be taken away */
  private readonly foreign = new Set<string>();
  /** known to be missing */
  private lost = new Set<string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly holder: Pick<AddressHolder, 'add' | 'remove' | 'isHeld'>,
    private readonly conditions: QuietConditions,
    private readonly report: Report,
  ) {}

  /** Those that are there already and not ours. */
  get notOurs(): readonly VirtualAddress[] {
    return this.wanted.filter((address) => this.foreign.has(describeAddress(address)));
  }

  /** Only what differs is touched. Removed ones that are recorded as ours the engine takes away with what else is stale. */
  async configure(addresses: readonly VirtualAddress[], owned: readonly OwnedAddress[]): Promise<void> {
    const before = new Map(this.wanted.map((address) => [describeAddress(address), address]));
    const recorded = new Set(owned.map(describeAddress));
    this.wanted = addresses;
    const differing: VirtualAddress[] = [];
    const news: VirtualAddress[] = [];
    for (const address of addresses) {
      const key = describeAddress(address);
      const known = before.get(key);
      if (known && sameAddress(known, address)) continue;
      if (known) differing.push(address);
      else if (this.holder.isHeld(address) && !recorded.has(key)) this.foreign.add(key);
      if (known || !this.holder.isHeld(address)) news.push(address);
    }
    if (differing.length > 0) await this.holder.remove(differing);
    if (news.length > 0) await this.add(news, 'set');
  }

  /** Something changed on the host's interfaces: what is missing goes back. */
  repair(): void {
    if (this.wanted.length === 0) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.putBack();
    }, repairMilliseconds);
  }

  status(): InstanceStatus['virtual_addresses'] {
    return this.wanted.map((address) => ({ address: `${address.address}/${address.prefixLength}`, interface: address.interface, held: this.holder.isHeld(address) }));
  }

  async end(): Promise<void> {
    clearTimeout(this.timer);
    const ours = this.wanted.filter((address) => !this.foreign.has(describeAddress(address)));
    this.wanted = [];
    if (ours.length === 0) return;
    const { changed, failures } = await this.holder.remove(ours);
    this.report(event('info', `static: released ${counted(changed, 'address', 'addresses')}`));
    for (const failure of failures) this.report(event('error', `static: ${failure} could not be removed`));
  }

  private putBack(): void {
    const missing = this.wanted.filter((address) => !this.holder.isHeld(address));
    const news = missing.filter((address) => !this.lost.has(describeAddress(address)));
    this.lost = new Set(missing.map(describeAddress));
    if (missing.length === 0) return;
    if (news.length > 0) {
      const names = news.map(describeAddress).join(', ');
      this.conditions.note(
        `static addresses ${names}`,
        () => event('warn', `static: someone else deleted ${names}, or its interface went`),
        (count, duration) => event('warn', `static: ${names} was deleted ${count} times, put back each time`, { seconds: Math.round(duration / 1000) }),
      );
    }
    void this.add(missing, 'put back');
  }

  private async add(addresses: readonly VirtualAddress[], verb: 'set' | 'put back'): Promise<void> {
    const { changed, failures } = await this.holder.add(addresses);
    // ours from here on
    for (const address of addresses) this.foreign.delete(describeAddress(address));
    if (changed > 0) this.report(event('info', `static: ${verb} ${counted(changed, 'address', 'addresses')}`));
    for (const failure of failures) {
      for (const address of addresses) if (failure.startsWith(`${describeAddress(address)}:`)) this.lost.add(describeAddress(address));
      this.conditions.note(
        `static ${failure}`,
        () => event('error', `static: address could not be added: ${failure}`),
        (count) => event('info', `static: ${failure}: not so any more, after ${count} times`),
      );
    }
  }
}
