// Reconciliation of the IPVS table: single cases by name.
import { describe, expect, it } from 'vitest';
import { describe as words, type Operation } from '../../src/ipvs/operation.js';
import { reconcile } from '../../src/ipvs/reconcile.js';
import { missingSchedulerModules } from '../../src/ipvs/scheduler.js';
import { serviceFromConfiguration } from '../../src/ipvs/table.js';
import type { VirtualServerConfiguration } from '../../src/config/model.js';
import { type Microseconds, Milliseconds, Seconds } from '../../src/time/microseconds.js';
import { destination, inKernel, service } from './samples.js';

const web = service();
const pair = [destination(11), destination(12)];
const inWords = (operations: readonly Operation[]): readonly string[] => operations.map(words);

describe('reconcile', () => {
  it('asks nothing of a kernel that is right', () => {
    const desired = [{ name: 'web', service: web, destinations: pair }];
    expect(reconcile(desired, desired.map(inKernel), [])).toEqual([]);
  });

  it('fills an empty table: the service, then its destinations', () => {
    const tunnel = destination(13, { forwarding: 'tun', weight: 5 });
    expect(inWords(reconcile([{ name: 'web', service: web, destinations: [...pair, tunnel] }], [], []))).toEqual([
      '10.0.0.100:80/tcp: added, scheduler wrr',
      '10.0.0.100:80/tcp: added 10.0.0.11:80 weight 1 dr',
      '10.0.0.100:80/tcp: added 10.0.0.12:80 weight 1 dr',
      '10.0.0.100:80/tcp: added 10.0.0.13:80 weight 5 tun',
    ]);
  });

  it('edits a service whose scheduler, persistence or flags differ, and leaves its destinations', () => {
    const persistent = service({ scheduler: 'sh', schedulerFlags: 8, persistence: { timeout: Seconds(360), netmask: '255.255.255.0' } });
    const actual = [inKernel({ service: web, destinations: pair })];
    expect(inWords(reconcile([{ name: 'web', service: persistent, destinations: pair }], actual, []))).toEqual([
      '10.0.0.100:80/tcp: changed, scheduler wrr -> sh, persistence none -> 360 s netmask 255.255.255.0, scheduler flags none -> 0x8',
    ]);
  });

  it('deletes a recorded service that is no longer wanted, and leaves a stranger alone', () => {
    const actual = [8080, 8081].map((port) => inKernel({ service: service({ port }), destinations: pair }));
    expect(inWords(reconcile([], actual, [{ protocol: 'tcp', address: '10.0.0.100', port: 8080 }]))).toEqual(['10.0.0.100:8080/tcp: deleted']);
  });

  it('leaves what it does not know alone: firewall marks, SCTP, IPv6', () => {
    const settings = { scheduler: 'rr', persistence: undefined, onePacket: false, schedulerFlags: 0, persistenceEngine: undefined };
    const actual = [
      inKernel({ service: { family: 'ipv4', fwmark: 7, ...settings }, destinations: pair }),
      inKernel({ service: service({ protocol: 'sctp' }), destinations: pair }),
      inKernel({ service: service({ address: '2001:db8::1' }), destinations: [] }),
    ];
    expect(reconcile([], actual, [{ protocol: 'tcp', address: '10.0.0.100', port: 80 }])).toEqual([]);
  });

  it('asks nothing for a recorded service that is gone already', () => {
    expect(reconcile([], [], [{ protocol: 'tcp', address: '10.0.0.100', port: 80 }])).toEqual([]);
  });

  it('puts the sorry server in before the last server goes, and the server in before the sorry server goes', () => {
    const sorry = destination(99);
    const [server = sorry] = pair;
    const only = (one: typeof sorry) => ({ name: 'web', service: web, destinations: [one] });
    expect(inWords(reconcile([only(sorry)], [inKernel(only(server))], []))).toEqual([
      '10.0.0.100:80/tcp: added 10.0.0.99:80 weight 1 dr',
      '10.0.0.100:80/tcp: deleted 10.0.0.11:80',
    ]);
    expect(inWords(reconcile([only(server)], [inKernel(only(sorry))], []))).toEqual([
      '10.0.0.100:80/tcp: added 10.0.0.11:80 weight 1 dr',
      '10.0.0.100:80/tcp: deleted 10.0.0.99:80',
    ]);
  });

  it('raises weights before it lowers others', () => {
    const actual = [inKernel({ service: web, destinations: [destination(11), destination(12, { weight: 0 })] })];
    const desired = [{ name: 'web', service: web, destinations: [destination(11, { weight: 0 }), destination(12)] }];
    expect(inWords(reconcile(desired, actual, []))).toEqual([
      '10.0.0.100:80/tcp: changed 10.0.0.12:80 weight 0 -> 1',
      '10.0.0.100:80/tcp: changed 10.0.0.11:80 weight 1 -> 0',
    ]);
  });

  it('changes a forwarding method and thresholds in place', () => {
    const actual = [inKernel({ service: web, destinations: [destination(11)] })];
    const desired = [{ name: 'web', service: web, destinations: [destination(11, { forwarding: 'nat', upperThreshold: 200 })] }];
    expect(inWords(reconcile(desired, actual, []))).toEqual(['10.0.0.100:80/tcp: changed 10.0.0.11:80 dr -> nat, upper threshold none -> 200']);
  });

  it('asks once for a destination that is listed twice', () => {
    expect(reconcile([{ name: 'web', service: web, destinations: [destination(11), destination(11)] }], [], [])).toHaveLength(2);
  });

  it('finds what is missing among 2,000 services of 16', () => {
    const desired = Array.from({ length: 2_000 }, (_, index) => ({
      name: `s${index}`,
      service: service({ address: `10.1.${index >> 8}.${index & 255}` }),
      destinations: Array.from({ length: 16 }, (__, last) => destination(last + 1)),
    }));
    const actual = desired.map(({ service: of, destinations }, index) => inKernel({ service: of, destinations: index % 10 === 0 ? destinations.slice(1) : destinations }));
    expect(reconcile(desired, actual, [])).toHaveLength(200);
  });
});

describe('missing scheduler modules', () => {
  it('are those of services that were refused with ENOENT, each once', () => {
    const add = (scheduler: string) => ({ type: 'add_service', service: service({ scheduler }) }) as const;
    const gone = { type: 'delete_destination', service: web, destination: destination(11) } as const;
    expect(
      missingSchedulerModules([
        { operation: add('mh'), code: 'ENOENT' },
        { operation: add('mh'), code: 'ENOENT' },
        { operation: { type: 'edit_service', service: service({ scheduler: 'fo' }), before: web }, code: 'ENOENT' },
        { operation: add('lc'), code: 'EEXIST' },
        { operation: gone, code: 'ENOENT' },
      ]),
    ).toEqual(['ip_vs_mh', 'ip_vs_fo']);
  });
});

describe('the service of a virtual server', () => {
  const target = { address: '10.0.0.100', port: 80 };
  const configuration: VirtualServerConfiguration = {
    name: 'web',
    targets: [target],
    protocol: 'tcp',
    scheduler: 'wrr',
    schedulerFlags: [],
    onePacket: false,
    persistence: undefined,
    modules: [],
    quorum: { weight: 1, hysteresis: 0 },
    sorryServer: undefined,
    onFailure: 'remove',
    realServers: [],
  };

  it('is what the configuration says', () => {
    expect(serviceFromConfiguration(target, configuration)).toEqual(web);
  });

  it('has a persistence of whole seconds, rounded up, 360 for 0', () => {
    const netmask = '255.255.255.0';
    const persistent = (timeout: Microseconds) =>
      serviceFromConfiguration(target, { ...configuration, persistence: { timeout, netmask, engine: undefined } }).persistence;
    expect(persistent(Milliseconds(1_200))).toEqual({ timeout: Seconds(2), netmask });
    expect(persistent(Seconds(0))).toEqual({ timeout: Seconds(360), netmask });
  });
});
