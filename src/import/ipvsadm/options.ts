/** The options of ipvsadm 1.31, as its manual page has them. */

/** `flag` has no value, `value` one, `optional` perhaps one (`-p`), `three` three (`--set`). */
export type OptionKind = 'flag' | 'value' | 'optional' | 'three';

export interface OptionDefinition {
  /** without its dashes; what the rest of the importer calls it */
  readonly name: string;
  readonly short: string | undefined;
  readonly kind: OptionKind;
  readonly isCommand: boolean;
}

const list = (kind: OptionKind, isCommand: boolean, ...names: readonly (readonly [name: string, short?: string])[]): readonly OptionDefinition[] =>
  names.map(([name, short]) => ({ name, short, kind, isCommand }));

export const ipvsadmOptions: readonly OptionDefinition[] = [
  ...list('flag', true, ['add-service', 'A'], ['edit-service', 'E'], ['delete-service', 'D'], ['clear', 'C'], ['restore', 'R'], ['save', 'S'], ['add-server', 'a'], ['edit-server', 'e'], ['delete-server', 'd'], ['list', 'L'], ['list', 'l'], ['zero', 'Z'], ['help', 'h']),
  ...list('three', true, ['set']),
  ...list('value', true, ['start-daemon'], ['stop-daemon']),
  ...list('value', false, ['tcp-service', 't'], ['udp-service', 'u'], ['sctp-service'], ['fwmark-service', 'f'], ['scheduler', 's'], ['netmask', 'M'], ['pe'], ['sched-flags', 'b'], ['real-server', 'r'], ['weight', 'w'], ['u-threshold', 'x'], ['l-threshold', 'y']),
  ...list('value', false, ['tun-type'], ['tun-port'], ['syncid'], ['sync-maxlen'], ['mcast-interface'], ['mcast-group'], ['mcast-port'], ['mcast-ttl']),
  ...list('optional', false, ['persistent', 'p']),
  ...list('flag', false, ['gatewaying', 'g'], ['ipip', 'i'], ['masquerading', 'm'], ['tun-nocsum'], ['tun-csum'], ['tun-remcsum'], ['ipv6', '6'], ['ops', 'o'], ['numeric', 'n'], ['connection', 'c']),
  ...list('flag', false, ['timeout'], ['daemon'], ['stats'], ['rate'], ['thresholds'], ['persistent-conn'], ['tun-info'], ['sort'], ['nosort'], ['exact']),
];

export const byLongName = new Map(ipvsadmOptions.map((option) => [option.name, option]));
export const byShortName = new Map(ipvsadmOptions.flatMap((option) => (option.short === undefined ? [] : [[option.short, option] as const])));
