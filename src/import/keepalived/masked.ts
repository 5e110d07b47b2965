/** The text of a keepalived.conf as messages may show it: without its secrets. */

const secretWords = /(\b(?:auth_pas\w*|pass\w*)\s+)(\S.*)$|(^\s*key\s+\d+\s+)(\S.*)$/gim;

/** Asterisks for each character of a secret: lines and columns stay where they are. */
export const maskConfiguration = (text: string): string =>
  text.replaceAll(secretWords, (whole: string, before?: string, secret?: string, beforeKey?: string, key?: string) =>
    before !== undefined ? `${before}${stars(secret ?? '')}` : beforeKey !== undefined ? `${beforeKey}${stars(key ?? '')}` : whole,
  );

const stars = (secret: string): string => secret.replaceAll(/[^\s}]/g, '*');
