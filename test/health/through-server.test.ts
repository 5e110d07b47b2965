/** Probes of a virtual address on one real server: what is asked, from where, and what is said when nothing comes back. */
import { describe, expect, it } from 'vitest';
import type { ActiveCheck } from '../../src/health/check-key.js';
import { ownAddress } from '../../src/health/own-address.js';
import type { Surroundings } from '../../src/health/probe-surroundings.js';
import type { ProbeResult } from '../../src/health/state.js';
import { probeThroughServers } from '../../src/health/through-server.js';
import { describeCheck } from '../../src/health/wording.js';
import { droppedBy } from '../../src/network/answers-from-itself.js';
import { dnsCheck, httpCheck, tcpCheck, udpCheck } from './checks.js';

const path = { mark: 77, through: { server: '10.0.0.11', forwarding: 'dr' } } as const;
const check = tcpCheck({ address: '10.0.0.100', ...path });
const never = new AbortController().signal;

/** The result, and the check that was made for it. */
const probed = async (asked: ActiveCheck, result: ProbeResult, { source = '10.0.0.1', dropping }: { readonly source?: string | null; readonly dropping?: string } = {}) => {
  const made: ActiveCheck[] = [];
  const surroundings: Surroundings = { sourceTowards: () => Promise.resolve(source ?? undefined), droppedBy: () => dropping };
  const found = await probeThroughServers((each) => Promise.resolve((made.push(each), result)), surroundings)(asked, never);
  return { made, found };
};
const failed = async (asked: ActiveCheck, reason: string): Promise<string | undefined> => {
  const { found } = await probed(asked, { ok: false, reason });
  return found.ok ? undefined : found.reason;
};
const connected: ProbeResult = { ok: true, detail: 'connected' };

describe('a probe of a virtual address', () => {
  it("goes there from the director's own address, or from the one that the file names", async () => {
    expect(await probed(check, connected)).toEqual({ made: [{ ...check, source: '10.0.0.1' }], found: connected });
    expect((await probed({ ...check, source: '10.0.0.2' }, connected)).made).toEqual([{ ...check, source: '10.0.0.2' }]);
  });

  it('is not made where no way leads to the server', async () => {
    expect(await probed(check, connected, { source: null })).toEqual({ made: [], found: { ok: false, reason: '10.0.0.100:80 through 10.0.0.11 (dr): this host has no route to 10.0.0.11, or no address of its own there' } });
  });

  it('that nothing answers asks whether the server has the address', async () => {
    const silence = 'no answer within 1 s (connecting)';
    expect(await failed(check, silence)).toBe(`10.0.0.100:80 through 10.0.0.11 (dr): ${silence}; is the address on its lo?`);
    const tunnelled = (tunnel?: { readonly type: 'gre'; readonly port: 0; readonly checksum: 'none' }): ActiveCheck => ({ ...check, through: { server: '10.2.0.11', forwarding: 'tun', ...(tunnel && { tunnel }) } });
    expect(await failed(tunnelled(), silence)).toBe(`10.0.0.100:80 through 10.2.0.11 (tun): ${silence}; is the address on its lo or tunl0, and its tunnel up?`);
    expect(await failed(tunnelled({ type: 'gre', port: 0, checksum: 'none' }), silence)).toBe(`10.0.0.100:80 through 10.2.0.11 (tun gre): ${silence}; is the address on its lo or gre0, and its tunnel up?`);
    for (const asked of [udpCheck({ ...path, requireReply: true }), dnsCheck(path)]) expect(await failed(asked, 'no answer within 1 s (waiting for the answer)')).toMatch(/; is the address on its lo\?$/);
  });

  it('that is refused says that the server is there, and any other failure what it is', async () => {
    expect(await failed(check, 'connection refused')).toBe('10.0.0.100:80 through 10.0.0.11 (dr): connection refused; the server is there, but nothing listens on that address');
    expect(await failed(httpCheck({ address: '10.0.0.100', ...path }), 'no answer within 1 s (waiting for the answer)')).toBe('10.0.0.100:80 through 10.0.0.11 (dr): no answer within 1 s (waiting for the answer)');
  });

  it("asks the server's own address, with a warning, where this host would drop the answers", async () => {
    const dropping = 'net.ipv4.conf.e0.accept_local is 0';
    const why = `10.0.0.100:80 is not asked for: this host holds the address and drops the answers, since ${dropping}`;
    const { made, found } = await probed(check, connected, { dropping });
    expect(made).toEqual([{ ...tcpCheck({ address: '10.0.0.11' }), mark: undefined, through: undefined }]);
    expect(found).toEqual({ ...connected, warning: `${why}; the real server is asked at its own address` });
    expect((await probed(check, { ok: false, reason: 'connection refused' }, { dropping })).found).toEqual({ ok: false, reason: `connection refused (at the real server's own address: ${why})` });
  });

  it('is told apart in status; other checks are left alone', async () => {
    expect(describeCheck(check)).toBe('tcp at 10.0.0.100:80 through 10.0.0.11 (dr) every 2 s');
    const plain = tcpCheck();
    expect(await probed(plain, { ok: false, reason: 'connection refused' }, { source: null, dropping: 'x' })).toEqual({ made: [plain], found: { ok: false, reason: 'connection refused' } });
  });
});

// as measured in the lab kernel (Linux 6.1)
it.each([
  ['0', '0', '0', true, 'net.ipv4.conf.e0.accept_local is 0'],
  ['0', '1', '0', true, undefined],
  ['1', '0', '0', false, undefined],
  ['0', '1', '1', true, undefined],
  ['0', '1', '1', false, 'net.ipv4.conf.e0.rp_filter is 1'],
  ['0', '1', '2', false, undefined],
])('answers with accept_local %s (all), %s (link) and rp_filter %s, the address on the same link: %s, are dropped by %s', (all, link, rpFilter, same, expected) => {
  expect(droppedBy('e0', { acceptLocal: { all, link }, rpFilter: { all: '0', link: rpFilter } }, same)).toBe(expected);
});

describe("the director's own address towards a server", () => {
  const on = (name: string, ...addresses: readonly (readonly [string, number])[]) => addresses.map(([address, prefixLength]) => ({ interface: name, address, prefixLength }));
  const host = [...on('e0', ['fd00::100', 128], ['fd00::101', 64], ['fd00::1', 64], ['fe80::1', 64], ['10.0.0.1', 24]), ...on('e1', ['fd01::1', 64])];
  const virtual = new Set(['fd00::100', 'fd00::101', '10.0.0.100']);

  it('is what the kernel would take, unless that is virtual: then another one of that interface, on the network of the server where there is one', () => {
    expect(ownAddress('10.0.0.11', '10.0.0.1', host, virtual)).toBe('10.0.0.1');
    expect(ownAddress('fd00::11', 'fd00::100', host, virtual)).toBe('fd00::1');
    expect(ownAddress('fd05::11', 'fd00::101', host, virtual)).toBe('fd00::1');
  });

  it('is none where there is no route, or no other address', () => {
    expect(ownAddress('10.0.0.11', undefined, host, virtual)).toBeUndefined();
    expect(ownAddress('fd00::11', 'fd00::100', host.slice(0, 2), virtual)).toBeUndefined();
  });
});
