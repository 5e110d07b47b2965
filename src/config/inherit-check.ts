/** How a real server's health check comes from its service's. */
import type { Readable } from './schema-walk.js';
import { checkDefaults, type CheckType, type HealthCheckEntry, type HealthCheckKeys } from './schema/health-check.js';
import { keysOfUrls } from './schema/http-check.js';

export type CheckKeys = Readable<HealthCheckKeys>;
type Entry = Readable<HealthCheckEntry> | undefined;

/** What a check of another type still inherits. */
const shared: ReadonlySet<string> = new Set(['interval', 'timeout', 'rise', 'fall', 'probe', 'address', 'source', 'mark', 'agent']);

/** The type that an entry has by itself. */
export const ownType = (entry: Entry): CheckType => (entry === 'none' ? 'none' : (entry?.type ?? checkDefaults.type));

/** The type of a server's check: its own, else the service's; `none` is inherited only by a server that says nothing. */
export const inheritedType = (service: Entry, server: Entry): CheckType => {
  if (server === undefined) return ownType(service);
  if (server === 'none') return 'none';
  const inherited = ownType(service);
  return server.type ?? (inherited === 'none' ? checkDefaults.type : inherited);
};

/** The keys in force for a server whose check is of this type; defaults are not filled in. */
export const inheritedKeys = (service: Entry, server: Entry, type: CheckType): CheckKeys => {
  const from = service === undefined || service === 'none' ? {} : service;
  const isOfType = ownType(service) === type;
  // most of ten thousand servers say nothing: they have the very keys of their service
  if (isOfType && (server === undefined || server === 'none')) return from;
  const own = server === undefined || server === 'none' ? {} : server;
  const base = Object.entries(from).filter(([key]) => (isOfType || shared.has(key)) && !isOverruled(key, own));
  return Object.fromEntries([...base, ...Object.entries(own).filter(([, value]) => value !== undefined)]);
};

/** A server with a path of its own does not have its service's URLs, and the other way round. */
const isOverruled = (key: string, own: CheckKeys): boolean => (key === 'urls' && own.path !== undefined) || (ofOneUrl.has(key) && own.urls !== undefined);
const ofOneUrl: ReadonlySet<string> = new Set(keysOfUrls);
