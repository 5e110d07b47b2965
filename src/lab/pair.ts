/** A tandemd on a site's directors: its configuration for that site, its process, the operator's command. */
import { stringify } from 'yaml';
import type { Status } from '../control/status.js';
import { root, type ScriptResult } from './lab.js';
import type { LabProcess } from './lab-process.js';
import { addresses, type Director, type Site } from './topology.js';

/** A configuration file's content, to be changed at will before it is written. */
export type FileContent = Readonly<Record<string, unknown>>;

export interface PairOptions {
  /** 150 on d1, 100 on d2 unless said otherwise */
  readonly priority?: number;
  /** name of a real server -> weight; 1 where none is given */
  readonly weights?: Readonly<Record<string, number>>;
  /** ports served on the VIP; 80 unless said otherwise */
  readonly ports?: readonly number[];
  readonly advertisementInterval?: string;
}

/** What the demonstration and its expectations know of the health checks: seconds. */
export const healthCheck = { interval: 1, timeout: 1, rise: 2, fall: 2 } as const;

/** The configuration of one director of a site: http checks on /health, connection sync on e0. */
export function siteConfiguration(site: Site, director: Director, options: PairOptions = {}): FileContent {
  const { priority = director.name === 'd1' ? 150 : 100, weights = {}, ports = [80], advertisementInterval = '1s' } = options;
  const common = { priority, advertisement_interval: advertisementInterval };
  const outside = { name: 'web', interface: 'e0', virtual_router_id: 51, ...common, virtual_addresses: [`${site.vip}/32`] };
  const inside = { name: 'inside', interface: 'e1', virtual_router_id: 52, ...common, virtual_addresses: [`${addresses.insideVip}/24`] };
  const vrrp =
    site.forwarding === 'nat'
      ? { instances: [outside, inside], sync_groups: [{ name: 'all', instances: ['web', 'inside'] }] }
      : { instances: [outside] };
  return {
    router_id: director.name,
    vrrp,
    ipvs: {
      sync: { instance: 'web', interface: 'e0', id: 51 },
      modprobe: ['/sbin/modprobe', '-d', '/run/kernel'],
    },
    virtual_servers: ports.map((port) => ({
      name: `web-${port}`,
      address: site.vip,
      port,
      protocol: 'tcp',
      scheduler: 'wrr',
      forwarding: site.forwarding,
      health_check: {
        type: 'http',
        path: '/health',
        interval: `${healthCheck.interval}s`,
        timeout: `${healthCheck.timeout}s`,
        rise: healthCheck.rise,
        fall: healthCheck.fall,
      },
      real_servers: site.realServers.map(({ name, address }) => ({ address, weight: weights[name] ?? 1 })),
    })),
  };
}

export class Tandem {
  #process: LabProcess | undefined;

  constructor(
    readonly site: Site,
    readonly director: Director,
  ) {}

  get folder(): string {
    return `/run/${this.director.name}`;
  }

  get file(): string {
    return `${this.folder}/tandem.yaml`;
  }

  /** The daemon that was started last. @throws Error when none was */
  get process(): LabProcess {
    if (this.#process === undefined) throw new Error(`tandemd on ${this.director.name} was not started`);
    return this.#process;
  }

  /** Writes the configuration file; a text is written as it is. */
  async configure(content: FileContent | string): Promise<void> {
    const text = typeof content === 'string' ? content : stringify(content);
    await this.site.lab.must(`mkdir -p ${this.folder}; cat >${this.file} <<'END_OF_FILE'\n${text}\nEND_OF_FILE`);
  }

  /** Starts the daemon. Its log is in the process's lines and in FOLDER/log. */
  start(): LabProcess {
    const { site, director, folder, file } = this;
    const script = `exec dist/bin/tandemd.js --config ${file} --runtime-dir ${folder} > >(exec tee -a ${folder}/log)`;
    return (this.#process = site.start(director.name, director.name, script));
  }

  /** Runs the operator's command. */
  command(parameters: string): Promise<ScriptResult> {
    return this.site.run(this.director.name, `node '${root}dist/bin/tandem.js' --runtime-dir ${this.folder} ${parameters}`);
  }

  async status(): Promise<Status> {
    const { stdout, stderr, status } = await this.command('status --json');
    if (status !== 0) throw new Error(`tandem status on ${this.director.name}: ${stderr}`);
    return JSON.parse(stdout) as Status;
  }
}

/** Configures and starts a tandemd on both directors of a site. */
export async function startPair(site: Site, options: PairOptions = {}): Promise<readonly [Tandem, Tandem]> {
  const pair = [new Tandem(site, site.directors[0]), new Tandem(site, site.directors[1])] as const;
  for (const tandem of pair) {
    await tandem.configure(siteConfiguration(site, tandem.director, options));
    tandem.start();
  }
  return pair;
}
