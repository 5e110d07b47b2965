/** What happened, by whom, in order: the lines of several sources merged by the lab's clock, told phase by phase. */
import type { LabProcess } from './lab-process.js';
import { between, outages, type ConnectionEvent, type RequestResult } from './summary.js';

interface Entry {
  readonly time: number;
  readonly who: string;
  readonly text: string;
}

/** `2026-11-21T02:24:11.304Z INFO web: ...`: the time and what follows it. */
const logLine = /^(\d{4}-\d\d-\d\dT\S+Z) +(?:INFO +)?(.*)$/;

/** Losses no further apart than this are told as one: milliseconds. */
const oneTrouble = 1_000;

/** Silence on the long-lived connection from which on it is worth a line: milliseconds. */
const noteworthySilence = 400;

export class Timeline {
  #entries: Entry[] = [];

  /** @param origin what the times are relative to */
  constructor(
    readonly origin: number,
    private readonly print: (line: string) => void,
  ) {}

  add(time: number, who: string, text: string): void {
    this.#entries.push({ time, who, text });
  }

  /** From now on takes the log lines of a daemon, at the time that they bear themselves. */
  follow(who: string, daemon: LabProcess): void {
    daemon.onLine(({ time, text }) => {
      const [, written, rest] = logLine.exec(text) ?? [];
      if (written === undefined) this.add(time, who, text);
      else this.add(Date.parse(written), who, rest ?? '');
    });
  }

  /** The client's view of [from, to): when requests begin to be lost, and when all are answered again. */
  addRequests(results: readonly RequestResult[], from: number, to: number): void {
    const inPhase = between(results, from, to);
    let trouble: { readonly reasons: Set<string>; lost: number; end: number | undefined } | undefined;
    const over = (): void => {
      if (trouble?.end === undefined) return;
      const { reasons, lost, end } = trouble;
      this.add(end, 'client', `answered again, by ${inPhase.find(({ start }) => start === end)?.server ?? '?'}; lost: ${lost} (${[...reasons].join(', ')})`);
    };
    for (const { from: start, to: end, failures } of outages(inPhase)) {
      if (trouble?.end === undefined || start - trouble.end > oneTrouble) {
        over();
        trouble = { reasons: new Set(), lost: 0, end };
        this.add(start, 'client', 'requests are lost from here on');
      }
      trouble.lost += failures;
      trouble.end = end;
      for (const { start: at, outcome } of inPhase) {
        if (at >= start && outcome !== 'ok' && (end === undefined || at < end)) trouble.reasons.add(outcome);
      }
    }
    over();
  }

  addConnection(events: readonly ConnectionEvent[], from: number, to: number): void {
    let last: ConnectionEvent | undefined;
    for (const event of events) {
      if (event.time >= to) return;
      const tell = (text: string): void => {
        if (event.time >= from) this.add(event.time, 'client', `long-lived connection: ${text}`);
      };
      if (event.event !== 'answer') {
        tell(`${event.event} ${event.detail}`.trim());
        continue;
      }
      const silence = last === undefined ? 0 : event.time - last.time;
      if (last?.detail !== event.detail) tell(`served by ${event.detail}`);
      else if (silence >= noteworthySilence) tell(`goes on, with ${event.detail}, after ${silence} ms of silence`);
      last = event;
    }
  }

  /** Tells what was added up to `until`, in order of time; what is later waits. */
  flush(until = Infinity): void {
    const due = this.#entries.filter(({ time }) => time < until).sort((a, b) => a.time - b.time);
    this.#entries = this.#entries.filter(({ time }) => time >= until);
    for (const { time, who, text } of due) {
      this.print(`${((time - this.origin) / 1_000).toFixed(3).padStart(9)} s  ${who.padEnd(6)}  ${text}`);
    }
  }
}
