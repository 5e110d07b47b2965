/** What a client's observations come to: outages, where requests went, what a long-lived connection saw. */

/** One request. Times in milliseconds by the lab's clock. */
export interface RequestResult {
  readonly start: number;
  readonly duration: number;
  /** ok: answered 200; status: answered something else; else how it failed: timeout, refused, reset, unreachable, or an error's code */
  readonly outcome: string;
  readonly status: number | undefined;
  /** who answered */
  readonly server: string | undefined;
}

export interface ConnectionEvent {
  readonly time: number;
  readonly event: 'connected' | 'answer' | 'reset' | 'closed';
  /** the local port, the server that answered, the error's code */
  readonly detail: string;
}

/** From the start of the first request that failed to the start of the next one that was answered. */
export interface Outage {
  readonly from: number;
  /** undefined: no request was answered any more */
  readonly to: number | undefined;
  /** until the last request's start when it has no end */
  readonly milliseconds: number;
  readonly failures: number;
}

export const byStart = (results: readonly RequestResult[]): RequestResult[] => results.toSorted((a, b) => a.start - b.start);

/** The results of requests that started in [from, to). */
export const between = (results: readonly RequestResult[], from: number, to = Infinity): RequestResult[] =>
  byStart(results).filter(({ start }) => start >= from && start < to);

export function outages(results: readonly RequestResult[]): Outage[] {
  const found: Outage[] = [];
  let failed: RequestResult[] = [];
  const close = (to: number | undefined, last: number): void => {
    const [first] = failed;
    if (first !== undefined) found.push({ from: first.start, to, milliseconds: last - first.start, failures: failed.length });
    failed = [];
  };
  const ordered = byStart(results);
  for (const result of ordered) {
    if (result.outcome === 'ok') close(result.start, result.start);
    else failed.push(result);
  }
  close(undefined, ordered.at(-1)?.start ?? 0);
  return found;
}

/** undefined when no request failed */
export const longestOutage = (results: readonly RequestResult[]): Outage | undefined =>
  outages(results).reduce<Outage | undefined>(
    (longest, outage) => (longest === undefined || outage.milliseconds > longest.milliseconds ? outage : longest),
    undefined,
  );

/** How many requests each server answered with 200. */
export function distribution(results: readonly RequestResult[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { outcome, server } of byStart(results)) {
    if (outcome === 'ok' && server !== undefined) counts[server] = (counts[server] ?? 0) + 1;
  }
  return counts;
}

/** Median and greatest duration of the answered requests, in milliseconds: what a machine under this load takes. */
export function answerTimes(results: readonly RequestResult[]): { readonly median: number; readonly greatest: number } {
  const durations = results.filter(({ outcome }) => outcome === 'ok').map(({ duration }) => duration).sort((a, b) => a - b);
  return { median: durations[Math.floor(durations.length / 2)] ?? 0, greatest: durations.at(-1) ?? 0 };
}

export interface ConnectionSummary {
  readonly answers: number;
  /** who answered, in the order of their first answer: more than one means that the connection was taken over wrongly */
  readonly servers: readonly string[];
  /** milliseconds; from answer to answer */
  readonly longestSilence: number;
  /** the error that ended it, `closed` when the other side closed it, undefined while it is open */
  readonly end: string | undefined;
}

export function summarizeConnection(events: readonly ConnectionEvent[], from = 0, to = Infinity): ConnectionSummary {
  const seen = events.filter(({ time }) => time >= from && time < to);
  const answers = seen.filter(({ event }) => event === 'answer');
  const silences = answers.slice(1).map(({ time }, index) => time - (answers[index]?.time ?? time));
  const reset = seen.find(({ event }) => event === 'reset');
  return {
    answers: answers.length,
    servers: [...new Set(answers.map(({ detail }) => detail))],
    longestSilence: Math.max(0, ...silences),
    end: reset?.detail ?? (seen.some(({ event }) => event === 'closed') ? 'closed' : undefined),
  };
}
