/** Sends advertisements, and counts and tells those that the kernel does not take. */
import type { QuietConditions } from '../control/quiet-conditions.js';
import { VirtualMacSender } from '../network/virtual-mac-frame.js';
import type { Outgoing, Port } from '../network/vrrp-port.js';
import type { Instance } from './instance.js';
import { instanceEvent } from './log.js';
import type { Ports } from './ports.js';

export class Transmission {
  private readonly virtualMacSender = new VirtualMacSender();

  constructor(
    private readonly ports: Ports,
    private readonly conditions: QuietConditions,
  ) {}

  /**
   * @param priority 0 resigns
   * @param wanted asked again when its turn in the queue comes
   */
  advertise(instance: Instance, priority: number, wanted: () => boolean): void {
    const { source, configuration } = instance;
    const port = this.ports.get(configuration.interface, instance.family);
    if (!port || source === undefined) {
      instance.count('advertisements_not_sent');
      return;
    }
    for (const outgoing of instance.advertisements(priority, source, Date.now())) {
      this.send(instance, port, outgoing, wanted, (error) => {
        if (!error) {
          instance.count(priority === 0 ? 'priority_zero_sent' : 'advertisements_sent');
          return;
        }
        instance.count('advertisements_not_sent');
        const to = configuration.unicast ? ` to ${outgoing.destination}` : '';
        this.conditions.note(
          `send ${instance.name}${to}`,
          () => instanceEvent('warn', configuration, `an advertisement could not be sent${to}: ${error.message}`),
          (count, duration) => instanceEvent('info', configuration, `advertisements are sent again${to}`, { failed: count, seconds: Math.round(duration / 1000) }),
        );
      });
    }
  }

  close(): void {
    this.virtualMacSender.close();
  }

  /** To the group with the virtual MAC as source (RFC 9568, 7.2); to peers, who may be behind routers, as any packet. */
  private send({ configuration }: Instance, port: Port, outgoing: Outgoing, wanted: () => boolean, done: (error: Error | undefined) => void): void {
    const { virtualMac, unicast } = configuration;
    if (!virtualMac || unicast) return port.send(outgoing, wanted, done);
    try {
      this.virtualMacSender.send(port.link, virtualMac.address, outgoing);
    } catch (error) {
      return done(error instanceof Error ? error : new Error(String(error)));
    }
    done(undefined);
  }
}
