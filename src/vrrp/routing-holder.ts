/** Puts routes and rules into the kernel, takes them out, and knows which are there. */
import { monotonicNow } from '../time/clock.js';
import { minus, type Microseconds } from '../time/microseconds.js';
import { NetlinkChannel, type NetlinkMessage } from '../network/netlink-channel.js';
import { type IndexOf, type KernelRoute, placeOfRoute } from '../network/route.js';
import type { KernelRule } from '../network/rule.js';
import { type KernelRouting, noRouting, type RouteMonitor } from '../network/route-monitor.js';
import { placeOfRule, refusal, type RoutingItem } from './routing-item.js';

/** What became of a change. */
export interface RoutingOutcome {
  readonly changed: readonly RoutingItem[];
  /** in words */
  readonly failures: readonly { readonly item: RoutingItem; readonly reason: string }[];
  readonly duration: Microseconds;
}

interface Request {
  readonly item: RoutingItem;
  readonly message: NetlinkMessage;
  /** of these codes nobody is told */
  readonly tolerated: readonly string[];
  /** the kernel must be told by which interface */
  readonly needsInterfaces: boolean;
}

const notThere = ['ESRCH', 'ENOENT', 'ENODEV'];

export class RoutingHolder {
  private channel: NetlinkChannel | undefined;
  private there: KernelRouting = noRouting;
  /** the same by place: a thousand routes are not each compared with a thousand */
  private places: ReadonlyMap<string, KernelRouting> = new Map();
  /** ours; what was read while one was made may be older than it */
  private changes = 0;
  private reading: Promise<void> | undefined;
  private again = false;

  constructor(
    private readonly monitor: Pick<RouteMonitor, 'read'>,
    private readonly indexOf: IndexOf,
  ) {}

  get kernel(): KernelRouting {
    return this.there;
  }

  /** By what was read last, and what we did since. */
  isHeld(item: RoutingItem): boolean {
    return item.isIn(this.at(item), this.indexOf);
  }

  /** Reads what is there now, or was after the call. @throws NetlinkError */
  read(): Promise<void> {
    this.again = true;
    this.reading ??= this.readUntilCurrent().finally(() => (this.reading = undefined));
    return this.reading;
  }

  /** In one batch, in order: the kernel has them when this returns its promise. One that is there already stays as it is. */
  add(items: readonly RoutingItem[]): Promise<RoutingOutcome> {
    const requests = items.flatMap((item): readonly Request[] => {
      if (this.isHeld(item)) return [];
      const addition = { item, message: item.addition(this.indexOf), tolerated: [], needsInterfaces: true };
      // ours in another form, such as one that lost its source address with that address
      return item.isDisplaced(this.at(item), this.indexOf) ? [{ item, message: item.clearing(this.indexOf), tolerated: notThere, needsInterfaces: false }, addition] : [addition];
    });
    return this.change(requests, items.filter((item) => this.isHeld(item)));
  }

  /** In one batch, in reverse order; one that is not there is no failure. */
  remove(items: readonly RoutingItem[]): Promise<RoutingOutcome> {
    const requests = [...items].reverse().map((item) => {
      // an interface that has another name now carries the route still
      const message = this.missingInterface(item) === undefined ? item.deletion(this.indexOf) : item.clearing(this.indexOf);
      return { item, message, tolerated: notThere, needsInterfaces: false };
    });
    const outcome = this.change(requests, []);
    const gone = new Map(items.map(({ place }): readonly [string, RoutingItem[]] => [place, []]));
    for (const item of items) gone.get(item.place)?.push(item);
    const isGone = (place: string, kernel: KernelRouting): boolean => gone.get(place)?.some((item) => item.isIn(kernel, this.indexOf)) ?? false;
    this.keep({
      ...this.there,
      routes: this.there.routes.filter((route) => !isGone(placeOfRoute(route), { ...noRouting, routes: [route] })),
      rules: this.there.rules.filter((rule) => !isGone(placeOfRule(rule), { ...noRouting, rules: [rule] })),
    });
    return outcome;
  }

  close(): void {
    this.channel?.close();
  }

  private async change(requests: readonly Request[], already: readonly RoutingItem[]): Promise<RoutingOutcome> {
    const start = monotonicNow();
    const lacking = new Set(requests.filter(({ item, needsInterfaces }) => needsInterfaces && this.missingInterface(item) !== undefined));
    const possible = requests.filter((request) => !lacking.has(request));
    this.changes++;
    this.channel ??= NetlinkChannel.open('route');
    const batch = this.channel.batch(possible.map(({ message }) => message));
    const duration = minus(monotonicNow(), start); // the kernel did it all within the call
    const codes = new Map((await batch).map(({ index, code }) => [possible[index], code] as const));
    const refused = possible.flatMap((request) => {
      const code = codes.get(request);
      return code === undefined || request.tolerated.includes(code) ? [] : [{ item: request.item, reason: refusal(code) }];
    });
    return {
      changed: [...new Set([...already, ...possible.flatMap((request) => (codes.has(request) ? [] : [request.item]))])].filter((item) => refused.every((other) => other.item !== item)),
      failures: [...[...lacking].map(({ item }) => ({ item, reason: `there is no interface ${this.missingInterface(item) ?? ''}` })), ...refused],
      duration,
    };
  }

  private at({ place }: RoutingItem): KernelRouting {
    return this.places.get(place) ?? noRouting;
  }

  private keep(there: KernelRouting): void {
    this.there = there;
    const places = new Map<string, { routes: KernelRoute[]; rules: KernelRule[]; tracked: KernelRoute[] }>();
    const at = (place: string): { routes: KernelRoute[]; rules: KernelRule[] } => {
      const known = places.get(place) ?? { routes: [], rules: [], tracked: [] };
      places.set(place, known);
      return known;
    };
    for (const route of there.routes) at(placeOfRoute(route)).routes.push(route);
    for (const rule of there.rules) at(placeOfRule(rule)).rules.push(rule);
    this.places = places;
  }

  private missingInterface({ interfaces }: RoutingItem): string | undefined {
    return interfaces.find((name) => this.indexOf(name) === undefined);
  }

  private async readUntilCurrent(): Promise<void> {
    while (this.again) {
      this.again = false;
      const { changes } = this;
      const there = await this.monitor.read();
      if (changes === this.changes) this.keep(there);
      else this.again = true;
    }
  }
}
