/** What the supervisor finds out for the vrrp child, which must not wait for files and scripts: one list of results. */
import type { Configuration, TrackConfiguration, TrackedFile, TrackedProcess } from '../config/model.js';
import { type Microseconds, toMilliseconds } from '../time/microseconds.js';
import { readFileValue } from './file-value.js';
import { Poller } from './poller.js';
import { scanProcesses } from './process-scan.js';
import { ScriptRunner } from './script-runner.js';
import { trackKey, type TrackResult } from './trackers.js';
import { inWords } from '../control/in-words.js';

const shortestInterval = (items: readonly { readonly interval: Microseconds }[]): number => Math.min(...items.map(({ interval }) => toMilliseconds(interval)));

const countInWords = (count: number): string => (count === 0 ? 'does not run' : `runs (${count} ${count === 1 ? 'process' : 'processes'})`);

export class TrackSources {
  readonly #scripts = new ScriptRunner(() => this.#changed());
  readonly #found = new Map<string, TrackResult>();
  #watched = '';
  #pollers: readonly Poller[] = [];
  #closed = false;

  /** @param onChange something is another than before, see `results` */
  constructor(private readonly onChange: () => void) {}

  get results(): readonly TrackResult[] {
    return [...this.#scripts.results, ...this.#found.values()];
  }

  /** Only what is tracked is looked at; what is the same as before goes on. */
  configure({ vrrp, scripts }: Pick<Configuration, 'vrrp' | 'scripts'>): void {
    const tracks = [...vrrp.instances, ...vrrp.syncGroups].flatMap(({ track }): readonly TrackConfiguration[] => (track ? [track] : []));
    const used = new Set(tracks.flatMap((track) => track.scripts.map(({ name }) => name)));
    this.#scripts.configure(scripts.filter(({ name }) => used.has(name)));
    this.#watch(tracks.flatMap(({ files }) => files), tracks.flatMap(({ processes }) => processes));
  }

  /** Ends what runs; nothing is said any more. */
  close(): void {
    this.#closed = true;
    this.#scripts.close();
    for (const poller of this.#pollers) poller.close();
  }

  #watch(files: readonly TrackedFile[], processes: readonly TrackedProcess[]): void {
    const watched = JSON.stringify([files, processes]);
    if (watched === this.#watched) return;
    this.#watched = watched;
    for (const poller of this.#pollers) poller.close();
    const wanted = new Set([...files.map(({ path }) => trackKey('file', path)), ...processes.map(({ name }) => trackKey('process', name))]);
    for (const key of this.#found.keys()) if (!wanted.has(key)) this.#found.delete(key);
    const paths = new Set(files.map(({ path }) => path));
    const names = [...new Set(processes.map(({ name }) => name))];
    this.#pollers = [
      ...[...paths].map((path) => new Poller(() => this.#readFile(path), shortestInterval(files.filter((file) => file.path === path)))),
      // one scan serves all
      ...(names.length === 0 ? [] : [new Poller(() => this.#scan(names), shortestInterval(processes))]),
    ];
  }

  async #readFile(path: string): Promise<void> {
    this.#note([{ key: trackKey('file', path), verdict: 'up', ...(await readFileValue(path)) }]);
  }

  async #scan(names: readonly string[]): Promise<void> {
    try {
      const counts = await scanProcesses(names);
      this.#note(names.map((name) => ({ key: trackKey('process', name), verdict: counts.has(name) ? 'up' : 'down', detail: countInWords(counts.get(name) ?? 0) })));
    } catch (error) {
      const detail = `is not known to run: ${inWords(error)}`;
      this.#note(names.map((name) => ({ key: trackKey('process', name), verdict: 'down', detail })));
    }
  }

  /** Only another verdict or number is news: the words of the moment it came stay. */
  #note(results: readonly TrackResult[]): void {
    const news = results.filter(({ key, verdict, value }) => {
      const known = this.#found.get(key);
      return known?.verdict !== verdict || known.value !== value;
    });
    for (const result of news) this.#found.set(result.key, result);
    if (news.length > 0) this.#changed();
  }

  #changed(): void {
    if (!this.#closed) this.onChange();
  }
}
