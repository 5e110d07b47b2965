/**
 * A director with one configuration for many services, each on an address of its own, and real traffic through them. Beyond a site's
 * usual network: every host has IPv6; the real servers take all virtual addresses (10.0.0.128/25 and fd00::1:0/112, no ARP) and send what they
 * answer by their own address, as NAT needs it, back through the director; the client has 10.0.0.32/27, 10.0.1.0/24 and fd00::2:0/112 to ask from.
 */
import { Lab } from '../../src/lab/lab.js';
import { Tandem, type FileContent } from '../../src/lab/pair.js';
import { buildSite, type Host, type Site } from '../../src/lab/topology.js';

/**
 * What the client's scripts have beside bash. A line for each request says which server answered, or `nobody`.
 * `ask ADDRESS [PORT]` keeps its connection open; `end N...` closes the Nth. `get FROM... -- ADDRESS:PORT...`: from each address a request
 * to each, every one with a connection of its own that ends with the answer; one process for all.
 */
const clientFunctions = `
  opened=()
  ask() {
    local fd line
    { exec {fd}<>/dev/tcp/$1/\${2:-80}; } 2>/dev/null || { echo nobody; return 0; }
    opened+=($fd)
    printf 'GET / HTTP/1.1\\r\\nHost: web\\r\\n\\r\\n' >&$fd
    while read -r -t 20 -u $fd line && [ "$line" != $'\\r' ]; do :; done
    read -r -t 20 -u $fd line || :; echo "\${line:-nobody}"
  }
  end() { local fd; for number; do fd=\${opened[number-1]}; exec {fd}>&-; done; }
  get() {
    local from=() requests=(); while [ "$1" != -- ]; do from+=("$1"); shift; done; shift
    for address in "\${from[@]}"; do for at; do requests+=(--next -g -s -m 20 -w '=%{http_code}\\n' -H 'Connection: close' --interface "$address" "http://$at/"); done; done
    { curl "\${requests[@]:1}" || :; } | sed '/^=200$/d; s/^=.*/nobody/'
  }
`;

export class DataPath {
  private constructor(
    readonly lab: Lab,
    readonly site: Site,
    readonly tandem: Tandem,
  ) {}

  /** Boots the lab, builds the network, starts the director; its table is in the kernel when this returns. */
  static async boot(services: readonly FileContent[], more: FileContent = {}): Promise<DataPath> {
    const lab = await Lab.boot();
    try {
      const site = await buildSite(lab, { forwarding: 'dr' });
      await extend(site);
      const tandem = new Tandem(site, site.directors[0]);
      await tandem.configure(content(services, more));
      tandem.start();
      await tandem.process.waitForLine(/INFO ready/, 60_000);
      return new DataPath(lab, site, tandem);
    } catch (error) {
      await lab.stop();
      throw error;
    }
  }

  /** Runs a bash script on the client; the lines that it printed. */
  async client(script: string): Promise<readonly string[]> {
    return lines(await this.site.must(this.site.client.name, `${clientFunctions}\n${script}`));
  }

  /** As `client`, for connections that stay open until `end` is called: the answers, of which there are as many as asked for. */
  async hold(script: string, answers: number): Promise<{ readonly answers: readonly string[]; readonly end: () => Promise<void> }> {
    const process = this.site.start(this.site.client.name, 'connections', `${clientFunctions}\n${script}\necho done; sleep 1000 & wait`);
    const marker = await process.waitForLine(/^done$/, 60_000);
    const shown = process.lines.slice(0, process.lines.indexOf(marker)).map(({ text }) => text);
    if (shown.length !== answers) throw new Error(`${answers} answers were asked for: ${shown.join(' ')}`);
    return {
      answers: shown,
      end: async () => {
        process.signal('SIGKILL', { group: true });
        await process.exited;
      },
    };
  }

  /** On the director. */
  async director(script: string): Promise<readonly string[]> {
    return lines(await this.site.must(this.site.directors[0].name, script));
  }

  /** The connections of a service (as ipvsadm names it) that each server has, those that are ending too; servers with none are left out. */
  async connections(service: string): Promise<Readonly<Record<string, number>>> {
    const rows = (await this.director(`ipvsadm -Ln ${service}`)).map((line) => line.trim().split(/ +/)).filter(([mark]) => mark === '->');
    const counts = rows.slice(1).map(([, address = '', , , active, inactive]) => [this.nameOf(address), Number(active) + Number(inactive)] as const);
    return Object.fromEntries(counts.filter(([, count]) => count > 0));
  }

  /** Runs a script, with its name and address in $name and $own, on each real server. */
  async servers(script: string): Promise<void> {
    await Promise.all(this.site.realServers.map(({ name, address }) => this.site.must(name, `name=${name}; own=${address}; mkdir -p /run/$name; cd /run/$name\n${script}`)));
  }

  private nameOf(address: string): string {
    return this.site.webServers.find((server) => address.startsWith(`${server.address}:`))?.name ?? address;
  }

  async stop(): Promise<void> {
    await this.lab.stop();
  }
}

const lines = (text: string): readonly string[] => text.trim().split('\n');

/** The real servers: rs1, rs2 and so on, with these keys each. */
export const pool = (...keys: readonly object[]): readonly object[] => keys.map((own, index) => ({ address: `10.0.0.${11 + index}`, ...own }));
export const pool6 = (...keys: readonly object[]): readonly object[] => keys.map((own, index) => ({ address: `fd00::${11 + index}`, ...own }));

const content = (services: readonly FileContent[], more: FileContent): FileContent => ({
  ipvs: { modprobe: ['/sbin/modprobe', '-d', '/run/kernel'], ...more },
  virtual_servers: services.map((service, index) => ({
    name: `s${index}`,
    ...('fwmark' in service || 'ports' in service || 'port' in service ? {} : { port: 80 }),
    scheduler: 'rr',
    forwarding: 'dr',
    health_check: 'none',
    real_servers: pool({}, {}, {}),
    ...service,
  })),
});

async function extend(site: Site): Promise<void> {
  const hosts = [site.client, site.directors[0], ...site.webServers];
  await site.lab.must(hosts.map((host) => extensionOf(host, host === site.client ? 'client' : host === site.directors[0] ? 'director' : 'server')).join('\n'));
}

function extensionOf({ name, address }: Host, role: 'client' | 'director' | 'server'): string {
  const last = address.slice(address.lastIndexOf('.') + 1);
  const off = ['rp_filter', 'send_redirects'].flatMap((key) => ['all', 'default', 'e0'].map((where) => `net.ipv4.conf.${where}.${key}=0`));
  // with one link NAT needs both sides to know nothing of a shorter way; IPv6 has no setting for the side that sends
  const settings = {
    client: [...off, 'net.ipv6.ip_nonlocal_bind=1'],
    director: [...off, 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1'],
    server: [...off, 'net.ipv6.conf.e0.accept_redirects=0'],
  }[role];
  const ipv4 =
    role === 'client'
      ? ['route add local 10.0.0.32/27 dev lo', 'route add local 10.0.1.0/24 dev lo']
      : ['route add local 10.0.0.128/25 dev lo', 'route add 10.0.1.0/24 via 10.0.0.9'];
  const ipv6 = [
    `addr add fd00::${last}/64 dev e0 nodad`,
    ...(role === 'client'
      ? ['route add local fd00::2:0/112 dev lo', 'route add fd00::1:0/112 via fd00::1']
      : ['route add local fd00::1:0/112 dev lo', 'route add fd00::2:0/112 via fd00::9']),
  ];
  const back = (own: string, gateway: string): readonly string[] => (role === 'server' ? [`rule add from ${own} lookup 100`, `route add default via ${gateway} table 100`] : []);
  const batch = (family: 4 | 6, commands: readonly string[]): string => `ip -${family} -n ${name} -batch - <<END\n${commands.join('\n')}\nEND`;
  return [
    `ip netns exec ${name} sysctl -qw ${settings.join(' ')}`,
    batch(4, [...ipv4, ...back(address, '10.0.0.1')]),
    batch(6, [...ipv6, ...back(`fd00::${last}`, 'fd00::1')]),
  ].join('\n');
}
