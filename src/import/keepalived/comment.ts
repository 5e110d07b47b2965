/** Lines of a keepalived.conf without their comments. */

/** Offset at which a comment begins, outside quotes; a backslash takes the next character's meaning away. The length when there is none. */
const commentStart = (text: string): number => {
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '\\') at++;
    else if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (character === '!' || character === '#') return at;
  }
  return text.length;
};

/** What is left of a line, without white space at its end; the offsets of what is left do not change. */
export const withoutComment = (text: string): string => text.slice(0, commentStart(text)).trimEnd();
