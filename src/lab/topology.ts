/** Sites: a client, two directors and real servers as network namespaces inside a lab, for each forwarding method. */
import type { ForwardingMethod } from '../config/model.js';
import type { Lab, ScriptResult } from './lab.js';
import type { LabProcess } from './lab-process.js';
import { WebServer } from './web-server.js';

export interface SiteOptions {
  readonly forwarding: ForwardingMethod;
  /** how many; 3 unless said otherwise */
  readonly realServers?: number;
}

export interface Host {
  /** its network namespace */
  readonly name: string;
  /** on e0 */
  readonly address: string;
}

export interface Director extends Host {
  /** NAT: on e1, the real servers' segment */
  readonly insideAddress: string | undefined;
}

/** Addresses of every site. Every host's first interface is e0. */
export const addresses = {
  client: '10.0.0.9',
  directors: ['10.0.0.1', '10.0.0.2'],
  vip: '10.0.0.100',
  /** NAT: the real servers' gateway, held by the master */
  insideVip: '10.1.0.100',
  insideDirectors: ['10.1.0.1', '10.1.0.2'],
  router: { outside: '10.0.0.254', servers: '10.2.0.254' },
} as const;

/** The network that the real servers are in. */
const serverNetwork = { dr: '10.0.0', nat: '10.1.0', tun: '10.2.0' } as const;

/** A port on a switch, and the interface of the host at its other end. */
interface Link {
  readonly host: string;
  readonly interface: string;
  readonly address: string;
  readonly bridge: 'br0' | 'br1';
}

export class Site {
  readonly vip = addresses.vip;
  readonly client: Host = { name: 'cli', address: addresses.client };
  readonly directors: readonly [Director, Director];
  readonly realServers: readonly WebServer[];
  /** a web server like the others, that no service lists as a real server */
  readonly sorryServer: WebServer;

  constructor(
    readonly lab: Lab,
    readonly forwarding: ForwardingMethod,
    realServers: number,
  ) {
    const director = (index: 0 | 1): Director => ({
      name: `d${index + 1}`,
      address: addresses.directors[index],
      insideAddress: forwarding === 'nat' ? addresses.insideDirectors[index] : undefined,
    });
    const server = (name: string, last: number): WebServer => new WebServer(this, name, `${serverNetwork[forwarding]}.${last}`);
    this.directors = [director(0), director(1)];
    this.realServers = Array.from({ length: realServers }, (_, index) => server(`rs${index + 1}`, 11 + index));
    this.sorryServer = server('sorry', 99);
  }

  get webServers(): readonly WebServer[] {
    return [...this.realServers, this.sorryServer];
  }

  /** @throws RangeError for a name that this site has not */
  realServer(name: string): WebServer {
    const found = this.realServers.find((server) => server.name === name);
    if (found === undefined) throw new RangeError(`no real server ${name} in this site`);
    return found;
  }

  /** Runs a bash script in a host's network namespace. */
  run(host: string, script: string, options: { readonly timeout?: number } = {}): Promise<ScriptResult> {
    return this.lab.run(inNamespace(host, script), options);
  }

  /** As `run`, for a script that has to succeed; returns what it printed. */
  must(host: string, script: string, options: { readonly timeout?: number } = {}): Promise<string> {
    return this.lab.must(inNamespace(host, `set -e\n${script}`), options);
  }

  /** Starts a bash script in the background in a host's network namespace; `exec` the program for signals to reach it. */
  start(host: string, name: string, script: string): LabProcess {
    return this.lab.start(name, `exec ${inNamespace(host, script)}`);
  }

  /** Takes the carrier from a host's interface, as a pulled cable does. */
  async cutLink(host: string, name = 'e0'): Promise<void> {
    await this.lab.must(`ip -n sw link set ${port(host, name)} down`);
  }

  async restoreLink(host: string, name = 'e0'): Promise<void> {
    await this.lab.must(`ip -n sw link set ${port(host, name)} up`);
  }

  /** Pulls a host's power cord: its link and all of its processes are gone at once. */
  async powerOff(host: string): Promise<void> {
    await this.lab.must(`pids=$(ip netns pids ${host}); ip -n sw link set ${port(host, 'e0')} down; [ -z "$pids" ] || kill -KILL $pids`);
  }

  /** Ends every process of the site and removes its namespaces, so that the lab can hold another one. */
  async destroy(): Promise<void> {
    const hosts = this.#links().map((link) => link.host);
    const all = [...new Set([...hosts, 'sw'])];
    await this.lab.must(`
      for host in ${all.join(' ')}; do ip netns pids $host; done | xargs -r kill -KILL
      ip -batch - <<END\n${all.map((name) => `netns del ${name}`).join('\n')}\nEND
      rm -rf ${all.map((name) => `/run/${name}`).join(' ')}`);
  }

  /** For buildSite: makes the network. */
  async build(): Promise<void> {
    const links = this.#links();
    const hosts = [...new Set(links.map((link) => link.host))];
    const bridges = [...new Set(links.map((link) => link.bridge))];
    const perHost = hosts.map((host) => [
      batch(host, ['link set lo up', ...links.filter((link) => link.host === host).flatMap(addressOf), ...this.#extra(host)]),
      sysctls(host, this.#sysctls(host)),
    ]);
    await this.lab.must(
      [
        `for name in bridge veth ${this.forwarding === 'tun' ? 'ipip' : ''} ip_tables iptable_filter xt_tcpudp; do modprobe $name; done`,
        batch(undefined, ['netns add sw', ...hosts.map((host) => `netns add ${host}`), ...links.map(pair)]),
        // no spanning tree, so no forward delay: a port forwards at once
        batch('sw', [
          ...bridges.flatMap((name) => [`link add ${name} type bridge`, `link set ${name} up`]),
          ...links.map((link) => `link set ${port(link.host, link.interface)} master ${link.bridge} up`),
        ]),
        ...perHost.flat(),
      ].join('\n'),
    );
  }

  #links(): Link[] {
    const outside = [this.client, ...this.directors].map(
      ({ name, address }): Link => ({ host: name, interface: 'e0', address, bridge: 'br0' }),
    );
    const servers = this.webServers.map(
      ({ name, address }): Link => ({ host: name, interface: 'e0', address, bridge: this.forwarding === 'dr' ? 'br0' : 'br1' }),
    );
    const inside = this.directors.flatMap(({ name, insideAddress }): Link[] =>
      insideAddress === undefined ? [] : [{ host: name, interface: 'e1', address: insideAddress, bridge: 'br1' }],
    );
    const router: Link[] =
      this.forwarding === 'tun'
        ? [
            { host: 'rt', interface: 'e0', address: addresses.router.outside, bridge: 'br0' },
            { host: 'rt', interface: 'e1', address: addresses.router.servers, bridge: 'br1' },
          ]
        : [];
    return [...outside, ...servers, ...inside, ...router];
  }

  /** What a host has beyond its addresses: `ip` commands. */
  #extra(host: string): string[] {
    const isServer = this.webServers.some(({ name }) => name === host);
    switch (this.forwarding) {
      case 'dr':
        return isServer ? [`addr add ${this.vip}/32 dev lo`] : [];
      case 'nat':
        return isServer ? [`route add default via ${addresses.insideVip}`] : [];
      case 'tun':
        if (isServer) {
          return [`route add default via ${addresses.router.servers}`, 'link set tunl0 up', `addr add ${this.vip}/32 dev tunl0`];
        }
        return host === 'rt' ? [] : [`route add ${serverNetwork.tun}.0/24 via ${addresses.router.outside}`];
    }
  }

  #sysctls(host: string): string[] {
    const isServer = this.webServers.some(({ name }) => name === host);
    const silent = ['net.ipv4.conf.all.arp_ignore=1', 'net.ipv4.conf.all.arp_announce=2'];
    // what comes out of the tunnel is from the client, whom e0 leads to: the reverse path filter must let it pass
    const open = ['net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.default.rp_filter=0', 'net.ipv4.conf.e0.rp_filter=0'];
    switch (this.forwarding) {
      case 'dr':
        return isServer ? silent : [];
      case 'nat':
        return this.directors.some(({ name }) => name === host) ? ['net.ipv4.ip_forward=1'] : [];
      case 'tun':
        if (isServer) return [...silent, ...open, 'net.ipv4.conf.tunl0.rp_filter=0'];
        return host === 'rt' ? ['net.ipv4.ip_forward=1', ...open, 'net.ipv4.conf.e1.rp_filter=0'] : [];
    }
  }
}

/** Builds a site in a lab, with nginx running on every real server and on the sorry server. */
export async function buildSite(lab: Lab, { forwarding, realServers = 3 }: SiteOptions): Promise<Site> {
  const site = new Site(lab, forwarding, realServers);
  await site.build();
  await Promise.all(site.webServers.map((server) => server.set('healthy')));
  return site;
}

/** Name of the switch's port that a host's interface is plugged into. */
const port = (host: string, name: string): string => (name === 'e0' ? host : `${host}-${name}`);

const pair = (link: Link): string =>
  `link add ${port(link.host, link.interface)} netns sw type veth peer name ${link.interface} netns ${link.host}`;

const addressOf = (link: Link): string[] => [`addr add ${link.address}/24 dev ${link.interface}`, `link set ${link.interface} up`];

/** A program costs some 70 ms to start inside: so one `ip` for many commands. */
const batch = (host: string | undefined, commands: readonly string[]): string =>
  `ip ${host === undefined ? '' : `-n ${host} `}-batch - <<END\n${commands.join('\n')}\nEND`;

const sysctls = (host: string, settings: readonly string[]): string =>
  settings.length === 0 ? '' : `ip netns exec ${host} sysctl -qw ${settings.join(' ')}`;

const inNamespace = (host: string, script: string): string => `ip netns exec ${host} bash -c '${script.replaceAll("'", "'\\''")}'`;
