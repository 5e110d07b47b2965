/** Routes and rules: those of a master and the static ones, put back when they go, and those that are tracked. */
import type { RoutingConfiguration, StaticConfiguration, TrackedRoute } from '../config/routing-model.js';
import { describeTrackedRoute } from '../config/routing-words.js';
import type { VrrpConfiguration } from '../config/model.js';
import { event, type Report } from '../control/event.js';
import { inWords } from '../control/in-words.js';
import type { QuietConditions } from '../control/quiet-conditions.js';
import type { HeldStatus } from '../control/status.js';
import type { LogEvent } from '../supervisor/messages.js';
import type { Family } from '../network/ip-address.js';
import type { NetworkChange } from '../network/monitor.js';
import { isUnicast, type KernelRoute } from '../network/route.js';
import { RouteMonitor, type RoutingNotification } from '../network/route-monitor.js';
import type { Link } from '../network/rtnetlink.js';
import { toMilliseconds } from '../time/microseconds.js';
import { trackKey, type TrackResult } from '../track/trackers.js';
import type { Instance } from './instance.js';
import { instanceEvent } from './log.js';
import { countedItems, itemsOf, routeItem, type RoutingItem, ruleItem } from './routing-item.js';
import { RoutingHolder, type RoutingOutcome } from './routing-holder.js';

/** longer than addresses that someone deletes take to be put back: a route's source may be one of them */
const lookMilliseconds = 30;

export interface RoutingSurroundings {
  readonly link: (name: string) => Link | undefined;
  readonly conditions: QuietConditions;
  readonly report: Report;
  /** a tracked route came or went */
  readonly onTracked: () => void;
}

/** Who wants what to be there now: a master, or the static section. */
interface Owner {
  readonly instance: Instance | undefined;
  items: readonly RoutingItem[];
  /** keys of those that are known to be missing */
  lost: ReadonlySet<string>;
  /** keys of those that are on their way into the kernel */
  readonly coming: Set<string>;
}

const ownerOf = (instance: Instance | undefined, items: readonly RoutingItem[] = []): Owner => ({ instance, items, lost: new Set(), coming: new Set() });

const staticOwner = Symbol('static');
const nothing: RoutingConfiguration = { routes: [], rules: [] };
const someOf = (texts: readonly string[]): string => `${texts.slice(0, 5).join(', ')}${texts.length > 5 ? ` and ${texts.length - 5} more` : ''}`;

/** Of an instance, whether it holds them or not. */
const itemsOfInstance = ({ configuration: { virtualRoutes = [], virtualRules = [] } }: Pick<Instance, 'configuration'>): readonly RoutingItem[] => itemsOf({ routes: virtualRoutes, rules: virtualRules });
const trackedIn = ({ instances, syncGroups }: VrrpConfiguration): readonly TrackedRoute[] => [...instances, ...syncGroups].flatMap(({ track }) => track?.routes ?? []);

export class Routing {
  private readonly owners = new Map<string | typeof staticOwner, Owner>();
  private readonly monitor = new RouteMonitor((notification) => this.notified(notification));
  private readonly indexOf = (name: string): number | undefined => this.surroundings.link(name)?.index;
  private readonly holder = new RoutingHolder(this.monitor, this.indexOf);
  private readonly running = new Set<Promise<void>>();
  private tracked: readonly TrackedRoute[] = [];
  /** keys of wanted ones that the kernel said were deleted */
  private deleted = new Set<string>();
  /** addresses that went since the last look: the routes whose source they are went with them */
  private addressesGone = new Set<string>();
  private verdicts = '';
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(private readonly surroundings: RoutingSurroundings) {}

  /** A configuration is about to be put in force: reads what is there, and sets the static ones. `sweep` follows. */
  async begin(vrrp: VrrpConfiguration, owned: RoutingConfiguration): Promise<void> {
    // until the trackers have changed too, those of before are asked for
    this.watch([...trackedIn(vrrp), ...this.tracked], [...this.wantedBy(vrrp), ...itemsOf(owned), ...[...this.owners.values()].flatMap(({ items }) => items)]);
    await this.look();
    this.setStatic(vrrp.static);
  }

  /** Takes out what an earlier configuration or run of ours left and nobody wants now. */
  sweep(vrrp: VrrpConfiguration, owned: RoutingConfiguration): void {
    this.watch(trackedIn(vrrp), [...this.wantedBy(vrrp), ...itemsOf(owned)]);
    const wanted = new Set(this.wantedBy(vrrp).map(({ key }) => key));
    const stale = itemsOf(owned).filter((item) => !wanted.has(item.key) && this.holder.isHeld(item));
    if (stale.length === 0) return;
    this.run(this.holder.remove(stale));
    this.surroundings.report(event('info', `removed ${countedItems(stale)} of an earlier configuration: ${someOf(stale.map(({ text }) => text))}`));
  }

  /** After the addresses, see Holdings.hold. */
  hold(instance: Instance): void {
    const items = itemsOfInstance(instance);
    if (items.length === 0) return;
    const owner = ownerOf(instance);
    this.owners.set(instance.name, owner);
    setImmediate(() => {
      if (this.owners.get(instance.name) !== owner) return;
      owner.items = items;
      this.run(this.add(owner, items, 'holding'));
    });
  }

  /** Before the addresses: also what an earlier run left. */
  release(instance: Instance): void {
    const owner = this.owners.get(instance.name) ?? ownerOf(instance, itemsOfInstance(instance));
    const holds = this.owners.delete(instance.name) && owner.items.length > 0;
    const items = holds ? owner.items : itemsOfInstance(instance).filter((item) => this.holder.isHeld(item));
    if (items.length > 0) this.run(this.remove(owner, items));
  }

  /** Its configuration has changed: while it holds, these go, those come. */
  exchange(instance: Instance): void {
    if (!instance.holding) return;
    const owner = this.owners.get(instance.name) ?? ownerOf(instance);
    this.owners.set(instance.name, owner);
    this.exchangeItems(owner, itemsOfInstance(instance));
  }

  /** Links or addresses changed: the kernel drops IPv4 routes with them without a word, and takes back others. */
  networkChanged(change?: NetworkChange): void {
    if (this.owners.size === 0 && this.tracked.length === 0) return;
    if (change?.type === 'address_removed') this.addressesGone.add(change.address.address);
    this.schedule();
  }

  audit(): void {
    this.networkChanged();
  }

  /** Of a tracked route; undefined for the key of another tracker. */
  result(key: string): TrackResult | undefined {
    const target = this.tracked.find((route) => trackKey('route', describeTrackedRoute(route)) === key);
    if (!target) return undefined;
    const isThere = this.holder.kernel.tracked.some((route) => this.isTarget(target, route));
    return { key, verdict: isThere ? 'up' : 'down', detail: isThere ? 'is there' : 'is missing' };
  }

  /** Of an instance: each with what it is called and whether it is there. */
  status({ configuration: { virtualRoutes, virtualRules } }: Instance): { readonly virtual_routes?: readonly HeldStatus[]; readonly virtual_rules?: readonly HeldStatus[] } {
    return {
      ...(virtualRoutes && { virtual_routes: virtualRoutes.map((route) => this.heldStatus(routeItem(route))) }),
      ...(virtualRules && { virtual_rules: virtualRules.map((rule) => this.heldStatus(ruleItem(rule))) }),
    };
  }

  staticStatus({ routes, rules }: StaticConfiguration): { readonly routes: readonly HeldStatus[]; readonly rules: readonly HeldStatus[] } {
    return { routes: routes.map((route) => this.heldStatus(routeItem(route))), rules: rules.map((rule) => this.heldStatus(ruleItem(rule))) };
  }

  /** Takes the static ones out: the instances have released theirs. */
  end(): void {
    this.setStatic(undefined);
  }

  /** Resolves when the kernel has answered everything. */
  async settled(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.monitor.close();
    this.holder.close();
  }

  private watch(tracked: readonly TrackedRoute[], items: readonly RoutingItem[]): void {
    this.tracked = tracked;
    this.monitor.watch({ families: new Set<Family>([...items, ...tracked].map(({ family }) => family)), tracked, places: new Set(items.map(({ place }) => place)) });
  }

  private heldStatus(item: RoutingItem): HeldStatus {
    return { name: item.text.slice(item.kind.length + 1), held: this.holder.isHeld(item) };
  }

  private wantedBy({ instances, static: fixed = { ...nothing, addresses: [] } }: VrrpConfiguration): readonly RoutingItem[] {
    return [...instances.flatMap((configuration) => itemsOfInstance({ configuration })), ...itemsOf(fixed)];
  }

  private setStatic(fixed: StaticConfiguration | undefined): void {
    const known = this.owners.get(staticOwner);
    if (!known && !fixed) return;
    const owner = known ?? ownerOf(undefined);
    this.owners.set(staticOwner, owner);
    this.exchangeItems(owner, itemsOf(fixed ?? nothing));
    if (!fixed) this.owners.delete(staticOwner);
  }

  private exchangeItems(owner: Owner, items: readonly RoutingItem[]): void {
    const [was, is] = [new Set(owner.items.map(({ key }) => key)), new Set(items.map(({ key }) => key))];
    const removed = owner.items.filter(({ key }) => !is.has(key));
    const added = items.filter(({ key }) => !was.has(key));
    owner.items = items;
    if (removed.length > 0) this.run(this.remove(owner, removed));
    if (added.length > 0) this.run(this.add(owner, added, owner.instance ? 'added' : 'set'));
  }

  private notified(notification: RoutingNotification): void {
    for (const { items } of this.owners.values()) for (const item of items) if (item.isDeletedBy(notification)) this.deleted.add(item.key);
    this.schedule();
  }

  private schedule(): void {
    if (this.closed) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.look();
    }, lookMilliseconds);
  }

  private async look(): Promise<void> {
    try {
      await this.holder.read();
    } catch (error) {
      if (!this.closed) {
        const sentence = `routes and rules could not be read: ${inWords(error)}`;
        this.surroundings.conditions.note(sentence, () => event('warn', sentence), (count) => event('info', 'routes and rules can be read again', { failures: count }));
      }
      return;
    }
    if (this.closed) return;
    for (const owner of this.owners.values()) this.repair(owner);
    this.deleted = new Set();
    this.addressesGone = new Set();
    const verdicts = this.tracked.map((route) => this.result(trackKey('route', describeTrackedRoute(route)))?.verdict).join();
    if (verdicts === this.verdicts) return;
    this.verdicts = verdicts;
    this.surroundings.onTracked();
  }

  private isTarget({ family, destination, table, via, interface: name }: TrackedRoute, route: KernelRoute): boolean {
    if (route.family !== family || route.destination !== destination || route.table !== table || !isUnicast(route)) return false;
    return route.nextHops.some((hop) => !hop.dead && (via === undefined || hop.via === via) && (name === undefined || hop.index === this.indexOf(name)));
  }

  // --- putting back ---------------------------------------------------------------------------------------------

  private repair(owner: Owner): void {
    const missing = owner.items.filter((item) => !this.holder.isHeld(item) && !owner.coming.has(item.key));
    const news = missing.filter(({ key }) => !owner.lost.has(key));
    owner.lost = new Set(missing.map(({ key }) => key));
    const isDown = (name: string): boolean => !this.surroundings.link(name)?.up;
    const deleted = news.filter(({ key, interfaces, source }) => this.deleted.has(key) && !interfaces.some(isDown) && !(source !== undefined && this.addressesGone.has(source)));
    const vanished = news.filter((item) => !deleted.includes(item));
    if (deleted.length > 0) this.noteLoss(owner, deleted, 'deleted', `someone else deleted ${someOf(deleted.map(({ text }) => text))}${owner.instance ? ' while we are MASTER' : ''}`);
    if (vanished.length > 0) this.noteLoss(owner, vanished, 'vanished', `${someOf(vanished.map(({ text }) => text))} went with its interface or address`);
    const possible = missing.filter(({ interfaces }) => !interfaces.some(isDown));
    if (possible.length > 0) this.run(this.add(owner, possible, 'put back'));
  }

  private noteLoss(owner: Owner, items: readonly RoutingItem[], what: string, sentence: string): void {
    const name = owner.instance?.name ?? '';
    this.surroundings.conditions.note(
      `routing ${what} ${name} ${items[0]?.text ?? ''}`,
      () => this.event(owner, 'warn', sentence),
      (count, duration) => this.event(owner, 'warn', `${someOf(items.map(({ text }) => text))} was ${what === 'deleted' ? 'deleted by someone else' : 'gone'} ${count} times, put back each time`, { seconds: Math.round(duration / 1000) }),
    );
  }

  private async add(owner: Owner, items: readonly RoutingItem[], verb: 'holding' | 'added' | 'set' | 'put back'): Promise<void> {
    for (const { key } of items) owner.coming.add(key);
    const outcome = await this.holder.add(items);
    const { changed, failures } = outcome;
    const failed = new Set(failures.map(({ item }) => item.key));
    const done = new Set(changed.map(({ key }) => key));
    owner.lost = new Set([...[...owner.lost].filter((key) => !done.has(key)), ...failed]);
    if (changed.length > 0) {
      if (verb === 'put back') owner.instance?.count('routes_put_back', changed.length);
      this.surroundings.report(this.event(owner, 'info', `${verb} ${countedItems(changed)}`, this.time(outcome)));
    }
    if (failures.length > 0) owner.instance?.count('route_errors', failures.length);
    for (const { item, reason } of failures) {
      this.surroundings.conditions.note(
        `routing refused ${owner.instance?.name ?? ''} ${item.text} ${reason}`,
        () => this.event(owner, 'error', `${item.text} could not be added: ${reason}`),
        (count, duration) => this.event(owner, 'info', `${item.text} is not refused any more, after ${count} times`, { seconds: Math.round(duration / 1000) }),
      );
    }
    await this.readAgain();
    for (const { key } of items) owner.coming.delete(key);
  }

  private async remove(owner: Owner, items: readonly RoutingItem[]): Promise<void> {
    const outcome = await this.holder.remove(items);
    if (outcome.changed.length > 0) this.surroundings.report(this.event(owner, 'info', `released ${countedItems(outcome.changed)}`, this.time(outcome)));
    for (const { item, reason } of outcome.failures) this.surroundings.report(this.event(owner, 'error', `${item.text} could not be removed: ${reason}`));
    await this.readAgain();
  }

  /** For status: what we did ourselves needs no judgement. */
  private async readAgain(): Promise<void> {
    if (!this.closed) await this.holder.read().catch(() => this.schedule());
  }

  private time({ duration }: RoutingOutcome): LogEvent['fields'] {
    return { routes_ms: Math.round(10 * toMilliseconds(duration)) / 10 };
  }

  private event({ instance }: Owner, level: LogEvent['level'], sentence: string, fields: LogEvent['fields'] = {}): LogEvent {
    return instance ? instanceEvent(level, instance.configuration, sentence, fields) : event(level, `static: ${sentence}`, fields);
  }

  private run(work: Promise<unknown>): void {
    const settled = work.then(
      () => undefined,
      (error: unknown) => {
        if (!this.closed) this.surroundings.report(event('error', `routes and rules could not be changed: ${inWords(error)}`));
      },
    );
    this.running.add(settled);
    void settled.finally(() => this.running.delete(settled));
  }
}
