/** Octets changed as a faulty or hostile sender would: not just noise, but lengths, counts and whole pieces. */
import type { Random } from './random.js';

const octets = [0, 1, 2, 3, 4, 7, 8, 15, 16, 20, 0x40, 0x45, 0x60, 0x7f, 0x80, 0xf0, 0xfe, 0xff] as const;

/** Numbers at which a length or a count goes wrong in a message of this length. */
const lengths = (length: number): readonly number[] => [0, 1, 3, 4, 7, 8, length - 1, length, length + 1, length + 4, length >> 2, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0xfffffff0, 0xffffffff];

const setNumber = (random: Random, octetsOf: Buffer): void => {
  const size = random.pick([1, 2, 4]);
  if (octetsOf.length < size) return;
  const offset = random.once(2) ? random.below(octetsOf.length - size + 1) : (random.below(octetsOf.length - size + 1) & ~(size - 1));
  const value = random.pick(lengths(octetsOf.length - random.pick([0, 0, 4, 14, 20, 40])));
  const unsigned = value < 0 ? 0xff : value;
  if (size === 1) octetsOf.writeUInt8(unsigned & 0xff, offset);
  else if (size === 2) random.once(2) ? octetsOf.writeUInt16BE(unsigned & 0xffff, offset) : octetsOf.writeUInt16LE(unsigned & 0xffff, offset);
  else random.once(2) ? octetsOf.writeUInt32BE(unsigned >>> 0, offset) : octetsOf.writeUInt32LE(unsigned >>> 0, offset);
};

const changeOnce = (random: Random, original: Buffer, corpus: readonly Buffer[]): Buffer => {
  const { length } = original;
  switch (random.below(10)) {
    case 0:
    case 1: {
      // a bit turned
      if (length === 0) return original;
      const at = random.below(length);
      original.writeUInt8(original.readUInt8(at) ^ (1 << random.below(8)), at);
      return original;
    }
    case 2:
    case 3:
      if (length > 0) original.writeUInt8(random.once(2) ? random.pick(octets) : random.below(256), random.below(length));
      return original;
    case 4:
    case 5:
      setNumber(random, original);
      return original;
    case 6:
      return original.subarray(0, random.below(length + 1));
    case 7: {
      // longer: zeros, or a piece of itself
      const more = 1 + random.below(random.once(8) ? 300 : 20);
      return Buffer.concat([original, random.once(2) || length === 0 ? Buffer.alloc(more) : original.subarray(0, more)]);
    }
    case 8: {
      // a piece cut out, or put in twice
      const from = random.below(length + 1);
      const to = Math.min(length, from + 1 + random.below(16));
      return random.once(2) ? Buffer.concat([original.subarray(0, from), original.subarray(to)]) : Buffer.concat([original.subarray(0, to), original.subarray(from)]);
    }
    default: {
      // the head of one, the tail of another
      const other = random.pick(corpus);
      return Buffer.concat([original.subarray(0, random.below(length + 1)), other.subarray(random.below(other.length + 1))]);
    }
  }
};

/** One of the corpus, changed once or a few times; now and then nothing but noise. */
export const mutate = (random: Random, corpus: readonly Buffer[]): Buffer => {
  if (random.once(64)) return Buffer.from(Array.from({ length: random.below(128) }, () => random.below(256)));
  let changed: Buffer = Buffer.from(random.pick(corpus));
  for (let times = 1 + (random.once(2) ? 0 : random.below(5)); times > 0; times--) changed = changeOnce(random, changed, corpus);
  return changed;
};
