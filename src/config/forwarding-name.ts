/** How a destination's forwarding is called: `fullnat` is IPVS's NAT with source NAT behind it. */
import type { DestinationConfiguration, ForwardingMethod } from './model.js';

export type ForwardingName = ForwardingMethod | 'fullnat';

export const forwardingName = ({ forwarding, sourceNat }: Pick<DestinationConfiguration, 'forwarding' | 'sourceNat'>): ForwardingName => (sourceNat ? 'fullnat' : forwarding);

/** The real servers of a service and its sorry server. */
export const destinationsOf = ({ realServers, sorryServer }: { readonly realServers: readonly DestinationConfiguration[]; readonly sorryServer: DestinationConfiguration | undefined }): readonly DestinationConfiguration[] =>
  sorryServer ? [...realServers, sorryServer] : realServers;
