/** What keeps an instance from working on its interface, in words; its sockets are opened where nothing does. */
import type { NetworkMonitor } from '../network/monitor.js';
import type { Instance } from './instance.js';
import type { Ports } from './ports.js';
import { lacksSource } from './source-address.js';
import type { VirtualMacs } from './virtual-macs.js';
import { inWords } from '../control/in-words.js';

export const interfaceFault = (instance: Instance, monitor: NetworkMonitor, ports: Ports, virtualMacs: VirtualMacs): string | undefined => {
  const name = instance.configuration.interface;
  const link = monitor.link(name);
  if (!link) return `interface ${name} does not exist`;
  instance.mtu = link.mtu;
  if (!link.up) return `interface ${name} is down`;
  if (!link.running) return `interface ${name} has no carrier`;
  if (instance.source === undefined) return lacksSource(instance.configuration);
  try {
    const port = ports.ensure(link, instance.family);
    if (!instance.configuration.unicast) port.join();
    return virtualMacs.fault(instance.configuration, link, instance.holding);
  } catch (error) {
    const words = inWords(error);
    return `no VRRP socket on ${name}: ${words}${/not permitted/.test(words) ? ', CAP_NET_RAW is needed' : ''}`;
  }
};
