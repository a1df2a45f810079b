/** Slices in which a label was drawn: why there may be nothing to fill between them. */
import type { Triple } from "../viewer/viewer.ts";

/** Ascending. @param mask x fastest @param axis across the slices */
export function drawnSlices(
  mask: Uint8Array,
  [width, height, depth]: Triple,
  label: number,
  axis: 0 | 1 | 2,
): readonly number[] {
  const isDrawn = new Uint8Array([width, height, depth][axis]!);
  for (let z = 0, at = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at++) {
        if (mask[at] === label) isDrawn[axis === 0 ? x : axis === 1 ? y : z] = 1;
      }
    }
  }
  return [...isDrawn.keys()].filter((slice) => isDrawn[slice] === 1);
}

export type WhyNothing =
  | { readonly why: "none" | "one" | "no overlap" }
  /** All slices between these two hold the label. */
  | { readonly why: "no gap"; readonly first: number; readonly last: number };

/** Why filling between drawn slices changed nothing. @param slices ascending */
export function whyNothing(slices: readonly number[]): WhyNothing {
  const [first, last] = [slices[0], slices.at(-1)];
  if (first === undefined || last === undefined) return { why: "none" };
  if (first === last) return { why: "one" };
  if (last - first === slices.length - 1) return { why: "no gap", first, last };
  return { why: "no overlap" };
}
