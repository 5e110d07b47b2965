/** A configuration as the file would read with every default written out. */
import { stringify } from 'yaml';
import { destinationsOf, forwardingName } from './forwarding-name.js';
import { fileForm, serviceForm, type FileMapping } from './file-form.js';
import type { Configuration, VirtualServerConfiguration } from './model.js';

/** YAML that the schema accepts; passwords are masked, health checks stand at each real server. */
export const showDefaults = (configuration: Configuration): string =>
  stringify({ ...fileForm(configuration), virtual_servers: configuration.virtualServers.map(withForwarding) }, { lineWidth: 0, keepUndefined: false, aliasDuplicateObjects: false });

/** The file must say a service's forwarding; in the configuration only its destinations have one. */
const withForwarding = (service: VirtualServerConfiguration): FileMapping => {
  const { name, address, port, protocol, scheduler, ...rest } = serviceForm(service);
  const [first] = destinationsOf(service);
  return { name, address, port, protocol, scheduler, forwarding: first ? forwardingName(first) : 'dr', ...rest };
};
