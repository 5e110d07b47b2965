import { describe, expect, it } from 'vitest';
import { withoutCommonEnds } from '../../src/config/common-ends.js';

describe('withoutCommonEnds', () => {
  it.each([
    ['nothing of the same list', 'abc', 'abc', '', ''],
    ['what was replaced', 'abcd', 'aXcd', 'b', 'X'],
    ['what was added, not what is like it', 'aa', 'aaa', '', 'a'],
    ['what went', 'abc', 'ac', 'b', ''],
    ['all between the first and the last that moved', 'abcde', 'adcbe', 'bcd', 'dcb'],
    ['all of lists that have nothing in common', 'ab', 'cd', 'ab', 'cd'],
    ['all beside an empty list', '', 'ab', '', 'ab'],
  ])('leaves %s', (_, some, others, someLeft, othersLeft) => {
    expect(withoutCommonEnds([...some], [...others])).toEqual([[...someLeft], [...othersLeft]]);
  });
});
