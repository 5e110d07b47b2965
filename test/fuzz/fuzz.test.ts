/** The fuzzer finds what it is for, and says how to see it again. */
import { describe, expect, it } from 'vitest';
import { fuzz, isReplay, type Target } from './fuzz.js';

const corpus = [Buffer.from('0004aabbccdd', 'hex'), Buffer.from('0002aabb', 'hex')];
const finds = (decode: Target<unknown>['decode'], what: RegExp): void => {
  expect(() => fuzz({ name: 'broken', runs: 20_000, corpus, decode }, () => 'read')).toThrow(what);
};

describe.skipIf(isReplay())('the fuzzer', () => {
  it('finds a decoder that believes a length', () => {
    finds((octets) => (octets.length < 2 ? '' : octets.readUInt8(1 + octets.readUInt16BE(0))), /^broken throws RangeError[^]*again: TANDEM_FUZZ='broken \d+' npx vitest/);
  });

  it('finds a decoder that reads beyond its message', () => {
    finds((octets) => Buffer.from(octets.buffer, octets.byteOffset, Math.min(octets.length + 1, 64)).toString('hex'), /^broken reads beyond the message/);
  });

  it('finds a decoder that takes long for some messages', () => {
    const slow = (octets: Buffer): number => {
      if (octets.length > 1 && octets.readUInt16BE(0) === 0xffff) for (const end = performance.now() + 60; performance.now() < end; );
      return octets.length;
    };
    finds(slow, /^broken takes \d+ ms/);
  });
});
