/** `authentication` of an instance of the result. */
import { readHmacKey } from '../../../config/schema/authentication.js';
import type { InstanceDraft } from '../drafts.js';
import { inline, list, mapping, type OutputMapping } from '../output.js';
import { doubt, durationOutput, type BuildContext } from './context.js';

/** Eight octets are what the packet has room for (RFC 2338, 5.3.10). */
const longest = 8;

export const authenticationOutput = (context: BuildContext, { authentication, hmac, name }: InstanceDraft, version: 2 | 3, strict: boolean): OutputMapping | undefined => {
  if (hmac !== undefined) return hmacOutput(context, hmac, version);
  if (authentication === undefined) return undefined;
  const { type, password, place } = authentication;
  if (strict) {
    doubt(context, place, 'with vrrp_strict keepalived does not authenticate', 'it is left out, as keepalived leaves it out');
    return undefined;
  }
  if (type === 'AH') {
    context.findings.warn(place, { code: 'not_supported', message: `the authentication of ${name} is not imported: Tandem has no IPsec AH`, remedy: 'leave it out on both directors, or give version: 3 with authentication: { type: hmac }' });
    return undefined;
  }
  if (version === 3) {
    doubt(context, place, 'VRRP version 3 has no authentication by a password, and keepalived passes over it', 'it is left out; authentication: { type: hmac } signs advertisements of version 3');
    return undefined;
  }
  if (type === undefined || password === undefined || password === '') {
    doubt(context, place, type === undefined ? 'without auth_type keepalived does not authenticate' : 'without auth_pass keepalived does not authenticate', 'it is left out; complete it if it is meant, and import again');
    return undefined;
  }
  let cut = password;
  while (Buffer.byteLength(cut) > longest) cut = cut.slice(0, -1);
  if (cut !== password) doubt(context, place, 'the password has more than 8 octets', 'its first 8 are imported, as keepalived sends them');
  return inline({ type: 'pass', password: cut });
};

const hmacOutput = (context: BuildContext, hmac: NonNullable<InstanceDraft['hmac']>, version: 2 | 3): OutputMapping | undefined => {
  if (version === 2) {
    doubt(context, hmac.place, 'auth_hmac is for VRRP version 3', 'it is left out; give version 3, and import again');
    return undefined;
  }
  const keys = hmac.keys.filter(({ key, isFile, place }) => {
    const fits = isFile || readHmacKey(key) !== undefined;
    if (!fits) doubt(context, place, 'a key has 32 to 64 octets', 'it is left out');
    return fits;
  });
  const [first] = keys;
  if (first === undefined) {
    doubt(context, hmac.place, 'auth_hmac has no key', 'it is left out');
    return undefined;
  }
  return mapping({
    type: 'hmac',
    keys: list(keys.map(({ id, key, isFile, place }) => ({ value: inline(isFile ? { id, key_file: key } : { id, key }), place }))),
    active_key: keys.length > 1 ? (hmac.activeKey ?? first.id) : undefined,
    mode: hmac.mode,
    anti_replay: hmac.antiReplay,
    time_window: durationOutput(hmac.window),
  });
};
