/** A real nginx inside a site, that can be made to fail in the ways in which web servers fail. */
import type { Host, Site } from './topology.js';

export type WebServerMode =
  | 'healthy'
  /** `/health` answers 500, all else is as ever */
  | 'failing'
  /** connections are accepted, nothing is ever answered */
  | 'hanging'
  /** connections are refused */
  | 'refusing'
  /** TCP packets that arrive are dropped */
  | 'dropping';

/** The ports on which every server serves the same. Connections are kept alive as long as the client likes. */
export const webPorts = [80, 7000] as const;

export class WebServer implements Host {
  #mode: WebServerMode | 'absent' = 'absent';

  constructor(
    private readonly site: Site,
    readonly name: string,
    readonly address: string,
  ) {}

  get mode(): WebServerMode | 'absent' {
    return this.#mode;
  }

  /** Changes how it behaves; in force when this returns. */
  async set(mode: WebServerMode): Promise<void> {
    if (mode === this.#mode) return;
    await this.#leave();
    switch (mode) {
      case 'healthy':
        break;
      case 'failing':
        await this.site.lab.must(`touch ${this.#folder}/failing`);
        break;
      case 'hanging':
        await this.#kill('STOP');
        break;
      case 'refusing':
        await this.#kill('KILL', `rm ${this.#folder}/pid; while kill -0 $pid 2>&-; do :; done`);
        break;
      case 'dropping':
        await this.site.must(this.name, 'iptables-legacy -A INPUT -p tcp -j DROP');
        break;
    }
    this.#mode = mode;
  }

  get #folder(): string {
    return `/run/${this.name}`;
  }

  /** From the present mode to `healthy`. */
  async #leave(): Promise<void> {
    switch (this.#mode) {
      case 'healthy':
        return;
      case 'absent':
      case 'refusing':
        return this.#start();
      case 'failing':
        await this.site.lab.must(`rm ${this.#folder}/failing`);
        return;
      case 'hanging':
        return this.#kill('CONT');
      case 'dropping':
        await this.site.must(this.name, 'iptables-legacy -F INPUT');
        return;
    }
  }

  /** nginx returns when it listens; its pid file is there a moment later. */
  async #start(): Promise<void> {
    const folder = this.#folder;
    await this.site.must(
      this.name,
      `mkdir -p ${folder}; echo '${configuration(this.name, folder)}' >${folder}/nginx.conf
       nginx -p ${folder} -c ${folder}/nginx.conf -e ${folder}/error.log; until [ -s ${folder}/pid ]; do :; done`,
    );
  }

  async #kill(signal: string, andThen = ''): Promise<void> {
    await this.site.lab.must(`pid=$(<${this.#folder}/pid); kill -${signal} $pid; ${andThen}`);
  }
}

/** One process, so that a signal reaches all of it. */
const configuration = (name: string, folder: string): string => `
master_process off; pid ${folder}/pid;
events { worker_connections 256; }
http {
  access_log off; default_type text/plain; keepalive_timeout 1h; keepalive_requests 1000000000;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  server {
    ${webPorts.map((port) => `listen ${port}; listen [::]:${port};`).join(' ')}
    location / { return 200 "${name}\\n"; }
    location = /client { return 200 "$remote_addr\\n"; }
    location = /health {
      if (-f ${folder}/failing) { return 500 "failing\\n"; }
      return 200 "${name} is healthy\\n";
    }
  }
}
`;
