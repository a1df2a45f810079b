/** Slices put where they will lie in their stack as each is decoded, while the processor still has it at hand. */

interface Pixels {
  readonly shape: readonly number[];
  readonly image: Float32Array;
  readonly mask: Uint8Array;
}

/** Pixels of a slice; larger ones are joined in the end: their files may be of unequal sizes and none of them right. */
const MOST_PIXELS = 2 ** 20;

export interface SliceStack {
  /** The pair, its arrays in the stack if it is a slice of the size that the stack has. */
  put<T extends Pixels>(index: number, pair: T): T;
  /** All slices, by index; they have equal shapes. */
  join(pairs: readonly Pixels[]): { readonly image: Float32Array; readonly mask: Uint8Array };
}

export function makeSliceStack(count: number): SliceStack {
  let image: Float32Array | undefined;
  let mask: Uint8Array | undefined;
  let area = 0;
  return {
    put(index, pair) {
      if (count < 2 || pair.shape.length > 2 || pair.image.length > MOST_PIXELS) return pair;
      if (image === undefined || mask === undefined) {
        area = pair.image.length;
        image = new Float32Array(area * count);
        mask = new Uint8Array(area * count);
      }
      if (pair.image.length !== area) return pair;
      const [from, to] = [index * area, (index + 1) * area];
      image.set(pair.image, from);
      mask.set(pair.mask, from);
      return { ...pair, image: image.subarray(from, to), mask: mask.subarray(from, to) };
    },
    join(pairs) {
      const isStacked = pairs.every((pair) => pair.image.buffer === image?.buffer);
      if (isStacked && image !== undefined && mask !== undefined) return { image, mask };
      return { image: joined(pairs.map((pair) => pair.image)), mask: joined(pairs.map((pair) => pair.mask)) };
    },
  };
}

function joined<T extends Float32Array | Uint8Array>(slices: readonly T[]): T {
  const area = slices[0]!.length;
  const all = new (slices[0]!.constructor as new (length: number) => T)(area * slices.length);
  for (const [i, slice] of slices.entries()) all.set(slice, i * area);
  return all;
}
