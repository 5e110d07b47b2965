/** What the lvs child is told of a configuration: what it does not know yet. */
import { expect, it } from 'vitest';
import type { VirtualServerConfiguration } from '../../src/config/model.js';
import { newServices } from '../../src/supervisor/new-services.js';
import { leftServices } from '../../src/supervisor/owned.js';
import { serviceOf } from '../config/reading.js';

const service = (name: string, port: number): VirtualServerConfiguration => ({ ...serviceOf('', undefined, `port: ${port}, forwarding: dr`), name });
const [web, tls, mail] = [service('web', 80), service('tls', 443), service('mail', 25)];

it('is all of it at first, and later what is new or another, beside the names of all in their order', () => {
  expect(newServices(undefined, { virtualServers: [web, tls] })).toEqual({ names: ['web', 'tls'], virtualServers: [web, tls] });
  const changed = { ...tls, scheduler: 'rr' } as const;
  expect(newServices({ virtualServers: [web, tls] }, { virtualServers: [mail, changed, web] })).toEqual({ names: ['mail', 'tls', 'web'], virtualServers: [mail, changed] });
  expect(newServices({ virtualServers: [web, tls] }, { virtualServers: [tls] })).toEqual({ names: ['tls'], virtualServers: [] });
});

it('names as left over what is recorded as ours and wanted no more', () => {
  const owned = [{ protocol: 'tcp', address: '192.0.2.10', port: 80 }, { protocol: 'tcp', address: '192.0.2.10', port: 443 }, { fwmark: 7, family: 'ipv4' }] as const;
  expect(leftServices(owned, { virtualServers: [web] })).toEqual([owned[1], owned[2]]);
});
