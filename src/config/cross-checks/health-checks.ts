/** What must hold of health checks once a server's is joined with its service's. */
import type { Path } from '../document.js';
import { Microseconds } from '../../time/microseconds.js';
import { formatDuration, parseDuration } from '../duration.js';
import { inheritedKeys, inheritedType, ownType } from '../inherit-check.js';
import type { Readable } from '../schema-walk.js';
import { checkDefaults, keysOfTypes, type CheckType, type HealthCheckEntry } from '../schema/health-check.js';
import { probePort } from '../targets.js';
import type { Context, ReadableFile } from './context.js';
import { checkEntry, checkNeeds } from './check-keys.js';
import { checkConversation } from './conversations.js';
import { readableTargets } from './targets.js';
import { probedAddress } from './virtual-address-probes.js';

const checkInterval = parseDuration(checkDefaults.interval) ?? Microseconds(0);

type Service = NonNullable<NonNullable<ReadableFile['virtual_servers']>[number]>;
type Entry = Readable<HealthCheckEntry> | undefined;

export const checkHealthChecks = (context: Context, service: Service, path: Path): void => {
  const place = [...path, 'health_check'];
  const servers = service.real_servers ?? [];
  const ofService = service.health_check;
  if (isReadable(context, ofService, place)) {
    checkKeys(context, ofService, ownType(ofService), place);
    checkEntry(context, place);
    const verified = ofService !== 'none' && (ofService?.verify === true || servers.some((server) => server?.health_check !== 'none' && server?.health_check?.verify === true));
    if (!verified) warnUnusedCa(context, place);
  } else return;
  const port = probePort(readableTargets(service));
  const hasSource = ofService !== undefined && ofService !== 'none' && ofService.source !== undefined;
  let isSilentChecked = false;
  servers.forEach((server, index) => {
    if (server === undefined) return;
    const serverPath = [...path, 'real_servers', index];
    const isSilent = server.health_check === undefined && !context.given([...serverPath, 'health_check']);
    // what is found of one that leaves its check to the service is found of all, but for what goes by its own address or port
    if (isSilent && isSilentChecked && !hasSource && (server.port ?? port) !== 0) return;
    if (isSilent) isSilentChecked = true;
    checkServer(context, service, server, serverPath, { entry: ofService, place });
  });
  checkSorryServer(context, service, [...path, 'sorry_server']);
};

type Server = Pick<Readable<NonNullable<NonNullable<Service['real_servers']>[number]>>, 'address' | 'port' | 'health_check'>;

/** `inherited`: the service's check. */
const checkServer = (context: Context, service: Service, server: Server, serverPath: Path, inherited: { readonly entry: Entry; readonly place: Path } | undefined): void => {
  const own = server.health_check;
  const ownPlace = [...serverPath, 'health_check'];
  if (!isReadable(context, own, ownPlace)) return;
  const type = inheritedType(inherited?.entry, own);
  checkKeys(context, own, type, ownPlace);
  const keys = inheritedKeys(inherited?.entry, own, type);
  const places = [ownPlace, ...(inherited ? [inherited.place] : [])];
  if (keys.verify !== true) warnUnusedCa(context, ownPlace);
  checkRhythm(context, keys, places);
  checkEntry(context, ownPlace);
  checkNeeds(context, type, keys, places, serverPath);
  checkConversation(context, type, keys, probedAddress(service, type, keys) ?? server.address, places);
  const port = server.port ?? (context.given([...serverPath, 'port']) ? undefined : probePort(readableTargets(service)));
  if (keysOfTypes['port']?.includes(type) && port === 0 && keys.port === undefined && !places.some((each) => context.given([...each, 'port']))) {
    context.report(own === undefined ? serverPath : ownPlace, { code: 'missing_key', message: `the health check has no port to probe: the service ${service.fwmark === undefined ? 'covers every port' : 'has no port of its own'}`, remedy: `add health_check: { port: 80 }${inherited ? ' (here or to the service)' : ''}, or health_check: none` });
  }
};

/** It inherits nothing, and has no weight to tell. */
const checkSorryServer = (context: Context, service: Service, path: Path): void => {
  const sorry = service.sorry_server;
  if (sorry?.health_check === undefined) return;
  checkServer(context, service, sorry, path, undefined);
  if (sorry.health_check !== 'none' && sorry.health_check.probe === 'virtual_address') context.report([...path, 'health_check', 'probe'], { code: 'conflict', message: 'probe: virtual_address is for real servers: a sorry server is asked at its own address', remedy: 'remove probe', at: 'key' });
  for (const key of ['agent', 'weight_from'] as const) {
    const place = [...path, 'health_check', key];
    if (context.given(place)) context.report(place, { code: 'conflict', message: `${key} has no meaning for a sorry server, which has no weight to share by`, remedy: 'remove it', at: 'key' });
  }
};

/** False when it is given and so wrong that nothing is known of its type. */
const isReadable = ({ given }: Context, entry: Entry, place: Path): boolean => (entry === undefined ? !given(place) : entry === 'none' || entry.type !== undefined || !given([...place, 'type']));

const checkKeys = ({ given, report }: Context, entry: Entry, type: CheckType, place: Path): void => {
  if (entry === undefined || entry === 'none') return;
  for (const key of Object.keys(entry)) {
    if (key === 'type' || !given([...place, key])) continue;
    const types = keysOfTypes[key];
    if (type === 'none') report([...place, key], { code: 'conflict', message: `${key} has no meaning for a health check of type none`, remedy: 'remove it, or give another type', at: 'key' });
    else if (types !== undefined && !types.includes(type)) {
      report([...place, key], { code: 'conflict', message: `${key} has no meaning for a health check of type ${type}`, remedy: types.length > 3 ? 'remove it' : `remove it, or give type: ${types.join(' or ')}`, at: 'key' });
    }
  }
};

/** Of a server's check with what it inherits; reported where the key stands. */
const checkRhythm = ({ given, report }: Context, { interval = checkInterval, fast_interval: fast, jitter }: ReturnType<typeof inheritedKeys>, places: readonly Path[]): void => {
  const at = (key: string): Path => [...(places.find((place) => given([...place, key])) ?? []), key];
  if (fast !== undefined && fast > interval) report(at('fast_interval'), { severity: 'warning', code: 'doubtful', message: `fast_interval ${formatDuration(fast)} is longer than interval ${formatDuration(interval)}`, remedy: `give ${formatDuration(interval)} or less`, at: 'key' });
  if (jitter !== undefined && jitter >= interval) report(at('jitter'), { code: 'conflict', message: `jitter ${formatDuration(jitter)} is not below interval ${formatDuration(interval)}`, remedy: `give less than ${formatDuration(interval)}`, at: 'key' });
};

const warnUnusedCa = ({ given, report }: Context, place: Path): void => {
  if (given([...place, 'ca'])) report([...place, 'ca'], { severity: 'warning', code: 'doubtful', message: 'ca has no effect without verify: true', remedy: 'add verify: true, or remove ca', at: 'key' });
};
