/** Routes and rules in `tandem status` for people. Pure. */
import type { HeldStatus, InstanceStatus, StaticStatus, Status } from './status.js';

const missingIn = (items: readonly HeldStatus[], kind: string): readonly string[] => items.filter(({ held }) => !held).map(({ name }) => `${kind} ${name}`);
const someOf = (names: readonly string[]): string => `${names.slice(0, 4).join(', ')}${names.length > 4 ? ` and ${names.length - 4} more` : ''}`;

/** Names of those that are configured and not in the kernel. */
export const missingRouting = ({ virtual_routes: routes = [], virtual_rules: rules = [] }: Pick<InstanceStatus, 'virtual_routes' | 'virtual_rules'>): readonly string[] => [
  ...missingIn(routes, 'route'),
  ...missingIn(rules, 'rule'),
];

const missingStatic = ({ addresses, routes, rules }: StaticStatus): readonly string[] => [
  ...addresses.filter(({ held }) => !held).map(({ address, interface: name }) => `${address} on ${name}`),
  ...missingIn(routes, 'route'),
  ...missingIn(rules, 'rule'),
];

const parts = (...counts: readonly (readonly [number, string, string?])[]): string => counts.flatMap(([count, one, many = `${one}s`]) => (count === 0 ? [] : [`${count} ${count === 1 ? one : many}`])).join(', ');

/** What is there beside the addresses: a line each. */
export const routingLines = ({ instances, static: fixed }: Pick<Status, 'instances' | 'static'>): readonly string[] => [
  ...instances.flatMap((instance) => {
    const { name, virtual_routes: routes = [], virtual_rules: rules = [] } = instance;
    if (routes.length + rules.length === 0) return [];
    const missing = missingRouting(instance).length;
    return [`${name}: ${parts([routes.length, 'route'], [rules.length, 'rule'])}, ${missing === 0 ? 'held' : `${routes.length + rules.length - missing} held`}`];
  }),
  ...(fixed ? [`static: ${parts([fixed.addresses.length, 'address', 'addresses'], [fixed.routes.length, 'route'], [fixed.rules.length, 'rule'])}`] : []),
];

/** What should be there and is not. */
export const routingWarnings = ({ instances, static: fixed }: Pick<Status, 'instances' | 'static'>): readonly string[] => [
  ...instances.flatMap((instance) => {
    const missing = instance.state === 'MASTER' ? missingRouting(instance) : [];
    return missing.length === 0 ? [] : [`${instance.name} is MASTER, but does not hold ${someOf(missing)}`];
  }),
  ...(fixed && missingStatic(fixed).length > 0 ? [`of the static section ${someOf(missingStatic(fixed))} is not there`] : []),
];
