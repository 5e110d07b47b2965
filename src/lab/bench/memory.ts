/** Proportional set size of all processes with 10 services of 4 checked servers, both daemons side by side in one lab kernel. */
import { Lab } from '../lab.js';
import type { Measurement } from './statistics.js';

const services = Array.from({ length: 10 }, (_, index) => 8001 + index);
const servers = [1, 2, 3, 4].map((last) => `127.0.1.${last}`);

const tandemConfiguration = (): string => `
vrrp: { instances: [{ name: web, interface: e0, virtual_router_id: 51, virtual_addresses: [10.0.0.100] }] }
ipvs: { modprobe: [/sbin/modprobe, -d, /run/kernel] }
virtual_servers:
${services.map((port) => `  - { name: s${port}, address: 10.0.0.100, port: ${port}, forwarding: dr, health_check: { type: tcp, interval: 2s, timeout: 1s }, real_servers: [${servers.map((address) => `{ address: ${address} }`).join(', ')}] }`).join('\n')}
`;

const keepalivedConfiguration = (): string => `
vrrp_instance web { state BACKUP
 interface e0
 virtual_router_id 52
 virtual_ipaddress { 10.0.0.101 } }
${services
  .map(
    (port) => `virtual_server 10.0.0.101 ${port} {
 delay_loop 2
 lvs_sched wlc
 lvs_method DR
 protocol TCP
${servers.map((address) => ` real_server ${address} ${port} { TCP_CHECK { connect_timeout 1 } }`).join('\n')}
}`,
  )
  .join('\n')}
`;

/** sum of the PSS of all processes whose command line matches, kilobytes; one line for each process */
const proportionalSetSize = (pattern: string): string => `
for p in $(pgrep -f '${pattern}'); do grep -q bash /proc/$p/comm || awk -v n="$(tr '\\0' ' ' </proc/$p/cmdline | cut -c1-60)" '/^Pss:/ {print $2, n}' /proc/$p/smaps_rollup; done`;

/** @param settle seconds that both run before they are measured */
export const measureMemory = async (settle: number): Promise<{ readonly measurement: Measurement; readonly detail: string }> => {
  const lab = await Lab.boot();
  try {
    await lab.must(`
      for name in dummy ip_vs ip_vs_wlc; do modprobe $name; done
      ip link add e0 type dummy; ip addr add 10.0.0.1/24 dev e0; ip link set e0 up
      cat >/run/tandem.yaml <<'END'\n${tandemConfiguration()}\nEND
      cat >/run/keepalived.conf <<'END'\n${keepalivedConfiguration()}\nEND`);
    const listeners = `for (const port of ${JSON.stringify(services)}) require('node:net').createServer((socket) => socket.destroy()).listen(port, '0.0.0.0')`;
    lab.start('servers', `exec node -e "${listeners}"`);
    lab.start('tandem', 'exec dist/bin/tandemd.js --config /run/tandem.yaml --runtime-dir /run/tandem');
    lab.start('keepalived', 'exec keepalived -n -l -f /run/keepalived.conf');
    await lab.must(`sleep ${settle}`, { timeout: (settle + 60) * 1000 });
    const inTable = Number(await lab.must('ipvsadm -Ln | grep -c 127.0.1.'));
    if (inTable !== 2 * services.length * servers.length) throw new Error(`${inTable} destinations are in the table, not ${2 * services.length * servers.length}`);
    const [tandem, keepalived] = await Promise.all(['tandemd', 'keepalived -n'].map((pattern) => lab.must(proportionalSetSize(pattern))));
    const sum = (text = ''): number => text.trim().split('\n').reduce((total, line) => total + Number(line.split(' ')[0]), 0) / 1024;
    return {
      measurement: { name: 'PSS of all processes, 10 services of 4 servers', unit: 'MB', tandem: [sum(tandem)], keepalived: [sum(keepalived)] },
      detail: `${tandem ?? ''}${keepalived ?? ''}`,
    };
  } finally {
    await lab.stop();
  }
};
