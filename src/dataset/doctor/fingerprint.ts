/** A short text that is the same for equal voxels, and another one for all others as good as ever. */

const LANE_A = 0x9e3779b1;
const LANE_B = 0x85ebca77;

/** Spreads every bit over all others: the last rounds of a 32-bit hash. */
function finish(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Two 32-bit lanes, each mixed by multiplication and rotation over all words. */
function hashWords(words: Uint32Array, seed: number): readonly [number, number] {
  let a = seed ^ LANE_A;
  let b = seed ^ LANE_B;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    a = Math.imul(a ^ word, LANE_A);
    a = (a << 13) | (a >>> 19);
    b = Math.imul(b, LANE_B) + word;
    b = (b << 17) | (b >>> 15);
    b ^= b >>> 7;
  }
  return [finish(a ^ words.length), finish(b ^ a)];
}

const hex = (word: number): string => word.toString(16).padStart(8, "0");

/**
 * 64 bits over shape and voxels. Two images of 12,000 differing ones meet by chance once in 10^11 data sets.
 * @param values float32 intensities, or label ids
 */
export function fingerprint(values: Float32Array | Uint8Array, shape: readonly number[]): string {
  const seed = shape.reduce((sum, size) => finish(sum ^ size), shape.length);
  const { buffer, byteOffset, byteLength } = values;
  const whole = byteLength - (byteLength % 4);
  // A typed array of words must begin at a multiple of 4.
  const isAligned = byteOffset % 4 === 0;
  const bytes = isAligned ? undefined : new Uint8Array(values.buffer, byteOffset, byteLength).slice();
  const words =
    bytes === undefined
      ? new Uint32Array(buffer, byteOffset, whole / 4)
      : new Uint32Array(bytes.buffer, 0, whole / 4);
  const [a, b] = hashWords(words, seed);
  let rest = byteLength;
  const tail = new Uint8Array(buffer, byteOffset + whole, byteLength - whole);
  for (const byte of tail) rest = finish(rest ^ byte);
  return `${shape.join("x")}:${hex(a)}${hex(finish(b ^ rest))}`;
}
