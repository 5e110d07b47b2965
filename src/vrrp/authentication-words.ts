/** How an instance authenticates, and whom it heard how, in sentences. Pure. */
import type { InstanceStatus } from '../control/status.js';

const modes = {
  enforce: 'what is not authentic is rejected',
  permissive: 'what is not authentic is accepted all the same',
  receive_only: 'it does not sign itself, and what is not authentic is accepted all the same',
} as const;

/** Nothing where it does not authenticate by HMAC. */
export const authenticationInWords = ({ authentication }: Pick<InstanceStatus, 'authentication'>): readonly string[] => {
  if (authentication?.type !== 'hmac') return [];
  const { mode, keys, active_key: active, heard } = authentication;
  return [
    `Authentication is ${mode}: ${modes[mode]}; ${keys.length === 1 ? 'its key is' : 'its keys are'} ${keys.join(', ')}${mode === 'receive_only' ? '' : `, and it signs with ${active}`}.`,
    ...heard.map(({ address, key, verified, reason, clock_difference_ms: difference, at }) => {
      const clock = difference === null ? '' : `; its clock is ${(Math.abs(difference) / 1_000).toFixed(2)} s ${difference < 0 ? 'behind' : 'ahead of'} ours`;
      const how = key === null ? 'did not sign' : `signed with key ${key}`;
      return `${address} ${how} when it was heard last, at ${at}: ${verified ? `authentic${clock}` : `not authentic, ${reason ?? 'for an unknown reason'}`}.`;
    }),
  ];
};
