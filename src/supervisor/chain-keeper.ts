/** Keeps our chains in the host's firewall: there before the configuration that needs them is in force, put back when someone empties the table, gone at the end. */
import { event, type Report } from '../control/event.js';
import { inWords } from '../control/in-words.js';
import { type ChainPlace, Firewall, type FirewallChain } from '../network/firewall-chain.js';

const auditMilliseconds = 30_000;

const keyOf = ({ family, table, hook, name }: ChainPlace): string => `${family} ${table} ${hook} ${name}`;
const describe = ({ family, table, hook, name }: ChainPlace): string => `chain ${name} (${family}, ${table} ${hook})`;

export class ChainKeeper {
  private wanted: readonly FirewallChain[] = [];
  private readonly failing = new Set<string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly report: Report,
    /** what follows when they are not there, e.g. `accept: false has no effect` */
    private readonly without: string,
    private readonly firewall: Pick<Firewall, 'ensure' | 'remove'> = new Firewall(),
  ) {}

  /**
   * Makes the wanted ones, removes the others of ours. Failures are reported, and tried again every 30 s. Runs nothing when there is nothing to do.
   * @param owned what an earlier configuration or run may have made
   * @returns what of ours is left
   */
  async configure(wanted: readonly FirewallChain[], owned: readonly ChainPlace[]): Promise<readonly ChainPlace[]> {
    this.wanted = wanted;
    clearInterval(this.timer);
    this.timer = wanted.length === 0 ? undefined : setInterval(() => void this.ensureAll(true), auditMilliseconds);
    await this.ensureAll(false);
    const kept = new Set(wanted.map(keyOf));
    const left: ChainPlace[] = wanted.map(({ family, table, hook, name }) => ({ family, table, hook, name }));
    for (const place of owned) {
      if (kept.has(keyOf(place))) continue;
      try {
        if ((await this.firewall.remove(place)) === 'removed') this.report(event('info', `removed the ${describe(place)} from the firewall`));
      } catch (error) {
        this.report(event('warn', `the ${describe(place)} could not be removed from the firewall: ${inWords(error)}`));
        left.push(place);
      }
    }
    return left;
  }

  /** @returns what of ours is left */
  stop(owned: readonly ChainPlace[]): Promise<readonly ChainPlace[]> {
    return this.configure([], owned);
  }

  private async ensureAll(audit: boolean): Promise<void> {
    for (const chain of this.wanted) {
      const key = keyOf(chain);
      try {
        const outcome = await this.firewall.ensure(chain);
        const failed = this.failing.delete(key);
        const fields = { rules: chain.rules.length };
        if (outcome === 'made' && (!audit || failed)) this.report(event('info', `made the ${describe(chain)} in the firewall`, fields));
        else if (outcome !== 'unchanged' && audit) this.report(event('warn', `someone else changed the ${describe(chain)} in the firewall: put right`, fields));
        else if (outcome === 'put_right') this.report(event('info', `changed the ${describe(chain)} in the firewall`, fields));
      } catch (error) {
        if (this.failing.has(key)) continue; // told already
        this.failing.add(key);
        this.report(event('error', `the ${describe(chain)} is not in force, ${this.without}: ${inWords(error)}; tried again every ${auditMilliseconds / 1_000} s`));
      }
    }
  }
}
