/** What must hold of the keys of one health check among themselves, once a server's are joined with its service's. */
import { isIPv4, isIPv6 } from 'node:net';
import { familyOf } from '../../network/ip-address.js';
import { Microseconds, Seconds } from '../../time/microseconds.js';
import type { Path } from '../document.js';
import { parseDuration } from '../duration.js';
import type { CheckKeys } from '../inherit-check.js';
import type { Finding } from '../report.js';
import { dnsDefaults } from '../schema/check-dns.js';
import { checkDefaults, type CheckType } from '../schema/health-check.js';
import type { Context } from './context.js';
import { familyNames } from './family.js';

type Problem = Finding & { readonly key: keyof CheckKeys };

/** A neighbour that answers no ARP is given up after three requests, a second apart (net.ipv4.neigh: mcast_solicit, retrans_time_ms). */
const resolutionTime = Seconds(3);

/** `serverAddress`: where the probe goes unless the check says otherwise. */
const problems = (type: CheckType, keys: CheckKeys, serverAddress: string | undefined): readonly Problem[] => {
  const found: Problem[] = [];
  const add = (key: Problem['key'], message: string, remedy: string, more: Partial<Finding> = {}): void => void found.push({ key, code: 'conflict', message, remedy, at: 'key', ...more });
  const address = keys.address ?? serverAddress;
  if (keys.source !== undefined && address !== undefined && familyOf(keys.source) !== familyOf(address)) {
    add('source', `${keys.source} is not ${familyNames[familyOf(address)]} as ${address}, which is probed from it`, `give an ${familyNames[familyOf(address)]} address of this host`, { at: 'value' });
  }
  if (type === 'tcp' && keys.send !== undefined && keys.expect === undefined) add('send', 'send has no effect without expect', 'add expect: what the server answers, or remove send');
  if (type === 'udp' && !(keys.require_reply ?? keys.expect !== undefined) && (keys.timeout ?? defaultTimeout) <= resolutionTime) {
    const message = 'silence is success, and within a timeout of 3s or less not even a host that is gone is noticed';
    add('type', message, 'give expect or require_reply: true, or a timeout above 3s', { severity: 'warning', code: 'doubtful', at: 'value' });
  }
  if (type === 'dns' && keys.answer !== undefined) {
    const record = keys.record_type ?? dnsDefaults.record_type;
    if (keys.rcode !== undefined && keys.rcode !== 'NOERROR') add('answer', `with the response code ${keys.rcode} there is no answer`, 'remove answer, or rcode');
    else if ((record === 'A' && !isIPv4(keys.answer)) || (record === 'AAAA' && (!isIPv6(keys.answer) || keys.answer.includes('%')))) add('answer', `${keys.answer} is no data of a record of type ${record}`, `give an address such as ${record === 'A' ? '192.0.2.10' : '"2001:db8::10"'}, or another record_type`, { at: 'value' });
  }
  if (type === 'smtp') {
    if (keys.starttls && keys.implicit_tls) add('starttls', 'starttls and implicit_tls exclude each other', 'keep starttls (port 25 or 587) or implicit_tls (port 465)');
    for (const key of ['verify', 'server_name', 'ca', 'client_certificate', 'client_key', 'expiry_warning'] as const) {
      if (keys[key] !== undefined && keys[key] !== false && !keys.starttls && !keys.implicit_tls) add(key, `${key} has no effect without TLS`, `add starttls: true or implicit_tls: true, or remove ${key}`);
    }
  }
  return found;
};

const defaultTimeout = parseDuration(checkDefaults.timeout) ?? Microseconds(0);

/** `places`: of the server's check and of its service's, where a key may stand. */
export const checkConversation = ({ given, report }: Context, type: CheckType, keys: CheckKeys, serverAddress: string | undefined, places: readonly Path[]): void => {
  if (type === 'none') return;
  for (const { key, ...finding } of problems(type, keys, serverAddress)) {
    const place = [...places.map((each) => [...each, key]), ...places].find(given);
    // what is expected may be wrong, and reported as such
    const unreadable = key === 'type' && places.some((each) => given([...each, 'expect']));
    if (place !== undefined && !unreadable) report(place, finding);
  }
};
