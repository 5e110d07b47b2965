/** All that the facts say: findings, gravest first, and sentences about what was seen and is well. Pure. */
import type { Facts } from './facts.js';
import { findAtRealServer } from './find-at-real-server.js';
import { findInAddresses } from './find-addresses.js';
import { findInFirewall } from './find-firewall.js';
import { findInHost, findUnseen } from './find-host.js';
import { findInPeer } from './find-peer.js';
import { findInProbes } from './find-probes.js';
import { findInSync, observeSync } from './find-sync.js';
import { findInVrrp, observeVrrp } from './find-vrrp.js';
import type { Finding } from './finding.js';

export interface Report {
  readonly findings: readonly Finding[];
  readonly observations: readonly string[];
}

export const examine = (facts: Facts): Report => {
  const found =
    facts.role === 'director'
      ? [findInHost, findInFirewall, findInVrrp, findInAddresses, findInProbes, findInSync, findInPeer, findUnseen].flatMap((find) => find(facts))
      : [findAtRealServer, findInFirewall, findUnseen].flatMap((find) => find(facts));
  const unique = [...new Map(found.map((each) => [`${each.code} ${each.subject} ${each.seen}`, each])).values()];
  return {
    findings: [...unique.filter(({ severity }) => severity === 'error'), ...unique.filter(({ severity }) => severity === 'warning')],
    observations: facts.role === 'director' ? [...observeVrrp(facts), ...observeSync(facts)] : [],
  };
};
