/** The word in which a file or the output of a script says how a server is: up, down, drain, a weight or a percentage. Pure. */
import { parseWeight, type WeightAdvice } from './weight.js';

export type Word = { readonly words: string } & ({ readonly ok: true; readonly weight?: WeightAdvice | undefined } | { readonly ok: false; readonly weight?: undefined });

/** The first word of the text; undefined = it is none of these. */
export function weightWord(text: string): Word | undefined {
  const word = /^\s*(\S{1,60})/.exec(text)?.[1]?.toLowerCase() ?? '';
  switch (word) {
    case 'up':
      return { ok: true, words: word };
    case 'down':
      return { ok: false, words: word };
    case 'drain':
      return { ok: true, words: word, weight: { factor: 0 } };
    default: {
      const weight = parseWeight(word);
      return weight && { ok: true, words: word, weight };
    }
  }
}
