/**
 * One change of a mask that is undone and redone as a whole, as runs of voxels that stand side by side in memory and
 * went from one value to another: a stroke of ten thousand voxels is some hundred runs of ten bytes.
 */
import type { VoxelBox } from "./box.ts";

/** What made an edit, for the text of a menu: "Undo stroke". */
export type EditKind =
  | "stroke"
  | "fill"
  | "fillHoles"
  | "grow"
  | "threshold"
  | "interpolate"
  | "keepLargest"
  | "replace";

/** Run r: the voxels [starts[r], starts[r] + lengths[r]) went from before[r] to after[r]. Ascending, without overlap. */
export interface Runs {
  readonly starts: Uint32Array;
  readonly lengths: Uint32Array;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

export interface Edit extends Runs {
  readonly kind: EditKind;
  /** The editor's revisions that it leads between: one edit's end is the next one's beginning. */
  readonly fromRevision: number;
  readonly toRevision: number;
  /** Changed voxels. */
  readonly changed: number;
  readonly box: VoxelBox;
}

/** The way back. */
export const invertRuns = ({ starts, lengths, before, after }: Runs): Runs => ({
  starts,
  lengths,
  before: after,
  after: before,
});

/** Bytes that an edit keeps in memory: its runs, and about 200 for what holds them. */
export const editBytes = ({ starts }: Runs): number => 10 * starts.length + 200;

/**
 * Writes the values after an edit.
 * @param mask changed in place
 * @param counts voxels by value, kept up to date
 */
export function applyRuns(
  mask: Uint8Array,
  { starts, lengths, before, after }: Runs,
  counts: Uint32Array,
): void {
  for (let run = 0; run < starts.length; run++) {
    const start = starts[run]!;
    const length = lengths[run]!;
    const value = after[run]!;
    if (length < 16) for (let i = start; i < start + length; i++) mask[i] = value;
    else mask.fill(value, start, start + length);
    counts[before[run]!]! -= length;
    counts[value]! += length;
  }
}
