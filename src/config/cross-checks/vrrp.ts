/** What must hold among instances and sync groups. */
import type { Path } from '../document.js';
import { formatDuration } from '../duration.js';
import { nearest } from '../nearest.js';
import { version2Interval, version3Interval } from '../schema/vrrp.js';
import { expectedDuration, withinLimits } from '../schema/values.js';
import { checkInstanceTracking, checkTracking } from './tracking.js';
import { familyOf, isLinkLocal } from '../../network/ip-address.js';
import { checkGarp } from './garp.js';
import { addressesOfTrailer, advertisedFamily, checkFamily, mostAdvertisedIPv6 } from './family.js';
import { checkAuthentication } from './authentication.js';
import { checkUnicast } from './unicast.js';
import { virtualMacChecks, virtualMacName } from './virtual-mac.js';
import { uniqueness, type Context, type ReadableFile } from './context.js';

type Instance = NonNullable<NonNullable<NonNullable<ReadableFile['vrrp']>['instances']>[number]>;

/** The count of addresses in an advertisement is one octet (RFC 9568 5.2.5, RFC 3768 5.3.5). */
const mostAdvertised = 255;

export const checkVrrp = (context: Context): void => {
  const instances = context.file.vrrp?.instances ?? [];
  const names = uniqueness(context, 'give every instance a name of its own');
  const routers = uniqueness(context, 'give every instance on an interface a virtual_router_id of its own');
  const addresses = uniqueness(context, 'let one instance hold the address, once');
  const checkVirtualMac = virtualMacChecks(context);
  instances.forEach((instance, index) => {
    if (instance === undefined) return;
    const path = ['vrrp', 'instances', index];
    const { name, virtual_router_id: id } = instance;
    if (name !== undefined) names(name, [...path, 'name'], `an instance is named ${name} already`);
    if (id !== undefined && instance.interface !== undefined) routers(`${instance.interface} ${advertisedFamily(instance) ?? 'ipv4'} ${id}`, [...path, 'virtual_router_id'], `virtual_router_id ${id} is in use on ${instance.interface} already`);
    instance.virtual_addresses?.forEach((entry, item) => {
      const place: Path = [...path, 'virtual_addresses', item];
      const address = entry?.address?.address;
      if (address === undefined) return;
      // a link-local address belongs to its link
      const link = isLinkLocal(address) ? ` ${entry?.interface ?? instance.interface ?? ''}` : '';
      addresses(`${address}${link}`, context.given([...place, 'address']) ? [...place, 'address'] : place, `${address} is a virtual address already`);
    });
    checkVersion(context, instance, path);
    checkAddresses(context, instance, path);
    checkInstanceTracking(context, instance, path);
    checkFamily(context, instance, path, versionOf(context, instance, path));
    checkUnicast(context, instance, path);
    checkGarp(context, instance, path);
    checkVirtualMac(instance, path);
    if (instance.priority === 255 && instance.preempt === false && context.given([...path, 'preempt'])) {
      context.report([...path, 'preempt'], { severity: 'warning', code: 'doubtful', message: 'preempt: false has no effect with priority 255: the owner of the addresses always takes over', remedy: 'give a priority below 255, or leave preempt out' });
    }
  });
  checkSyncGroups(context);
  checkTracking(context);
};

/** The version in force; undefined when the file gives a wrong one. */
const versionOf = ({ file, given }: Context, instance: Instance, path: Path): 2 | 3 | undefined => {
  if (instance.version !== undefined) return instance.version;
  return given([...path, 'version']) ? undefined : file.vrrp?.version;
};

const checkVersion = (context: Context, instance: Instance, path: Path): void => {
  const version = versionOf(context, instance, path);
  checkAuthentication(context, instance, path, version);
  if (version === undefined) return;
  const interval = instance.advertisement_interval;
  const limits = version === 2 ? version2Interval : version3Interval;
  if (interval !== undefined && !withinLimits(interval, limits)) {
    context.report([...path, 'advertisement_interval'], { code: 'invalid_value', message: `advertisement_interval cannot be ${formatDuration(interval)} with VRRP version ${version}`, remedy: `give ${expectedDuration(limits)}${version === 2 ? ', or version: 3' : ''}` });
  }
  if (version === 2 && context.given([...path, 'checksum'])) {
    context.report([...path, 'checksum'], { code: 'conflict', severity: 'warning', message: 'checksum has no effect with VRRP version 2', remedy: 'leave checksum out, or give version: 3', at: 'key' });
  }
};

const numberOf = (address: string): number => address.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
const isWithin = (address: string, network: string, prefixLength: number): boolean => {
  const size = 2 ** (32 - prefixLength);
  return Math.floor(numberOf(address) / size) === Math.floor(numberOf(network) / size) || address === '255.255.255.255';
};

const checkAddresses = (context: Context, instance: Instance, path: Path): void => {
  const entries = instance.virtual_addresses ?? [];
  const list = [...path, 'virtual_addresses'];
  entries.forEach((entry, index) => {
    const carrier = entry?.interface ?? (context.given([...list, index, 'interface']) ? undefined : (virtualMacName(instance) ?? instance.interface));
    const { address, prefixLength } = entry?.address ?? {};
    const { broadcast, scope } = entry ?? {};
    const isIPv6 = address !== undefined && familyOf(address) === 'ipv6';
    if (isIPv6 && broadcast !== undefined) {
      context.report([...list, index, 'broadcast'], { code: 'conflict', message: 'an IPv6 address has no broadcast address', remedy: 'remove broadcast', at: 'key' });
    } else if (address !== undefined && prefixLength !== undefined && broadcast !== undefined && broadcast !== 'none' && !isWithin(broadcast, address, prefixLength)) {
      context.report([...list, index, 'broadcast'], { severity: 'warning', code: 'doubtful', message: `the broadcast address ${broadcast} is not in the network of ${address}/${prefixLength}`, remedy: 'leave broadcast out: it follows from the length' });
    }
    if (isIPv6 && scope !== undefined && scope !== 'global') {
      context.report([...list, index, 'scope'], { severity: 'warning', code: 'conflict', message: 'scope has no effect with IPv6, where it follows from the address', remedy: 'remove scope', at: 'key' });
    }
    if (entry?.label !== undefined && isIPv6) {
      context.report([...list, index, 'label'], { code: 'conflict', message: 'an IPv6 address has no label', remedy: 'remove label', at: 'key' });
    } else if (entry?.label !== undefined && carrier !== undefined && !entry.label.startsWith(carrier)) {
      context.report([...list, index, 'label'], { code: 'invalid_value', message: `the label ${entry.label} does not begin with the interface's name`, remedy: `give a label such as "${`${carrier}:vip`.slice(0, 15)}"` });
    }
  });
  const advertised = entries.filter((entry) => entry?.advertise !== false).length;
  if (advertisedFamily(instance) === 'ipv6') {
    const most = mostAdvertisedIPv6 - (instance.authentication?.type === 'hmac' ? addressesOfTrailer : 0);
    if (advertised > most) context.report(list, { code: 'invalid_value', message: `${advertised} addresses do not fit into an advertisement`, remedy: `advertise at most ${most}: give the others advertise: false`, at: 'key' });
  } else if (advertised > mostAdvertised) {
    const message = `${advertised} addresses do not fit into an advertisement: the first ${mostAdvertised} are listed in it, all of them are held`;
    context.report(list, { severity: 'warning', code: 'doubtful', message, remedy: 'give those that need not be listed advertise: false, alike on both directors', at: 'key' });
  }
  if (advertised === 0 && entries.length > 0) context.report(list, { code: 'invalid_value', message: 'no address is advertised', remedy: 'leave advertise: false out for at least one address (RFC 9568 5.2.5)', at: 'key' });
};

const checkSyncGroups = (context: Context): void => {
  const groups = context.file.vrrp?.sync_groups ?? [];
  const names = uniqueness(context, 'give every group a name of its own');
  const members = uniqueness(context, 'let an instance be in one group, once');
  groups.forEach((group, index) => {
    const path = ['vrrp', 'sync_groups', index];
    if (group?.name !== undefined) names(group.name, [...path, 'name'], `a group is named ${group.name} already`);
    group?.instances?.forEach((name, item) => {
      if (name === undefined) return;
      members(name, [...path, 'instances', item], `${name} is in a sync group already`);
      checkInstanceReference(context, name, [...path, 'instances', item]);
    });
    if (group?.instances?.length === 1) context.report([...path, 'instances'], { severity: 'warning', code: 'doubtful', message: 'a group of one instance synchronises nothing', remedy: 'name at least two instances, or remove the group' });
  });
};

/** A name that must be an instance's. Where an instance's own name is wrong, nothing is said. */
export const checkInstanceReference = ({ file, report }: Context, name: string, path: Path): void => {
  const names = file.vrrp?.instances?.map((instance) => instance?.name);
  if (names === undefined || names.includes(name) || names.includes(undefined)) return;
  const known = [...new Set(names)].filter((each) => each !== undefined);
  const suggestion = nearest(name, known);
  report(path, {
    code: 'unknown_reference',
    message: `no instance is named ${name}`,
    remedy: `${suggestion === undefined ? '' : `did you mean ${suggestion}? `}${known.length === 0 ? 'there are no instances: add one to vrrp.instances' : `instances: ${known.join(', ')}`}`,
  });
};
