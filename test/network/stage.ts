/** What most tests here begin with: hosts a (10.77.0.1) and b (10.77.0.2) on one segment, and vrrp children on them. */
import { afterEach, beforeEach } from 'vitest';
import { requireNetworkNamespaces } from '../tiers.js';
import { Capture } from './capture.js';
import { type Host, ipIn, Segment } from './namespaces.js';
import { VrrpChild } from './vrrp-child.js';

export class Stage {
  readonly segment = new Segment();
  readonly a = this.segment.host('a', '10.77.0.1/24');
  readonly b = this.segment.host('b', '10.77.0.2/24');
  private readonly children: VrrpChild[] = [];
  private readonly others: { clear(): void | Promise<void> }[] = [];

  child(host: Host): VrrpChild {
    const child = new VrrpChild(host);
    this.children.push(child);
    return child;
  }

  /** tcpdump on a host's interface, listening when this resolves. */
  async capture(host: Host, filter: string, interfaceName = 'e0'): Promise<Capture> {
    return this.with(await Capture.open(host, filter, interfaceName));
  }

  /** Something else that is to be cleared away before the network is. */
  with<Thing extends { clear(): void | Promise<void> }>(thing: Thing): Thing {
    this.others.push(thing);
    return thing;
  }

  async clear(): Promise<void> {
    await Promise.all(this.children.map((child) => child.clear()));
    for (const other of this.others) await other.clear();
    this.segment.remove();
  }
}

/** A stage for one test, so that several can run at once. */
export const onStage = (run: (stage: Stage) => Promise<void>) => async (): Promise<void> => {
  const stage = new Stage();
  try {
    await run(stage);
  } finally {
    await stage.clear();
  }
};

/** A new stage for every test of a file. */
export const staged = (): { readonly stage: Stage } => {
  requireNetworkNamespaces();
  const holder: { stage: Stage | undefined } = { stage: undefined };
  beforeEach(() => {
    holder.stage = new Stage();
  });
  afterEach(async () => {
    await holder.stage?.clear();
  });
  return {
    get stage(): Stage {
      if (!holder.stage) throw new Error('the stage is there within a test only');
      return holder.stage;
    },
  };
};

/** `02:00:00:00:00:01` */
export const macOf = (host: Host): string => {
  const [link] = JSON.parse(ipIn(host, '-j', 'link', 'show', 'dev', 'e0')) as { address: string }[];
  if (!link) throw new Error(`${host.namespace} has no e0`);
  return link.address;
};

/** How late this machine's timers are now: the longest lateness of a 5 ms timer, in milliseconds, between begin and end. */
export class Lateness {
  private worst = 0;
  private expected = performance.now() + 5;
  private readonly timer = setInterval(() => {
    const now = performance.now();
    this.worst = Math.max(this.worst, now - this.expected);
    this.expected = now + 5;
  }, 5);

  /** Ends the measurement. Three processes and a capture have a part in what is timed, and each may be as late as this one was. */
  get milliseconds(): number {
    clearInterval(this.timer);
    return 20 + 4 * this.worst;
  }
}
