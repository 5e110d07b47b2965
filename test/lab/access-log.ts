/** The access log of a site's web server: who asked what, when. The lab's nginx has none until it is switched on. */
import type { Site } from '../../src/lab/topology.js';
import type { WebServer } from '../../src/lab/web-server.js';

export interface Access {
  /** milliseconds since the epoch, by the lab's clock */
  readonly time: number;
  /** address */
  readonly client: string;
  readonly path: string;
  readonly status: number;
}

/** Starts the server anew, with its log; lasts until it is started again (after mode `refusing`). */
export async function switchOnAccessLog(site: Site, { name }: WebServer): Promise<void> {
  const folder = `/run/${name}`;
  await site.must(
    name,
    `sed -i "s|access_log off;|log_format short '\\$msec \\$remote_addr \\$request_uri \\$status'; access_log ${folder}/access.log short;|" ${folder}/nginx.conf
     pid=$(<${folder}/pid); kill -KILL $pid; while kill -0 $pid 2>&-; do :; done; rm ${folder}/pid
     nginx -p ${folder} -c ${folder}/nginx.conf -e ${folder}/error.log; until [ -s ${folder}/pid ]; do :; done`,
  );
}

export async function readAccessLog(site: Site, { name }: WebServer): Promise<readonly Access[]> {
  const lines = (await site.lab.must(`cat /run/${name}/access.log`)).trimEnd().split('\n');
  return lines.map((line) => {
    const [seconds, client = '', path = '', status] = line.split(' ');
    return { time: Number(seconds) * 1_000, client, path, status: Number(status) };
  });
}
