/** What an editor of masks offers; editor.ts makes one. */
import type { Axis, Triple } from "./box.ts";
import type { Brush } from "./brush.ts";
import type { Edit, EditKind } from "./edit.ts";
import type { FillHolesOptions, FillOptions } from "./fill.ts";
import type { GrowOptions, ThresholdOptions } from "./grow.ts";
import type { InterpolateOptions } from "./interpolate.ts";
import type { EditResult } from "./pen.ts";
import type { EditVolume } from "./volume.ts";

export interface MaskEditorOptions extends EditVolume {
  /** What undo may keep; the oldest edits are dropped beyond it, the newest never. Default 64 MiB. */
  readonly historyBytes?: number;
  /** The revision that the mask was saved with; default 0. */
  readonly revision?: number;
  /** Hears of each edit, and of each undo and redo as an edit of its own: what a journal has to keep. */
  readonly onEdit?: (edit: Edit) => void;
}

/** Which voxels an edit may change: only those with these labels; without it all that are not locked. */
export interface Over {
  readonly over?: readonly number[];
}
/** What voxels become that lose their label; default 0. */
export interface Becoming {
  readonly to?: number;
}

/**
 * Every edit throws RangeError where its options do not fit the volume, and then changes nothing. A stroke that is
 * open is ended by whatever comes next.
 */
export interface MaskEditor extends EditVolume {
  /** Grows with each change, within strokes, by undo and by redo too. */
  readonly revision: number;
  /** Whether the mask differs from what it was at the start or at the last markSaved(). */
  readonly isChanged: boolean;
  markSaved(): void;

  /** Voxels of a label. */
  countOf(label: number): number;
  volumeMl(label: number): number;
  /** Slices across an axis that hold a label, ascending. */
  drawnSlices(label: number, axis: Axis): readonly number[];

  /** Labels of which no edit takes or adds a voxel. Undo and redo do not ask for locks. */
  readonly locks: ReadonlySet<number>;
  setLocked(label: number, isLocked: boolean): void;

  readonly canUndo: boolean;
  readonly canRedo: boolean;
  /** What undo() and redo() would take back and do again. */
  readonly undoKind: EditKind | undefined;
  readonly redoKind: EditKind | undefined;
  undo(): EditResult;
  redo(): EditResult;

  readonly isInStroke: boolean;
  /** @param point in voxels along x, y, z, not rounded; it may lie outside the volume. */
  beginStroke(brush: Brush, point: Triple): EditResult;
  /** Paints the straight way from the last point. @throws RangeError outside a stroke */
  strokeTo(point: Triple): EditResult;
  /** Makes the stroke one edit. @returns the whole stroke */
  endStroke(): EditResult;
  /** Takes the stroke back; it cannot be redone. */
  cancelStroke(): EditResult;

  fill(options: FillOptions & Over): EditResult;
  fillHoles(options: FillHolesOptions & Over): EditResult;
  grow(options: GrowOptions & Over): EditResult;
  threshold(options: ThresholdOptions & Over): EditResult;
  /** @throws HipError where the label is not drawn in two slices, or a key slice is empty */
  interpolateSlices(options: InterpolateOptions & Over & Becoming): EditResult;
  /** Components hang together by 26 neighbours. */
  keepLargest(label: number, options?: Becoming): EditResult;
  removeLabel(label: number): EditResult;
  replaceLabel(from: number, to: number): EditResult;
}
