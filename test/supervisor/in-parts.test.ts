/** A configuration on its way to the lvs child: in parts, and whole again there. */
import { describe, expect, it } from 'vitest';
import type { VirtualServerConfiguration } from '../../src/config/model.js';
import { inParts, ReceivedParts } from '../../src/supervisor/in-parts.js';
import type { LvsConfigure } from '../../src/supervisor/messages.js';
import { acceptedWithWarnings } from '../config/reading.js';
import { exampleFiles } from '../config/example-files.js';
import { realServer, virtualServer } from '../health/checks.js';

const configure = (virtualServers: readonly VirtualServerConfiguration[], generation = 1): LvsConfigure => ({
  type: 'configure',
  generation,
  ipvs: { sync: undefined, timeouts: { tcp: undefined, tcpFin: undefined, udp: undefined }, onStop: 'keep', sysctls: {}, modprobe: ['/sbin/modprobe'] },
  names: virtualServers.map(({ name }) => name),
  virtualServers,
  owned: [],
});

const received = (message: LvsConfigure, parts = new ReceivedParts()): LvsConfigure | undefined => {
  for (const part of inParts(message)) {
    if (part.type === 'configure') return parts.whole(part);
    parts.add(part);
  }
  return undefined;
};

const pool = (name: string, servers: number): VirtualServerConfiguration => ({ ...virtualServer(Array.from({ length: servers }, (_, n) => realServer(n))), name });

describe('a configuration in parts', () => {
  it.each(exampleFiles)('is what it was: $name', ({ text }) => {
    const { virtualServers } = acceptedWithWarnings(text).configuration;
    expect(received(configure(virtualServers))).toEqual(configure(virtualServers));
  });

  it('is made of messages of bounded size, unless one service alone is larger', () => {
    const message = configure([pool('a', 200), pool('b', 200), pool('c', 200), pool('d', 700), pool('e', 1)]);
    const named = [...inParts(message)].map((part) => (part.type === 'configure' ? 'configure' : (JSON.parse(part.text) as readonly VirtualServerConfiguration[]).map(({ name }) => name).join('')));
    expect(named).toEqual(['abc', 'd', 'e', 'configure']);
    expect(received(message)).toEqual(message);
  });

  it('is one message where no virtual server is new', () => {
    expect([...inParts(configure([]))]).toMatchObject([{ type: 'configure', names: [] }]);
    expect(received(configure([]))).toEqual(configure([]));
  });

  it('has nothing of one before it whose rest was lost', () => {
    const parts = new ReceivedParts();
    const [lost] = inParts(configure([pool('a', 1)], 1));
    if (lost?.type === 'virtual_servers') parts.add(lost);
    expect(received(configure([], 2), parts)?.virtualServers).toEqual([]);
    if (lost?.type === 'virtual_servers') parts.add(lost);
    expect(received(configure([pool('b', 1)], 3), parts)?.virtualServers.map(({ name }) => name)).toEqual(['b']);
  });
});
