/** Secrets in the text of a configuration file: where they stand, and the text with them masked. */
import { isAlias, isMap, isNode, isScalar, isSeq, parseDocument, visit, type Document, type YAMLMap } from 'yaml';
import { aliasTargets } from './aliases.js';

/** A key that holds a secret, however mistyped. */
const secretKey = /^(pas+\w{0,8}|passphrase|secret\w*|auth_pass\w*|key|request_body)$/i;
/** The same in text that is no YAML: everything after such a key up to a comma, a brace or the end of the line. */
const secretText = /(["']?\b(?:pas+\w{0,8}|passphrase|secret\w*|auth_pass\w*|key|request_body|[\w-]*(?:authorization|cookie|token|api-?key))["']?[ \t]*:[ \t]*)("[^"\r\n]*"?|'[^'\r\n]*'?|[^,}\r\n]+)/gi;

/** A key of authentication wherever it stands. */
const keyText = /\bhex:[0-9a-f]{16,}/gi;

/** A private key in the place of its file's name. */
const privateKeyText = /-----BEGIN (?:\w+ )*PRIVATE KEY-----[\s\S]*?(?:-----END (?:\w+ )*PRIVATE KEY-----|$)/g;

/** Keys of authentication whose values may be shown. */
const openKeys = new Set(['type', 'mode', 'active_key', 'anti_replay', 'time_window', 'id', 'key_file']);
/** A key in the place of a key file's name, say. */
const isKeyText = (value: unknown): boolean => isAlias(value) || (isScalar(value) && typeof value.value === 'string' && value.value.startsWith('hex:'));

const isSecretKey = (key: unknown): boolean => typeof key === 'string' && secretKey.test(key);

/** The text with every secret overwritten by asterisks, lines and columns unmoved. */
export const maskSecrets = (text: string): string => {
  let masked = text;
  for (const [start, end] of secretRanges(text)) masked = masked.slice(0, start) + stars(masked.slice(start, end)) + masked.slice(end);
  return masked.replaceAll(secretText, (_, before: string, secret: string) => before + stars(secret)).replaceAll(keyText, stars).replaceAll(privateKeyText, stars);
};

const stars = (secret: string): string => secret.replaceAll(/\S/g, '*');

const secretRanges = (text: string): readonly (readonly [number, number])[] => {
  try {
    return rangesIn(parseDocument(text, { logLevel: 'silent' }));
  } catch (error) {
    // nested too deeply to walk: the search by pattern is what is left
    if (error instanceof RangeError) return [];
    throw error;
  }
};

const rangesIn = (document: Document): readonly (readonly [number, number])[] => {
  const ranges: [number, number][] = [];
  const targets = aliasTargets(document);
  const hide = (value: unknown): void => {
    const node = isAlias(value) ? targets.get(value) : value;
    if (isNode(node) && node.range) ranges.push([node.range[0], node.range[1]]);
  };
  /** Of authentication, everything but what is known to be no secret. */
  const hideWithin = (mapping: YAMLMap): void => {
    for (const { key, value } of mapping.items) {
      const name = isScalar(key) ? String(key.value) : '';
      if (name === 'keys' && isSeq(value)) for (const item of value.items) isMap(item) ? hideWithin(item) : hide(item);
      else if (!openKeys.has(name) || isKeyText(value)) hide(value);
    }
  };
  visit(document, {
    Pair: (_, pair) => {
      const key = isScalar(pair.key) ? pair.key.value : undefined;
      if (isSecretKey(key)) hide(pair.value);
      if (key === 'authentication' && isMap(pair.value)) hideWithin(pair.value);
      // of an HTTP request: whatever they are called
      if (key === 'headers' && isMap(pair.value)) for (const { value } of pair.value.items) hide(value);
    },
  });
  return ranges;
};
