/** The whole result: sections of tandem.yaml from what the blocks said. */
import type { GroupDraft } from '../drafts.js';
import { inlineList, list, mapping, type OutputItem, type OutputMapping, unlessEmpty } from '../output.js';
import { shortPlace } from '../place.js';
import { nameOf } from '../values.js';
import { addressOutput, withoutDoubles } from './addresses.js';
import { doubt, durationOutput, type BuildContext } from './context.js';
import { emailOutput } from './email.js';
import { instanceOutput, notifyOutput, type BuiltInstance } from './instance.js';
import { ipvsOutput } from './ipvs.js';
import { itemsOf, Preferences, routeOutput, ruleOutput } from './routes.js';
import { servicesOutput } from './service.js';
import { scriptsOutput, trackOutput } from './track.js';

const groupOutputs = (context: BuildContext, instances: readonly BuiltInstance[]): OutputItem[] => {
  const taken = new Set<string>();
  return context.file.groups.flatMap((draft): OutputItem[] => {
    const members = draft.members.filter(({ name, place }) => {
      const member = nameOf(name);
      const known = instances.some((instance) => instance.name === member);
      if (!known) context.findings.warn(place, { code: 'unknown_reference', message: `there is no instance ${name}`, remedy: 'it is left out of the group, as keepalived leaves it out' });
      else if (taken.has(member)) doubt(context, place, `${name} is in a sync group already`, 'it is left out of this one');
      const fits = known && !taken.has(member);
      if (fits) taken.add(member);
      return fits;
    });
    if (members.length === 0) {
      doubt(context, draft.place, `the sync group ${draft.name} has no members`, 'it is left out; name them in group { ... }, and import again');
      return [];
    }
    const value = mapping({
      name: nameOf(draft.name),
      instances: inlineList(members.map(({ name }) => nameOf(name))),
      track: trackOutput(context, draft.track, { group: undefined, ignoresWeights: false }),
      notify: notifyOutput(context, draft.notify, draft.place),
    });
    return [{ value, place: draft.place, above: `${shortPlace(draft.place)}: vrrp_sync_group ${draft.name}` }];
  });
};

const groupOf = (groups: readonly GroupDraft[], instance: string): GroupDraft | undefined => groups.find(({ members }) => members.some(({ name }) => name === instance));

export const fileOutput = (context: BuildContext): OutputMapping => {
  const { file } = context;
  const { global } = file;
  const preferences = new Preferences();
  const staticOutput = mapping({
    addresses: unlessEmpty(
      list(
        withoutDoubles(context, file.staticAddresses).map((draft) => addressOutput(context, draft, { carrier: global.defaultInterface, writesCarrier: true, advertise: true })),
      ),
    ),
    routes: itemsOf(context, file.staticRoutes, (statement) => routeOutput(context, statement, 'ipv4', undefined)),
    rules: itemsOf(context, file.staticRules, (statement) => ruleOutput(context, statement, 'ipv4', preferences)),
  });
  const instances = file.instances.flatMap((draft) => instanceOutput(context, draft, groupOf(file.groups, draft.name), preferences) ?? []);
  const groups = groupOutputs(context, instances);
  const vrrp = mapping({
    version: instances.length === 0 || global.version === 3 ? undefined : { value: 2, comment: "keepalived's default; Tandem's is 3" },
    checksum: global.checksumWithoutPseudoHeader === true && instances.length > 0 ? 'rfc9568' : undefined,
    startup_delay: durationOutput(global.startupDelay),
    notify_fifo: global.fifo,
    instances: unlessEmpty(list(instances.map(({ item }) => item))),
    sync_groups: unlessEmpty(list(groups)),
  });
  const email = emailOutput(context);
  return mapping({
    router_id: global.routerId,
    vrrp: unlessEmpty(vrrp),
    static: unlessEmpty(staticOutput),
    scripts: unlessEmpty(list(scriptsOutput(context))),
    ipvs: unlessEmpty(ipvsOutput(context, instances)),
    virtual_servers: unlessEmpty(list(servicesOutput(context))),
    notify: email && mapping({ email }),
  });
};
