/** `authentication:` of an instance: VRRPv2's password, or VRRPv3's HMAC. */
import { Seconds } from '../../time/microseconds.js';
import { antiReplays, hmacModes } from '../model.js';
import { list, mapping, textual } from './kinds.js';
import { duration, oneOf, password, someText, wholeNumber } from './values.js';

const keyRule = 'a key of 32 to 64 octets: hex: and 64 to 128 hexadecimal digits (hex:$(openssl rand -hex 32)), or 32 to 64 printable ASCII characters';

/** The octets of a key in hexadecimal, written as keepalived writes them; undefined for what is no key. */
export const readHmacKey = (text: string): string | undefined => {
  const octets = text.startsWith('hex:') ? text.slice('hex:'.length).toLowerCase() : /^[\x20-\x7e]*$/.test(text) ? Buffer.from(text, 'latin1').toString('hex') : '';
  return /^([0-9a-f]{2}){32,64}$/.test(octets) ? octets : undefined;
};

const key = mapping({
  id: wholeNumber(1, 255).describe('ID of the key, the same on all routers; it stands in every packet that is signed with it'),
  key: textual(keyRule, (text, fail) => readHmacKey(text) ?? fail()).optional().describe('32 to 64 octets: hex:..., or ASCII characters'),
  key_file: someText('the path of a file that holds a key').optional().describe('File that holds the key instead, its first line as key would have it; relative to this file'),
});

/** Keys that only one type has. */
export const keysOfType = { pass: ['password'], hmac: ['mode', 'keys', 'active_key', 'anti_replay', 'time_window'] } as const;

export const authentication = () =>
  mapping({
    type: oneOf(['pass', 'hmac'], { ah: 'authentication of type ah' }).describe('pass: simple text password (VRRPv2, RFC 2338); hmac: a signature of every advertisement (VRRPv3, as keepalived 2.4 auth_hmac)'),
    password: password().optional().describe('pass: 1 to 8 octets; whoever can read the wire can read it'),
    mode: oneOf(hmacModes).prefault('enforce').describe('hmac: enforce: sign, and reject what is not authentic; permissive: sign, accept it with a warning; receive_only: do not sign, accept it'),
    keys: list(key, 'a list of keys such as [{ id: 1, key_file: /etc/tandem/vrrp.key }]').min(1, { error: 'at least one key' }).optional().describe('hmac: what packets may be signed with'),
    active_key: wholeNumber(1, 255).optional().describe('hmac: ID of the key that signs; needed where there are several'),
    anti_replay: oneOf(antiReplays).prefault('time').describe('hmac: time: fresh within time_window, and growing; monotonic: growing only, where clocks cannot be kept alike'),
    time_window: duration({ from: Seconds(1), to: Seconds(300) }).optional().describe("hmac: largest difference between a packet's time and this router's; by default 3 times advertisement_interval, and 5s at least"),
  });
