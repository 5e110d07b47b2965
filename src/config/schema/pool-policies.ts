/** What guards a pool: flap damping, the panic threshold, slow start. */
import { Milliseconds, Seconds } from '../../time/microseconds.js';
import { mapping, textual } from './kinds.js';
import { duration, wholeNumber } from './values.js';

const expected = 'a share from 1% to 99%, such as 50%';
const percent = () =>
  textual(
    expected,
    (text, fail): number => {
      const value = /^\d{1,2}%$/.test(text) ? Number(text.slice(0, -1)) : 0;
      return value > 0 ? value : fail();
    },
    { pattern: '^[0-9]{1,2}%$' },
  );

export const damping = () =>
  mapping({
    changes: wholeNumber(1, 1_000).prefault(5).describe('Changes of its verdict that a real server may have within period; one more, and it is held down'),
    period: duration({ from: Seconds(1), to: Seconds(86_400) }).prefault('60s').describe('Time in which changes count'),
    hold: duration({ from: Seconds(1), to: Seconds(86_400) }).prefault('5m').describe('How long it is held down; longer if it goes on changing as often'),
  }).optional();

export const panic = () =>
  mapping({
    threshold: percent().describe('When more than this share of the real servers fails at once, those that failed stay in the table'),
    within: duration({ from: Seconds(1), to: Seconds(3_600) }).prefault('1m').describe('What counts as at once'),
  }).optional();

export const slowStart = () => duration({ from: Milliseconds(100), to: Seconds(3_600) }).optional();
