/** Clients of a persistent service, each with an address of its own: which real server answers each of them. */
import type { Site } from '../../src/lab/topology.js';

/** More of them than real servers: a scheduler that starts afresh sends some of them elsewhere. */
const clients = ['10.0.0.21', '10.0.0.22', '10.0.0.23', '10.0.0.24'] as const;

/** client address -> name of the real server that answered */
export type Assignment = Readonly<Record<string, string>>;

export class PersistentClients {
  #turn = 0;

  private constructor(
    private readonly site: Site,
    private readonly service: string,
  ) {}

  /** @param service address and port of the persistent service */
  static async add(site: Site, service: string): Promise<PersistentClients> {
    await site.must(site.client.name, clients.map((address) => `ip addr add ${address}/24 dev e0`).join('\n'));
    return new PersistentClients(site, service);
  }

  /** One request each; every time in another order, so that a fresh scheduler would assign them otherwise. */
  async ask(): Promise<Assignment> {
    const turn = this.#turn++ % clients.length;
    const order = [...clients.slice(turn), ...clients.slice(0, turn)];
    const requests = order.map((address) => `echo ${address} $(curl -s -m 3 --interface ${address} http://${this.service}/ || echo "nobody ($?)")`);
    const answers = (await this.site.must(this.site.client.name, requests.join('\n'))).trim().split('\n');
    return Object.fromEntries(answers.map((answer) => answer.split(/ (.*)/, 2) as [string, string]).sort());
  }
}
