/** Failover and fail-back of a NAT pair: port mapping, and a sync group of the outside and the inside address. */
import { describe, expect, it } from 'vitest';
import { addresses } from '../../src/lab/topology.js';
import { holdersOf } from './director-view.js';
import { describeFailover, masterDownInterval } from './failover.js';

describe('a pair with NAT', () => {
  const pair = describeFailover('nat');

  it('the inside address is where the outside address is', async () => {
    expect(await holdersOf(pair().site, addresses.insideVip)).toEqual(['d1']);
  });

  it('when only the inside link of the master is cut, both addresses move, within the master down interval', async () => {
    const { site, d2, slack } = pair();
    const cut = await pair().cut('d1', 'e1');
    await pair().takenOverBy(d2, cut);
    const { milliseconds, failures } = pair().outageSince(cut - slack);
    console.log(`nat: inside link cut: outage ${milliseconds} ms, ${failures} requests lost`);
    expect(milliseconds).toBeLessThanOrEqual(masterDownInterval + slack);
    expect(await holdersOf(site, site.vip)).toEqual(['d2']);
    expect(await holdersOf(site, addresses.insideVip)).toEqual(['d2']);
  });

  it('the long-lived connection and the persistent clients go on where they were', async () => {
    pair().expectUnbroken();
    expect(await pair().persistent.ask()).toEqual(pair().assignment);
  });

  it('when the link is back, both addresses return, and nobody loses a connection or a server', async () => {
    const { site, d1, slack } = pair();
    const returned = await site.lab.now();
    await site.restoreLink('d1', 'e1');
    await pair().takenOverBy(d1, returned);
    expect(pair().outageSince(returned).milliseconds).toBeLessThanOrEqual(slack);
    await expect.poll(() => holdersOf(site, site.vip)).toEqual(['d1']);
    await expect.poll(() => holdersOf(site, addresses.insideVip)).toEqual(['d1']);
    pair().expectUnbroken();
    expect(await pair().persistent.ask()).toEqual(pair().assignment);
  });
});
