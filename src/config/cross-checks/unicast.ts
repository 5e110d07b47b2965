/** What must hold among the keys of an instance's `unicast`. */
import type { Path } from '../document.js';
import { familyOf } from '../../network/ip-address.js';
import { advertisedFamily, familyNames } from './family.js';
import { uniqueness, type Context, type ReadableFile } from './context.js';

type Instance = NonNullable<NonNullable<NonNullable<ReadableFile['vrrp']>['instances']>[number]>;

export const checkUnicast = (context: Context, instance: Instance, instancePath: Path): void => {
  const { unicast } = instance;
  if (unicast === undefined) return;
  const path = [...instancePath, 'unicast'];
  const family = advertisedFamily(instance);
  const checkFamily = (address: string | undefined, place: Path): void => {
    if (address === undefined || family === undefined || familyOf(address) === family) return;
    context.report(place, { code: 'conflict', message: `${address} is not of the family of the virtual addresses`, remedy: `give an ${familyNames[family]} address` });
  };
  checkFamily(unicast.source, [...path, 'source']);
  const peers = uniqueness(context, 'name every peer once');
  unicast.peers?.forEach((peer, index) => {
    if (peer === undefined) return;
    const place = [...path, 'peers', index];
    checkFamily(peer, place);
    peers(peer, place, `${peer} is a peer already`);
    if (peer === unicast.source) context.report(place, { code: 'conflict', message: `the peer ${peer} is this router's own source`, remedy: 'name only the other routers in peers' });
  });
  const { min_ttl: least, max_ttl: most } = unicast;
  if (least !== undefined && most !== undefined && least > most) {
    context.report([...path, context.given([...path, 'min_ttl']) ? 'min_ttl' : 'max_ttl'], { code: 'conflict', message: `no TTL is from ${least} to ${most}`, remedy: 'give a min_ttl that is not above max_ttl' });
  }
};
