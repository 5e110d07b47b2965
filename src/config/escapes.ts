/** Backslash escapes in texts that are sent or expected: so that a line's end can be written without YAML's double quotes, and be shown. */

const named: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t', '\\': '\\' };

/** The text with `\r`, `\n`, `\t`, `\\` and `\x00` to `\x7f` resolved; undefined when a backslash stands before anything else. */
export const unescapeText = (text: string): string | undefined => {
  let wrong = false;
  const result = text.replaceAll(/\\(x[0-7][0-9a-f]|[\s\S]?)/gi, (_, code: string) => {
    const octet = /^x(..)$/i.exec(code)?.[1];
    const character = octet === undefined ? named[code] : String.fromCharCode(Number.parseInt(octet, 16));
    wrong ||= character === undefined;
    return character ?? '';
  });
  return wrong ? undefined : result;
};

/** The other way round: no control character is left. */
export const escapeText = (text: string): string =>
  text.replaceAll(/[\u0000-\u001f\u007f\\]/g, (character) => {
    const name = Object.keys(named).find((key) => named[key] === character);
    return `\\${name ?? `x${character.charCodeAt(0).toString(16).padStart(2, '0')}`}`;
  });

/**
 * A JavaScript expression over octets, each of which is one character of latin1: `\x9c` is the octet, and what the pattern has
 * beyond ASCII stands for its octets in UTF-8. @throws SyntaxError
 */
export const octetPattern = (source: string): RegExp => new RegExp(Buffer.from(source).toString('latin1'));
