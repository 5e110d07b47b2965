/** The lvs child: obeys the supervisor's messages; when the supervisor is gone it ends and leaves the table as it is. */
import { ReceivedParts } from '../supervisor/in-parts.js';
import { endingWith, ignoreTerminationSignals, ParentChannel } from '../supervisor/channel.js';
import type { FromLvs, ToLvs } from '../supervisor/messages.js';
import { LvsEngine } from './engine.js';
import { Outbox } from './outbox.js';
import { ScriptRequests } from './script-requests.js';

export const runLvsProcess = (): void => {
  ignoreTerminationSignals();
  const parent = new ParentChannel<ToLvs, FromLvs>();
  const loading = new Map<number, (error: string | undefined) => void>();
  let loads = 0;
  const parts = new ReceivedParts();
  const outbox = new Outbox((message) => parent.send(message));
  const scripts = new ScriptRequests((message) => outbox.send(message));
  const engine = new LvsEngine({
    runScript: scripts.run,
    report: (event) => outbox.report(event),
    onHealth: (changes, complete) => outbox.health(changes, complete),
    loadModules: (command, modules) =>
      new Promise((resolve) => {
        const id = ++loads;
        loading.set(id, resolve);
        if (!outbox.send({ type: 'load_modules', id, command, modules })) resolve('the supervisor is gone');
      }),
  });
  parent.onRoom(() => engine.tellHealth());
  const stop = endingWith(parent, (orderly) => {
    for (const resolve of loading.values()) resolve('stopping');
    return engine.stop(orderly).finally(() => outbox.flush());
  });
  parent.onMessage((message) => {
    switch (message.type) {
      case 'virtual_servers':
        return parts.add(message);
      case 'configure':
        void engine.configure(parts.whole(message)).then(() => outbox.send({ type: 'configured', generation: message.generation }));
        return;
      case 'configure_again':
        void engine.configureAgain().then(() => outbox.send({ type: 'configured', generation: message.generation }));
        return;
      case 'modules_loaded':
        loading.get(message.id)?.(message.error);
        loading.delete(message.id);
        return;
      case 'script_ended':
        scripts.ended(message.id, message.ending);
        return;
      case 'isolated':
        engine.setIsolated(message.isolated);
        return;
      case 'ping':
        parent.send({ type: 'pong', id: message.id });
        return;
      case 'status':
        void engine.status().then((virtualServers) => outbox.send({ type: 'status', id: message.id, virtualServers }));
        return;
      case 'count':
        parent.send({ type: 'counted', ...engine.count() });
        return;
      case 'stop':
        // what goes then, its configuration says
        stop(true);
        return;
    }
  });
  parent.onDisconnect(() => stop(false));
  parent.send({ type: 'ready' });
};
