/** Routes and rules in the file's own key names. Pure. */
import type { FileMapping } from './file-form.js';
import type { RouteConfiguration, RuleConfiguration, TrackedRoute } from './routing-model.js';
import { describeFwmark, tableName } from './routing-words.js';

const tableForm = (table: number): string | number => {
  const name = tableName(table);
  return name === String(table) ? table : name;
};

export const routeForm = ({ destination, type, nextHops, source, table, metric, scope, mtu }: RouteConfiguration): FileMapping => {
  const [hop, ...more] = nextHops;
  const single = more.length === 0 ? hop : undefined;
  return {
    destination,
    type,
    via: single?.via,
    interface: single?.interface,
    onlink: single?.onlink,
    next_hops: more.length === 0 ? undefined : nextHops.map(({ via, interface: name, onlink, weight }) => ({ via, interface: name, onlink, weight })),
    source,
    table: tableForm(table),
    metric,
    scope,
    mtu,
  };
};

export const ruleForm = ({ family, priority, from, to, iif, oif, fwmark, action, table }: RuleConfiguration): FileMapping => ({
  priority,
  family,
  from,
  to,
  iif,
  oif,
  fwmark: fwmark && describeFwmark(fwmark),
  action,
  table: table === undefined ? undefined : tableForm(table),
});

export const trackedRouteForm = ({ destination, via, interface: name, table, weight }: TrackedRoute): FileMapping => ({ destination, via, interface: name, table: tableForm(table), weight });
