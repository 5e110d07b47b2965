/** The table that rules make, one after the other, as in the kernel. */
import { destinationKey, type DestinationEntry } from '../../ipvs/destination.js';
import { type Service, serviceKey, type ServiceSelector } from '../../ipvs/service.js';
import type { Timeouts } from '../../ipvs/timeouts.js';
import { Seconds } from '../../time/microseconds.js';
import { errorAt, type Remark, type Rule, warningAt } from './parse.js';
import { attempt, type Resolve, RuleReader } from './read.js';

export interface ImportedServer {
  readonly server: DestinationEntry;
  readonly rule: Rule;
}

export interface ImportedService {
  readonly service: Service;
  /** that made it, or changed it last */
  readonly rule: Rule;
  readonly servers: ReadonlyMap<string, ImportedServer>;
}

export interface ImportedTable {
  readonly services: readonly ImportedService[];
  /** of `--set`; 0 there = as it is */
  readonly timeouts: { readonly [name in keyof Timeouts]?: Timeouts[name] };
  readonly remarks: readonly Remark[];
}

const shows = new Set(['list', 'save', 'zero', 'help']);

export class TableBuilder {
  private readonly services = new Map<string, ImportedService>();
  private timeouts: ImportedTable['timeouts'] = {};
  private readonly remarks: Remark[] = [];
  private readonly reader: RuleReader;

  constructor(resolve: Resolve) {
    this.reader = new RuleReader(resolve);
  }

  get table(): ImportedTable {
    return { services: [...this.services.values()], timeouts: this.timeouts, remarks: [...this.remarks, ...this.reader.remarks] };
  }

  async apply(rule: Rule): Promise<void> {
    const { command } = rule;
    if (command === 'clear') return this.services.clear();
    if (command === 'set') return this.set(rule);
    if (command === 'start-daemon' || command === 'stop-daemon') return void this.remarks.push(warningAt(rule, `--${command} has no counterpart by itself: connection sync follows a VRRP instance`, 'add ipvs.sync: { instance, interface, id }, and vrrp.instances'));
    if (shows.has(command)) return void this.remarks.push(warningAt(rule, `--${command} changes nothing in the table`, 'it is left out', 'doubtful'));
    if (command === 'restore') return void this.remarks.push(errorAt(rule, '--restore inside of rules', 'import the file that it reads'));
    const selector = await attempt(() => this.reader.selector(rule), this.remarks);
    if (selector) await attempt(() => this.change(rule, selector), this.remarks);
  }

  private async change(rule: Rule, selector: ServiceSelector): Promise<void> {
    const key = serviceKey(selector);
    const found = this.services.get(key);
    const adds = rule.command === 'add-service';
    const service: Service | undefined = adds || rule.command === 'edit-service' ? { ...selector, ...this.reader.settings(rule, selector) } : undefined;
    if (adds === (found !== undefined)) {
      this.remarks.push(warningAt(rule, adds ? `the service ${key} is there already` : `there is no service ${key}`, adds ? 'the rule is left out, as ipvsadm does; -E changes it' : 'the rule is left out, as ipvsadm does; add the service with -A first', adds ? 'duplicate' : 'unknown_reference'));
      return;
    }
    if (service) this.services.set(key, { service, rule, servers: found?.servers ?? new Map() });
    else if (rule.command === 'delete-service') this.services.delete(key);
    else if (found) await this.changeServer(rule, key, found);
  }

  private async changeServer(rule: Rule, key: string, found: ImportedService): Promise<void> {
    const destination = await this.reader.destination(rule, found.service);
    const name = destinationKey(destination);
    const there = found.servers.has(name);
    const adds = rule.command === 'add-server';
    if (adds === there) {
      this.remarks.push(warningAt(rule, adds ? `${name} is a server of ${key} already` : `${name} is no server of ${key}`, `the rule is left out, as ipvsadm does; ${adds ? '-e changes it' : 'add the server with -a first'}`, adds ? 'duplicate' : 'unknown_reference'));
      return;
    }
    const servers = new Map(found.servers);
    if (rule.command === 'delete-server') servers.delete(name);
    else servers.set(name, { server: this.reader.server(rule, destination), rule });
    this.services.set(key, { ...found, servers });
  }

  private set(rule: Rule): void {
    const place = rule.options.get('set') ?? rule;
    const seconds = (rule.options.get('set')?.values ?? []).map((text) => (/^\d{1,7}$/.test(text) ? Number(text) : Number.NaN));
    if (seconds.some((each) => !(each <= 31 * 86_400))) return void this.remarks.push(errorAt(place, '--set takes three times', 'whole seconds, 2678400 at most; 0 = as it is'));
    const [tcp = 0, tcpFin = 0, udp = 0] = seconds;
    this.timeouts = { ...this.timeouts, ...(tcp > 0 && { tcp: Seconds(tcp) }), ...(tcpFin > 0 && { tcpFin: Seconds(tcpFin) }), ...(udp > 0 && { udp: Seconds(udp) }) };
  }
}
