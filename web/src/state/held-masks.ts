/** Masks of the scans that are open, each with the labels that its ids mean. */
import type { LabelDefinition } from "../../../src/browser/index.ts";
import type { ShownMask } from "../worker/protocol.ts";

export type HeldMask = Omit<ShownMask, "problem">;

export const sameLabels = (a: readonly LabelDefinition[], b: readonly LabelDefinition[]): boolean =>
  a.length === b.length && a.every(({ id, name }, i) => b[i]!.id === id && b[i]!.name === name);

/**
 * A mask under another set of labels, ids brought over by name.
 * @returns undefined where it holds a label that the other set does not name
 */
export function relabel(
  mask: Uint8Array,
  from: readonly LabelDefinition[],
  to: readonly LabelDefinition[],
): Uint8Array | undefined {
  if (sameLabels(from, to)) return mask;
  const lookup = new Int16Array(256).fill(-1);
  lookup[0] = 0;
  for (const { id, name } of from) {
    const match = to.find((label) => label.name === name);
    if (match !== undefined) lookup[id] = match.id;
  }
  const out = new Uint8Array(mask.length);
  for (let i = 0; i < mask.length; i++) {
    const id = lookup[mask[i]!]!;
    if (id < 0) return undefined;
    out[i] = id;
  }
  return out;
}
