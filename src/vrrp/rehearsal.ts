/** Goes through a takeover's decisions without doing anything: code that runs for the first time takes a multiple of the time. */
import type { Instance } from './instance.js';
import { deadline } from './machine.js';
import { type RouterState, stepRouter } from './router.js';

/** the bytecode is there after the first, and what V8 learns of the types after the next ones */
const rounds = 3;

export const rehearse = (router: RouterState, instance: Instance): void => {
  const member = router.get(instance.name);
  const due = member && deadline(member.state);
  if (due === undefined) return;
  for (let round = 0; round < rounds; round++) {
    stepRouter(router, { type: 'instance', instance: instance.name, event: { type: 'timer' } }, due);
    // an authenticated one would use up a sequence number
    if (instance.source !== undefined && instance.configuration.authentication?.type !== 'hmac') instance.advertisements(instance.settings.priority, instance.source, 0);
  }
};
