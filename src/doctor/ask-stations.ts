/** Asks by ARP and Neighbour Discovery who has virtual addresses and the addresses of real servers, and hears who answers. */
import { setTimeout as delay } from 'node:timers/promises';
import { inWords } from '../control/in-words.js';
import { type Family, familyOf } from '../network/ip-address.js';
import type { NetworkMonitor } from '../network/monitor.js';
import { type Claims, openClaims } from '../vrrp/claims.js';
import type { Station, Unseen } from './facts.js';

/** A question may be lost, and so may its answer. */
const rounds = 4;
const roundMilliseconds = 250;
/** questions in one go: switches limit ARP */
const burst = 50;
const burstMilliseconds = 20;

export interface Question {
  readonly interface: string;
  readonly address: string;
}

export const askStations = async (questions: readonly Question[], monitor: NetworkMonitor): Promise<{ readonly stations: readonly Station[]; readonly unseen: readonly Unseen[] }> => {
  const unseen: Unseen[] = [];
  const groups = new Map<string, { readonly name: string; readonly family: Family; readonly claims: Claims; readonly hardwareAddress: Buffer; readonly answers: Map<string, Set<string>> }>();
  try {
    for (const { interface: name, address } of questions) {
      const family = familyOf(address);
      const key = `${name} ${family}`;
      const link = monitor.link(name);
      if (!link?.running || !link.arp || link.hardwareAddress.length !== 6) continue;
      if (!groups.has(key)) {
        try {
          groups.set(key, { name, family, claims: openClaims(family, link, monitor), hardwareAddress: link.hardwareAddress, answers: new Map() });
        } catch (error) {
          if (!unseen.some(({ what }) => what === name)) unseen.push({ what: name, problem: `nobody can be asked on ${name}: ${inWords(error)}`, remedy: 'run tandem doctor as root (CAP_NET_RAW)' });
          continue;
        }
      }
      groups.get(key)?.answers.set(address, new Set());
    }
    for (const { claims, answers } of groups.values()) claims.listen([...answers.keys()]);
    const take = (): void => {
      for (const { claims, answers } of groups.values()) for (const claim of claims.heard()) if (claim.answers) answers.get(claim.address)?.add(claim.hardwareAddress);
    };
    for (let round = 0; round < rounds; round++) {
      for (const { claims, hardwareAddress, answers } of groups.values()) {
        let asked = 0;
        for (const address of answers.keys()) {
          claims.ask(hardwareAddress, address);
          if (++asked % burst === 0) {
            await delay(burstMilliseconds);
            take();
          }
        }
      }
      await delay(roundMilliseconds);
      take();
    }
  } finally {
    for (const { claims } of groups.values()) claims.close();
  }
  return { stations: [...groups.values()].flatMap(({ name, answers }) => [...answers].map(([address, hardwareAddresses]) => ({ interface: name, address, hardwareAddresses: [...hardwareAddresses] }))), unseen };
};
