/** What is sent, and whether an answer holds what is expected, at most its first 64 KiB. */
import type { Expected, Octets } from '../config/check-model.js';
import { escapeText, octetPattern } from '../config/escapes.js';
import { BoundedPattern } from './bounded-pattern.js';

/** What is read of an answer; the rest is not waited for. */
export const answerLimit = 64 * 1024;

export const octetsOf = ({ form, value }: Octets): Buffer => Buffer.from(value, form === 'text' ? 'utf8' : form);

/** `"PONG\\r\\n"`, `hex 00ff`, `/^PONG/` */
export const describeExpected = ({ form, value }: Expected): string => (form === 'text' ? `"${escapeText(value)}"` : form === 'regex' ? `/${value}/` : `${form} ${value}`);

/** The begin of an answer, fit for a line of the log. */
export const excerpt = (answer: Buffer): string => {
  const most = 60;
  const text = answer.subarray(0, most).toString('utf8');
  return `"${escapeText(text).replaceAll(/[\u0080-\u009f\u2028\u2029]/g, '\ufffd')}"${answer.length > most ? '...' : ''}`;
};

const hexExcerpt = (answer: Buffer): string => `hex ${answer.toString('hex', 0, 40)}${answer.length > 40 ? '...' : ''}`;

/** `overrun`: in words, that it could not be found out in time. */
export type Found = boolean | { readonly overrun: string };

/** `answer`: what has come so far; nothing beyond `answerLimit` counts. */
export const judge = (expected: Expected): ((answer: Buffer) => Found) => {
  if (expected.form === 'regex') {
    const pattern = new BoundedPattern(octetPattern(expected.value));
    return (answer) => pattern.test(answer.toString('latin1', 0, Math.min(answer.length, answerLimit))) ?? pattern;
  }
  const octets = octetsOf(expected);
  return (answer) => answer.subarray(0, answerLimit).includes(octets);
};

export const describeMismatch = (expected: Expected, answer: Buffer, noun = 'answer'): string => `${noun} ${expected.form === 'hex' || expected.form === 'base64' ? hexExcerpt(answer) : excerpt(answer)} does not ${expected.form === 'regex' ? 'match' : 'hold'} ${describeExpected(expected)}`;
