/** The configuration file: one schema for validation, defaults, descriptions and the editors' JSON Schema. */
import { notifications } from './schema/email.js';
import { ipvs } from './schema/ipvs.js';
import { staticEntries } from './schema/routing.js';
import { script } from './schema/track.js';
import { list, mapping, type Output } from './schema/kinds.js';
import { flag, named, oneOf, someText } from './schema/values.js';
import { virtualServer } from './schema/virtual-servers.js';
import { vrrp } from './schema/vrrp.js';

export const fileSchema = mapping({
  router_id: named().optional().describe("Name of this director in log and status; the host's name by default"),
  log: mapping({
    level: oneOf(['debug', 'info', 'warn', 'error']).prefault('info').describe('Least level that is logged'),
    format: oneOf(['text', 'json']).prefault('text').describe('text for people, json for machines'),
  })
    .prefault({})
    .describe('The log on standard output'),
  control: mapping({ group: someText('the name of a group of users').optional().describe('Group that may use the control socket beside root') })
    .prefault({})
    .describe('The control socket'),
  vrrp: vrrp.prefault({}).describe('Election: VRRP instances and sync groups'),
  static: staticEntries.prefault({}).describe('Addresses, routes and rules that are kept while the daemon runs, whatever the election says'),
  ipvs: ipvs.prefault({}).describe("The kernel's IPVS: connection sync, timeouts, settings"),
  system: mapping({
    manage: flag().prefault(false).describe('true: set the sysctls that forwarding needs (net.ipv4.ip_forward and others), and put them back; false: only warn of what is missing'),
  })
    .prefault({})
    .describe("The host's own settings"),
  virtual_servers: list(virtualServer, 'a list of services').prefault([]).describe('Services of the IPVS table'),
  scripts: list(script, 'a list of scripts').prefault([]).describe('Scripts that instances and sync groups can track'),
  notify: notifications.describe('Who is told of what happens, beside commands and FIFO'),
});

/** The file after parsing: its own key names, every value in its final form, defaults filled in. */
export type ConfigurationFile = Output<typeof fileSchema>;
