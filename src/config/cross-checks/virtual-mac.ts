/** What must hold of an instance with a virtual MAC address, and of one that does not accept packets to its addresses. */
import { virtualMacInterface } from '../../vrrp/family.js';
import type { Path } from '../document.js';
import { advertisedFamily } from './family.js';
import { uniqueness, type Context, type ReadableFile } from './context.js';

type Instance = NonNullable<NonNullable<NonNullable<ReadableFile['vrrp']>['instances']>[number]>;

/** Of the macvlan; undefined without one, and where what it follows from is wrong. */
export const virtualMacName = (instance: Instance): string | undefined => {
  const { virtual_mac: virtualMac, virtual_router_id: id } = instance;
  if (virtualMac === undefined || virtualMac === false) return undefined;
  if (virtualMac !== true) return virtualMac.interface;
  return id === undefined ? undefined : virtualMacInterface(advertisedFamily(instance) ?? 'ipv4', id);
};

export const virtualMacChecks = (context: Context): ((instance: Instance, path: Path) => void) => {
  const names = uniqueness(context, 'give one of them virtual_mac: { interface: another name }');
  const below = new Set(context.file.vrrp?.instances?.flatMap((instance) => instance?.interface ?? []));
  const made = new Set(context.file.vrrp?.instances?.flatMap((instance) => (instance === undefined ? [] : (virtualMacName(instance) ?? []))));
  return (instance, path) => {
    checkAccept(context, instance, path);
    instance.track?.interfaces?.forEach((entry, index) => {
      if (entry?.name === undefined || !made.has(entry.name)) return;
      const message = `${entry.name} is the interface of a virtual MAC, which is up only while the instance is MASTER: tracked it would never become MASTER`;
      context.report([...path, 'track', 'interfaces', index], { code: 'conflict', message, remedy: 'track the interface below it, or another one' });
    });
    const name = virtualMacName(instance);
    if (name === undefined) return;
    const place = [...path, 'virtual_mac'];
    names(name, place, `the interface of a virtual MAC is named ${name} already`);
    if (below.has(name)) context.report(place, { code: 'conflict', message: `${name} is the interface of an instance: the virtual MAC has one of its own, which is made`, remedy: 'give virtual_mac: { interface: another name }' });
    if (instance.interface === 'lo') context.report(place, { code: 'conflict', message: 'lo has no MAC addresses', remedy: 'remove virtual_mac, or give the interface of a network' });
    const carriers = instance.virtual_addresses?.map((entry, index) => entry === undefined || (entry.interface === undefined && !context.given([...path, 'virtual_addresses', index, 'interface'])) || entry.interface === name);
    if (carriers !== undefined && carriers.length > 0 && !carriers.includes(true)) {
      context.report(place, { code: 'conflict', message: 'no address would have the virtual MAC: each of them names another interface', remedy: `leave interface out where an address is to be on ${name}, or remove virtual_mac` });
    }
    if (instance.priority === 255) {
      context.report(place, { severity: 'warning', code: 'doubtful', message: 'the owner (priority 255) has the addresses on its interface already, which answers for them with its own MAC', remedy: 'give a priority below 255, or remove virtual_mac' });
    }
    if (instance.unicast !== undefined && instance.garp?.refresh === 0) {
      context.report([...path, 'garp', 'refresh'], { severity: 'warning', code: 'doubtful', message: 'with unicast only what announces the addresses has the virtual MAC as source: switches forget where it is', remedy: 'give a refresh below the ageing time of the switches (300 s as a rule)' });
    }
  };
};

/** RFC 9568, 6.4.3: the owner accepts, whatever Accept_Mode is. */
const checkAccept = ({ report }: Context, instance: Instance, path: Path): void => {
  if (instance.accept !== false || instance.priority !== 255) return;
  report([...path, 'accept'], { code: 'conflict', message: 'the owner of the addresses (priority 255) always accepts what is sent to them (RFC 9568 6.4.3)', remedy: 'remove accept, or give a priority below 255' });
};
