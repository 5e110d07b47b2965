/** Follows the host's interfaces and addresses: FAULT and recovery of the instances on them, addresses put back, sources chosen anew. */
import { event, type Report } from '../control/event.js';
import type { Announcer } from '../network/announcer.js';
import type { NetworkChange, NetworkMonitor } from '../network/monitor.js';
import type { Holdings } from './holdings.js';
import type { Instance } from './instance.js';
import { interfaceFault } from './interface-fault.js';
import type { Ports } from './ports.js';
import type { RouterEvent, RouterState } from './router.js';
import { mayBeSource, sourceAddress } from './source-address.js';
import type { Tracking } from './tracking.js';
import type { VirtualMacs } from './virtual-macs.js';

export interface InterfaceParts {
  readonly instances: ReadonlyMap<string, Instance>;
  readonly router: () => RouterState;
  /** of all instances: none of them is an address to send from */
  readonly virtualAddresses: () => ReadonlySet<string>;
  readonly monitor: NetworkMonitor;
  readonly ports: Ports;
  readonly announcer: Announcer;
  readonly holdings: Holdings;
  readonly tracking: Tracking;
  readonly virtualMacs: VirtualMacs;
  readonly dispatch: (event: RouterEvent) => void;
  readonly report: Report;
}

export class Interfaces {
  constructor(private readonly of: InterfaceParts) {}

  /** Links and addresses of this host changed. */
  changed(change: NetworkChange): void {
    if (change.type === 'link') {
      const { name: interfaceName, link, renamedTo, hardwareAddressChanged } = change;
      if (!link) {
        for (const family of ['ipv4', 'ipv6'] as const) {
          const port = this.of.ports.get(interfaceName, family);
          if (port) this.of.announcer.forget(port.link.index);
        }
        this.of.ports.close(interfaceName);
      }
      this.of.tracking.linkChanged(interfaceName);
      this.of.virtualMacs.retry(interfaceName);
      this.virtualMacChanged(interfaceName);
      for (const instance of this.of.instances.values()) {
        const { configuration } = instance;
        const carried = configuration.virtualAddresses.some((address) => address.interface === interfaceName);
        if (configuration.interface === interfaceName) this.followInterface(instance);
        // an interface that carries only addresses came back: they go on it again
        else if (link && carried) this.of.holdings.repair(instance);
        // under its new name it must not keep what we put on it
        if (renamedTo !== undefined && carried) this.of.holdings.leaveBehind(instance, interfaceName, renamedTo);
        if (hardwareAddressChanged && carried) this.of.holdings.announceNow(instance);
      }
      return;
    }
    const name = this.of.monitor.nameOf(change.address.index);
    const { address, prefixLength } = change.address;
    const virtualAddresses = this.of.virtualAddresses();
    for (const instance of this.of.instances.values()) {
      const { configuration } = instance;
      if (configuration.interface === name && mayBeSource(configuration, address, virtualAddresses)) {
        if (this.primaryAddress(instance) !== instance.source) this.followInterface(instance);
      }
      if (change.type !== 'address_removed') continue;
      const isOurs = configuration.virtualAddresses.some((wanted) => wanted.address === address && wanted.prefixLength === prefixLength && wanted.interface === name);
      if (isOurs) this.of.holdings.repair(instance);
    }
  }

  /** What an instance is to send from; undefined: its interface has nothing. */
  primaryAddress({ configuration, source }: Instance): string | undefined {
    const link = this.of.monitor.link(configuration.interface);
    return link && sourceAddress(configuration, this.of.monitor.addressesOf(link.index), this.of.virtualAddresses(), source);
  }

  /** Its interface, or that interface's primary address, may have changed. */
  private followInterface(instance: Instance): void {
    const source = this.primaryAddress(instance);
    // one that is gone leaves its address behind: the FAULT must come first
    if (source !== instance.source && this.of.monitor.link(instance.configuration.interface)) {
      instance.source = source;
      this.of.dispatch({ type: 'configure', instance: instance.name, settings: instance.settings, group: instance.group });
    }
    this.check(instance);
  }

  /** The interface of a virtual MAC was made, or changed, or someone deleted it. */
  virtualMacChanged(interfaceName: string): void {
    const index = this.of.virtualMacs.vanished(interfaceName);
    if (index !== undefined) this.of.announcer.forget(index);
    for (const instance of this.of.instances.values()) {
      if (instance.configuration.virtualMac?.interface !== interfaceName) continue;
      this.check(instance);
      if (instance.holding && this.of.monitor.link(interfaceName)?.up === false) {
        this.of.virtualMacs.raise(instance);
        this.of.holdings.repair(instance);
      }
    }
  }

  /** FAULT, or no more, by what its interface lacks. */
  check(instance: Instance): void {
    const name = instance.configuration.interface;
    const reason = interfaceFault(instance, this.of.monitor, this.of.ports, this.of.virtualMacs);
    const had = this.of.router().get(instance.name)?.faults.get('interface');
    if (reason === had) return;
    this.of.dispatch(
      reason === undefined
        ? { type: 'fault_cleared', instance: instance.name, fault: 'interface', reason: `interface ${name} is up again` }
        : { type: 'fault', instance: instance.name, fault: 'interface', reason },
    );
  }

  portFailed(interfaceName: string, error: Error): void {
    this.of.report(event('error', `the VRRP socket on ${interfaceName} failed: ${error.message}; it is opened again`, { interface: interfaceName }));
    for (const instance of this.of.instances.values()) if (instance.configuration.interface === interfaceName) this.check(instance);
  }
}
