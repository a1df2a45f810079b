/** A data set as every layout presents it: cases that are stacks of 2D slices. */
import type { Split } from "../core/split.ts";
import type { Grid, LabelDefinition } from "../volume/volume.ts";

export type { Split };
export type LayoutName = "keras_slices" | "msd";

/** One image file and its mask: a single 2D slice, or a whole volume. Paths are relative to the data folder. */
export interface FilePair {
  /** The image's file name without .nii/.nii.gz, e.g. "case_004_week_0_slice_10". */
  readonly name: string;
  readonly image: string;
  readonly mask: string;
}

/** One volume of one patient: many slice files in slice order (keras_slices), or one volume file (msd). */
export interface CaseEntry {
  /** e.g. "case_004_week_0", "patient001_frame01", "hippocampus_001". */
  readonly id: string;
  /** e.g. "case_004", "patient001", "hippocampus_001": what splits, averages and bootstraps go by. */
  readonly patient: string;
  /** Where the layout itself says so (keras_slices); otherwise the split is drawn by patient from the seed. */
  readonly split: Split | undefined;
  readonly files: readonly FilePair[];
}

export interface DatasetIndex {
  readonly layout: LayoutName;
  readonly root: string;
  /** 0 is background. */
  readonly labels: readonly LabelDefinition[];
  readonly cases: readonly CaseEntry[];
  readonly warnings: readonly string[];
}

/**
 * A decoded case: `depth` slices of `height` x `width` pixels, row-major, x (the file's first axis) along the
 * width and fastest in memory. Of a volume, the slices are cut across its coarsest axis.
 */
export interface DecodedCase {
  readonly entry: CaseEntry;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  /** Along width, height, depth. */
  readonly spacingMm: readonly [number, number, number];
  /** Raw intensities, depth * height * width. */
  readonly image: Float32Array;
  /** Labels, depth * height * width. */
  readonly mask: Uint8Array;
  /** The grid of the case's own files: of the volume, or of its first slice. */
  readonly grid: Grid;
  /** The file's axis along which slices were cut (0, 1 or 2). */
  readonly sliceAxis: 0 | 1 | 2;
  readonly warnings: readonly string[];
}
