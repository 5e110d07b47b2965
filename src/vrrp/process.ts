/** The vrrp child: obeys the supervisor's messages, and releases everything when the supervisor is gone. */
import { endingWith, ignoreTerminationSignals, ParentChannel } from '../supervisor/channel.js';
import type { FromVrrp, ToVrrp } from '../supervisor/messages.js';
import { Engine } from './engine.js';

export const runVrrpProcess = (): void => {
  ignoreTerminationSignals();
  const parent = new ParentChannel<ToVrrp, FromVrrp>();
  const engine = new Engine({
    report: (event) => void parent.send({ type: 'event', event }),
    onRecording: ({ unit, cause, time, text }) => void parent.send({ type: 'recording', unit, cause, time, text }),
    onTransitions: (transitions) => void parent.send({ type: 'transitions', transitions }),
    onSplitBrain: (changes) => void parent.send({ type: 'split_brain', changes }),
    onYielding: (instances) => void parent.send({ type: 'yielding', instances }),
    onMasters: (instances, isolated) => void parent.send({ type: 'masters', instances, isolated }),
  });
  parent.onRoom(() => engine.tellAgain());
  /** configurations and the stop are carried out one after the other */
  let work = Promise.resolve();
  const stop = endingWith(parent, (endSync) => (work = work.then(() => engine.stop(endSync))));
  parent.onMessage((message) => {
    switch (message.type) {
      case 'configure':
        work = work.then(() => engine.configure(message)).then((foreign) => void parent.send({ type: 'configured', generation: message.generation, foreign }));
        return;
      case 'track':
        engine.track(message.tracked);
        return;
      case 'ping':
        parent.send({ type: 'pong', id: message.id });
        return;
      case 'status':
        parent.send({ type: 'status', id: message.id, ...engine.status });
        return;
      case 'operate':
        void engine.operate(message.request).then((reply) => void parent.send({ type: 'operated', id: message.id, reply }));
        return;
      case 'stop':
        stop(message.onStop === 'remove');
        return;
    }
  });
  parent.onDisconnect(() => stop(false));
  parent.send({ type: 'ready' });
};
