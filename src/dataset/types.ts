/** A data set as every layout presents it: cases that are stacks of 2D slices. */
import type { Split } from "../core/split.ts";
import type { AxisCodes } from "../volume/orient.ts";
import type { Grid, LabelDefinition } from "../volume/volume.ts";
import type { PairingFaults } from "./pairing.ts";

export type { Split };
/** How a data folder is laid out; each has its reader, found by layouts.ts. */
export type LayoutName =
  | "keras_slices"
  | "csiro"
  | "csiro_cluster"
  | "msd"
  | "nnunet"
  | "images_labels"
  | "pair";

/** One image file and its mask: a single 2D slice, or a whole volume. Paths are relative to the data folder. */
export interface FilePair {
  /** The image's file name without its ending, e.g. "case_004_week_0_slice_10". */
  readonly name: string;
  readonly image: string;
  readonly mask: string;
}

/** One volume of one patient: many slice files in slice order, or one volume file. */
export interface CaseEntry {
  /** e.g. "case_004_week_0", "patient001_frame01", "hippocampus_001". */
  readonly id: string;
  /** e.g. "case_004", "patient001", "hippocampus_001": what splits, averages and bootstraps go by. */
  readonly patient: string;
  /** Where the folder itself says so; otherwise the split is drawn by patient from the seed. */
  readonly split: Split | undefined;
  readonly files: readonly FilePair[];
}

export interface DatasetIndex {
  readonly layout: LayoutName;
  /** What one image file is. */
  readonly unit: "slice" | "volume";
  /** One line for people, e.g. "HipMRI 3D release (CSIRO): 211 volumes of 38 patients, 6 labels". */
  readonly description: string;
  readonly root: string;
  /** 0 is background. */
  readonly labels: readonly LabelDefinition[];
  readonly cases: readonly CaseEntry[];
  readonly warnings: readonly string[];
  /** What could not be paired and is left out; only of an index that was asked for all the same. */
  readonly faults?: PairingFaults;
}

/**
 * A decoded case: `depth` slices of `height` x `width` pixels, row-major, turned to the data set's orientation.
 */
export interface DecodedCase {
  readonly entry: CaseEntry;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  /** Along width, height, depth. */
  readonly spacingMm: readonly [number, number, number];
  /** Whether the files themselves state their pixels' size; else `spacingMm` is 1 for want of better. */
  readonly hasSpacing: boolean;
  /** Raw intensities, depth * height * width. */
  readonly image: Float32Array;
  /** Labels, depth * height * width. */
  readonly mask: Uint8Array;
  /** Slice files run from the last to the first: slice i is file n - 1 - i. */
  readonly isReversed: boolean;
  /** The grid of the case's own files: of the volume, or of its first slice. */
  readonly grid: Grid;
  /** Which way width, height and depth run; undefined of 2D files where neither headers nor layout say it. */
  readonly orientation: AxisCodes | undefined;
  readonly warnings: readonly string[];
}
