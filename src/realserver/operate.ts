/** Apply, remove and show: reads, plans, records, does. */
import { inWords } from '../control/in-words.js';
import { Arptables, ArptablesError } from '../network/arptables.js';
import { NetlinkError } from '../network/netlink-channel.js';
import { Doer } from './carry-out.js';
import { RealServerError } from './error.js';
import type { HostFacts } from './facts.js';
import { hasNetAdmin, lookingFor, readHost } from './host.js';
import { type Made, madeAfter, madeBefore, stillNeeded } from './made.js';
import { type Needs, needsOf } from './needs.js';
import { deviceKinds, type Plan, planOf, undoingSteps } from './plan.js';
import { RealServerRecord, type RealServerState } from './record.js';
import type { Step } from './step.js';
import { type RealServerView, viewOf } from './view.js';
import type { Wishes } from './wishes.js';

export class RealServerHost {
  private readonly record: RealServerRecord;
  private readonly arptables = new Arptables();

  /** @param done is called with each step that was done */
  constructor(
    stateDirectory: string,
    private readonly done: (step: Step) => void,
  ) {
    this.record = new RealServerRecord(stateDirectory);
  }

  /** The names that something was applied under. @throws RealServerError REFUSED */
  get names(): readonly string[] {
    return Object.keys(this.record.load().sets).sort();
  }

  /**
   * Makes the host as it is wished, in place of what an earlier call with that name wished; what other names wished stays.
   * @returns the steps, none when all is right already
   * @throws RealServerError IN_THE_WAY before anything is done, NOT_PERMITTED, REFUSED
   */
  async apply(name: string, wishes: Wishes, dryRun: boolean): Promise<readonly Step[]> {
    return this.work(dryRun, async (state) => this.change(state, { ...state.sets, [name]: wishes }, 'all', dryRun));
  }

  /** Undoes what was made for a name, or for all; what other names need stays. @throws RealServerError NOT_PERMITTED, REFUSED */
  async remove(name: string | undefined, dryRun: boolean): Promise<readonly Step[]> {
    return this.work(dryRun, async (state) => {
      const left = Object.fromEntries(Object.entries(state.sets).filter(([each]) => name !== undefined && each !== name));
      return this.change(state, left, 'undo', dryRun);
    });
  }

  /** @param wishes those of the name, or of all, unless given. @throws RealServerError NO_SET when nothing was applied */
  async show(name: string | undefined, wishes?: Wishes): Promise<RealServerView> {
    const { sets, made } = this.record.load();
    const chosen = wishes ? [wishes] : Object.entries(sets).flatMap(([each, set]) => (name === undefined || each === name ? [set] : []));
    if (chosen.length === 0) throw new RealServerError('NO_SET', `nothing is applied ${name === undefined ? 'on this host' : `under the name ${name}`}; tandem realserver show --from FILE compares with a file`);
    const needs = needsOf(chosen);
    const looking = lookingFor(needs, made, this.arptables);
    try {
      return viewOf(needs, await readHost(looking), made);
    } catch (error) {
      if (!(error instanceof ArptablesError)) throw error;
      return viewOf(needs, await readHost({ ...looking, arptables: undefined }), made);
    }
  }

  private async work(dryRun: boolean, work: (state: RealServerState) => Promise<readonly Step[]>): Promise<readonly Step[]> {
    if (dryRun) return work(this.record.load());
    if (!hasNetAdmin()) throw new RealServerError('NOT_PERMITTED', 'tandem realserver needs the capability CAP_NET_ADMIN: run it as root (show and --dry-run do not need it)');
    return this.record.locked(() => work(this.record.load()));
  }

  private async change({ sets: before, made }: RealServerState, sets: RealServerState['sets'], which: 'all' | 'undo', dryRun: boolean): Promise<readonly Step[]> {
    const needs = needsOf(Object.values(sets));
    const stepsOf = (plan: Plan): readonly Step[] => (which === 'all' ? plan.steps : undoingSteps(plan));
    const plan = planOf(needs, await this.look(needs, made), made);
    if (which === 'all' && plan.problems.length > 0) throw new RealServerError('IN_THE_WAY', `nothing was done:\n${plan.problems.map((problem) => `  ${problem}`).join('\n')}`);
    const steps = stepsOf(plan);
    if (dryRun) return steps;
    const doer = new Doer(this.arptables);
    let now = made;
    /** Sets of both count until all is done: a `remove` after a failure finds what to undo. */
    const carryOut = async (some: readonly Step[]): Promise<void> => {
      now = madeBefore(now, some);
      await this.record.save({ sets: { ...before, ...sets }, made: now });
      await doer.carryOut(some, this.done);
      now = madeAfter(now, some);
    };
    try {
      const last = steps.findLastIndex(({ kind }) => deviceKinds.has(kind));
      const first = steps.slice(0, last + 1);
      if (first.length > 0) await carryOut(first);
      const rest = first.length === 0 ? steps : stepsOf(planOf(needs, await this.look(needs, now), now));
      await carryOut(rest);
      await this.record.save({ sets, made: stillNeeded(now, needs) });
      return [...first, ...rest];
    } finally {
      doer.close();
    }
  }

  private async look(needs: Needs, made: Made): Promise<HostFacts> {
    try {
      return await readHost(lookingFor(needs, made, this.arptables));
    } catch (error) {
      if (error instanceof ArptablesError || error instanceof NetlinkError) throw new RealServerError('REFUSED', inWords(error), { cause: error });
      throw error;
    }
  }
}
