/** Why filling between drawn slices changed nothing. */

export type WhyNothing =
  | { readonly why: "none" | "one" | "no overlap" }
  /** All slices between these two hold the label. */
  | { readonly why: "no gap"; readonly first: number; readonly last: number };

/** @param slices that hold the label, ascending */
export function whyNothing(slices: readonly number[]): WhyNothing {
  const [first, last] = [slices[0], slices.at(-1)];
  if (first === undefined || last === undefined) return { why: "none" };
  if (first === last) return { why: "one" };
  if (last - first === slices.length - 1) return { why: "no gap", first, last };
  return { why: "no overlap" };
}
