/** Mistakes of the host and of the daemon: modules, capabilities, settings, interfaces, who else configures them. Pure. */
import type { Configuration } from '../config/model.js';
import { needsOf, sysctlName } from '../ipvs/kernel-needs.js';
import { lacksSource } from '../vrrp/source-address.js';
import type { MistakeCode } from './catalogue.js';
import type { Facts } from './facts.js';
import { type Finding, finding } from './finding.js';
import { carrierOf, instanceSource } from './own-addresses.js';

/** On a director. */
export const findInHost = (facts: Facts): readonly Finding[] => {
  const { configuration, host } = facts;
  if (configuration === undefined) return [];
  return [...modules(facts), ...daemon(facts), ...settings(configuration, host), ...interfaces(configuration, host), ...managers(configuration, host)];
};

export const findUnseen = ({ unseen }: Facts): readonly Finding[] => unseen.map(({ what, problem, remedy }) => finding('not_examined', what, problem, remedy));

const modules = ({ host }: Facts): readonly Finding[] => {
  const names = host.missingModules.map(({ name }) => name).join(', ');
  const [first] = host.missingModules;
  return first === undefined ? [] : [finding('kernel_module_missing', names, first.problem, `install the kernel's modules for the kernel that runs (uname -r), or boot one that has ${names}`)];
};

const daemon = ({ daemon: facts, file, configuration }: Facts): readonly Finding[] => {
  if (facts === undefined) return [];
  const { status, problem, processes } = facts;
  if (status === undefined) return [finding('daemon_not_running', 'tandemd', problem ?? 'it does not answer', 'systemctl start tandemd, and look at its log: journalctl -u tandemd -e')];
  const lacking = processes.map(({ name, lacks }) =>
    finding('capability_missing', name, `the process ${name} of tandemd lacks ${lacks.join(', ')}`, `give them in the unit: CapabilityBoundingSet and AmbientCapabilities as in systemd/tandemd.service, then systemctl restart tandemd (a container: --cap-add)`),
  );
  const { sha256 } = status.config;
  const changed = file !== undefined && file.sha256 !== sha256 ? [finding('configuration_not_loaded', file.path, `the daemon runs with a file ${status.config.path} of ${status.config.loaded_at}, and ${file.path} is another one now`, 'tandem reload --dry-run shows what would change, tandem reload does it')] : [];
  const faults = status.instances
    .filter(({ name, state }) => state === 'FAULT' && configuration?.vrrp.instances.some((instance) => instance.name === name) === true)
    .map(({ name, reason }) => finding('instance_fault', name, `it is in FAULT: ${reason}`, `mend that (tandem explain ${name} says more); track decides what counts as a fault`));
  return [...lacking, ...changed, ...faults];
};

const codes: readonly (readonly [RegExp, MistakeCode])[] = [
  [/rp_filter$/, 'rp_filter'],
  [/send_redirects$/, 'send_redirects'],
  [/ip_forward$|\/forwarding$/, 'ip_forward'],
];

const settings = (configuration: Configuration, { sysctls, addresses }: Facts['host']): readonly Finding[] => {
  const needs = needsOf(configuration, addresses);
  const wrong = needs.settings.flatMap(({ path, wanted, fits, why }): readonly Finding[] => {
    const value = sysctls[path];
    if (value === undefined || fits(value, (other) => sysctls[other])) return [];
    const code = codes.find(([pattern]) => pattern.test(path))?.[1] ?? 'ip_forward';
    const name = sysctlName(path);
    return [finding(code, name, `${name} is ${value}`, `sysctl -w ${name}=${wanted}, and the same in /etc/sysctl.d; or system: { manage: true }`, why)];
  });
  const ipvs = Object.entries(configuration.ipvs.sysctls).flatMap(([name, wanted]): readonly Finding[] => {
    const value = sysctls[`ipv4/vs/${name}`];
    // several numbers stand between tabs
    if (value === undefined || value.replace(/\s+/g, ' ') === wanted.replace(/\s+/g, ' ')) return [];
    return [finding('ipvs_setting', `net.ipv4.vs.${name}`, `net.ipv4.vs.${name} is ${value.replace(/\s+/g, ' ')}, and ipvs.${name} says ${wanted}`, `sysctl -w net.ipv4.vs.${name}="${wanted}"; tandemd sets it when it starts or reloads, so find what changed it since (/etc/sysctl.d)`)];
  });
  return [...wrong, ...ipvs, ...needs.notes.map((note) => finding('director_is_real_server', note.split(':')[0] ?? '', note.slice(note.indexOf(':') + 2), 'give the service forwarding: fullnat'))];
};

/** Those that the configuration names; a macvlan of a virtual MAC is the daemon's own. */
const namedInterfaces = ({ vrrp, ipvs }: Configuration): readonly string[] => [
  ...new Set([...vrrp.instances.flatMap((instance) => [instance.interface, ...instance.virtualAddresses.map((virtual) => carrierOf(virtual.interface, instance))]), ...(ipvs.sync ? [ipvs.sync.interface] : [])]),
];

const interfaces = (configuration: Configuration, host: Facts['host']): readonly Finding[] => {
  const state = namedInterfaces(configuration).flatMap((name): readonly Finding[] => {
    const link = host.links.find((each) => each.name === name);
    if (link === undefined) {
      const there = host.links.flatMap((each) => (each.name === 'lo' ? [] : [each.name])).join(', ');
      return [finding('interface_missing', name, `there is no interface ${name}; there are: ${there || 'none'}`, `name one that is there (interface: in the file), or make ${name}`)];
    }
    if (link.running) return [];
    return [finding('interface_missing', name, link.up ? `${name} has no carrier` : `${name} is down`, link.up ? 'look at its cable, its switch or its bond' : `ip link set ${name} up`)];
  });
  const missing = new Set(state.map(({ subject }) => subject));
  const sources = configuration.vrrp.instances.flatMap((instance): readonly Finding[] => {
    if (missing.has(instance.interface) || instanceSource(instance, host, configuration) !== undefined) return [];
    return [finding('interface_without_address', instance.name, lacksSource(instance), `give ${instance.interface} an address of its own in the host's network configuration${instance.unicast?.source === undefined ? '' : ', or mend unicast.source'}`)];
  });
  return [...state, ...sources];
};

const managers = (configuration: Configuration, host: Facts['host']): readonly Finding[] => {
  const names = new Set(namedInterfaces(configuration));
  return host.managers
    .filter(({ interface: name, keeps }) => names.has(name) && !keeps)
    .map(({ interface: name, name: manager, file }) =>
      manager === 'NetworkManager'
        ? finding('network_manager', name, `NetworkManager manages ${name}`, `nmcli device set ${name} managed no, and for good in /etc/NetworkManager/conf.d/tandem.conf: [keyfile] unmanaged-devices=interface-name:${name}; configure ${name} by ifupdown or systemd-networkd`)
        : finding('network_manager', name, `systemd-networkd manages ${name}${file === undefined ? '' : ` by ${file}`}, without KeepConfiguration`, `KeepConfiguration=static in the section [Network] of ${file ?? 'its .network file'}, then networkctl reload; with virtual_routes or virtual_rules ManageForeignRoutes=no and ManageForeignRoutingPolicyRules=no in /etc/systemd/networkd.conf too`),
    );
};
