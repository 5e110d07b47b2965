/** The addresses that this host has, and which of them an instance sends from. Pure. */
import type { Configuration, InstanceConfiguration } from '../config/model.js';
import type { InterfaceAddress } from '../network/rtnetlink.js';
import { sourceAddress } from '../vrrp/source-address.js';
import type { HostFacts } from './facts.js';

export const virtualAddressesOf = ({ vrrp }: Pick<Configuration, 'vrrp'>): ReadonlySet<string> => new Set(vrrp.instances.flatMap(({ virtualAddresses }) => virtualAddresses.map(({ address }) => address)));

/** Without the virtual ones. */
export const ownAddresses = (host: HostFacts, configuration: Pick<Configuration, 'vrrp'>): HostFacts['addresses'] => {
  const virtual = virtualAddressesOf(configuration);
  return host.addresses.filter(({ address }) => !virtual.has(address));
};

/** Undefined while the interface has none. */
export const instanceSource = (instance: InstanceConfiguration, host: HostFacts, configuration: Pick<Configuration, 'vrrp'>): string | undefined => {
  const addresses = host.addresses.flatMap(({ interface: name, address, prefixLength }): readonly InterfaceAddress[] => (name === instance.interface ? [{ index: 0, address, prefixLength, label: undefined, secondary: false, tentative: false }] : []));
  return sourceAddress(instance, addresses, virtualAddressesOf(configuration));
};

/** The interface below a virtual MAC's macvlan; any other is itself. */
export const carrierOf = (name: string, instance: InstanceConfiguration): string => (name === instance.virtualMac?.interface ? instance.interface : name);
