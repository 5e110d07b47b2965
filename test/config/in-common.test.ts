import { describe, expect, it } from 'vitest';
import { withoutCommon, withoutCommonEnds } from '../../src/config/in-common.js';

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

describe('withoutCommon', () => {
  it('leaves what only one of them has, in its order, wherever the rest has moved to', () => {
    expect(withoutCommon([...'abcde'], [...'aXdbe'])).toEqual([['c'], ['X']]);
    expect(withoutCommon([...'abc'], [...'cba'])).toEqual([[], []]);
  });
});
