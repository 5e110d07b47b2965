/** Stands in for a child: answers as the contract says, notes what it gets in TANDEM_STUB_DIR, misbehaves as TANDEM_STUB_VRRP / _LVS say. */
import { appendFileSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

const name = basename(process.argv[1]).startsWith('lvs') ? 'lvs' : 'vrrp';
const directory = process.env.TANDEM_STUB_DIR ?? '/tmp';
const manners = (process.env[`TANDEM_STUB_${name.toUpperCase()}`] ?? '').split(',');
const note = (what) => appendFileSync(`${directory}/${name}.jsonl`, `${JSON.stringify({ ...what, pid: process.pid })}\n`);
const send = (message) => process.connected && process.send(message, () => undefined);

if (manners.includes('die')) process.exit(7);
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => note({ type: 'signal', signal }));
if (manners.includes('print')) {
  console.log('to standard output');
  console.error('to standard\nerror');
}
let configuration;
process.on('message', (message) => {
  if (message.type !== 'ping') {
    let owned = null;
    try {
      owned = JSON.parse(readFileSync(`${process.env.TANDEM_STUB_RUNTIME}/owned.json`, 'utf8'));
    } catch {}
    note({ type: message.type, message, record: owned });
  }
  switch (message.type) {
    case 'configure':
      configuration = message;
      if (name === 'vrrp') send({ type: 'masters', instances: message.vrrp.instances.map((i) => ({ instance: i.name, masterDownInterval: 3_000_000 })), isolated: false });
      if (name === 'lvs' && manners.includes('modules')) send({ type: 'load_modules', id: 1, command: ['/bin/echo', 'x'], modules: ['ip_vs'] });
      if (!manners.includes('unconfigured')) send({ type: 'configured', generation: message.generation });
      break;
    case 'configure_again':
      if (!manners.includes('unconfigured')) send({ type: 'configured', generation: message.generation });
      break;
    case 'ping':
    case 'status':
      if (!manners.includes('silent')) send({ type: message.type === 'ping' ? 'pong' : 'status', id: message.id, ...(name === 'vrrp' ? { instances: [], sync: undefined } : { virtualServers: [] }) });
      break;
    case 'count':
      send({ type: 'counted', servers: 0, healthy: 0 });
      break;
    case 'operate': {
      const { kind, instance } = message.request;
      if (manners.includes('die_when_operated')) process.exit(9);
      const replies = {
        failover: { ok: true, kind, handovers: [{ instance, master: '192.0.2.2', priority: 100, duration: 612_345 }] },
        reset_counters: { ok: true, kind, instances: [] },
        reclaim: { ok: true, kind, message: `${instance} takes part again` },
      };
      send({ type: 'operated', id: message.id, reply: instance === 'web' || kind === 'reset_counters' ? replies[kind] : { ok: false, error: `there is no instance '${instance}'` } });
      break;
    }
    case 'stop':
      if (manners.includes('stubborn')) break;
      const event = { time: Date.now(), level: 'info', message: `${name} released`, fields: { instances: configuration?.vrrp?.instances.length ?? 0 } };
      send(name === 'lvs' ? { type: 'events', events: [event] } : { type: 'event', event });
      process.send({ type: 'stopped' }, () => process.exit(0));
      break;
  }
});
process.on('disconnect', () => {
  note({ type: 'disconnect' });
  process.exit(0);
});
note({ type: 'started', environment: Object.keys(process.env).filter((key) => /NOTIFY|WATCHDOG/.test(key)), title: process.title });
send({ type: 'ready' });
