/** The virtual servers that a configuration asks for, made of those that run already where they stay; and whom each check is about. */
import type { LvsConfigure } from '../supervisor/messages.js';
import { VirtualServer } from './virtual-server.js';

/** `given`: those that are new or another. @throws RangeError for a name that was never given */
export const configuredServers = ({ names, virtualServers }: LvsConfigure, running: readonly VirtualServer[]): { readonly servers: readonly VirtualServer[]; readonly given: readonly VirtualServer[] } => {
  const before = new Map(running.map((server) => [server.name, server]));
  const now = Date.now();
  const given = new Map(virtualServers.map((virtualServer) => [virtualServer.name, new VirtualServer(virtualServer, before.get(virtualServer.name), now)]));
  const servers = names.map((name) => {
    const server = given.get(name) ?? before.get(name);
    if (server === undefined) throw new RangeError(`the virtual server ${name} was not given`);
    return server;
  });
  return { servers, given: [...given.values()] };
};

/** By the key of the check. */
export const serversByCheck = (servers: readonly VirtualServer[]): ReadonlyMap<string, readonly VirtualServer[]> => {
  const byCheck = new Map<string, VirtualServer[]>();
  for (const server of servers) {
    for (const key of server.keysOfChecks) {
      const others = byCheck.get(key);
      if (others === undefined) byCheck.set(key, [server]);
      else others.push(server);
    }
  }
  return byCheck;
};
