/**
 * Seeded, counter-based random numbers: Philox4x32-10.
 * Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
 * A generator is a pure function of (seed, stream, counter), so its whole state is one integer that a
 * checkpoint can save, and two streams of one seed never meet.
 */

export interface Random {
  /** Uniform integer in [0, 2^32). */
  uint32(): number;
  /** Uniform in [0, 1) with 32 bits. */
  uniform(): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Uniform integer in [0, n). */
  integer(n: number): number;
  /** Normal with mean 0 and standard deviation 1 (Box-Muller). */
  normal(): number;
  /** A shuffled copy (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[];
}

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/** The high 32 bits of the 64-bit product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const cross = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(cross / 65536)) >>> 0;
}

/** Philox4x32-10: ten rounds over the counter `out[0..3]`, in place. Exported for its known-answer test. */
export function philox(out: Uint32Array, key0: number, key1: number): void {
  let c0 = out[0]!;
  let c1 = out[1]!;
  let c2 = out[2]!;
  let c3 = out[3]!;
  let k0 = key0;
  let k1 = key1;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(M0, c0);
    const low0 = Math.imul(M0, c0) >>> 0;
    const high1 = multiplyHigh(M1, c2);
    const low1 = Math.imul(M1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** FNV-1a over the parts of a stream's name, so that streams can be named by words and numbers. */
function hashStream(stream: readonly (string | number)[]): number {
  let hash = 0x811c9dc5;
  for (const part of stream) {
    for (const char of `${part}\u0000`) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193) >>> 0;
  }
  return hash;
}

/**
 * A generator for one purpose: `makeRandom(seed, "dropout", step)`.
 * @param seed integer >= 0; 53 bits are used.
 */
export function makeRandom(seed: number, ...stream: readonly (string | number)[]): Random {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new RangeError(`Seed must be an integer >= 0, got ${seed}`);
  const key0 = seed >>> 0;
  const key1 = (Math.floor(seed / 2 ** 32) ^ hashStream(stream)) >>> 0;
  const stream2 = hashStream(["second", ...stream]);
  const block = new Uint32Array(4);
  let counter = 0;
  let used = 4;
  let spare: number | undefined;

  function uint32(): number {
    if (used === 4) {
      block[0] = counter >>> 0;
      block[1] = Math.floor(counter / 2 ** 32);
      block[2] = stream2;
      block[3] = 0;
      philox(block, key0, key1);
      counter++;
      used = 0;
    }
    return block[used++]!;
  }
  const uniform = (): number => uint32() / 2 ** 32;
  function integer(n: number): number {
    if (!Number.isInteger(n) || n < 1) throw new RangeError(`integer(n) needs n >= 1, got ${n}`);
    return Math.floor(uniform() * n);
  }
  return {
    uint32,
    uniform,
    integer,
    between: (low, high) => low + (high - low) * uniform(),
    normal() {
      if (spare !== undefined) {
        const value = spare;
        spare = undefined;
        return value;
      }
      // 1 - u lies in (0, 1], so the logarithm is finite.
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    shuffle(items) {
      const copy = [...items];
      for (let i = copy.length - 1; i > 0; i--) {
        const j = integer(i + 1);
        const swap = copy[i]!;
        copy[i] = copy[j]!;
        copy[j] = swap;
      }
      return copy;
    },
  };
}
