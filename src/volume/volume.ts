/**
 * Volumes on a grid. An intensity image and a label mask are two kinds, so that z-scoring a mask or
 * resampling labels linearly does not compile.
 */
import type { Affine } from "../nifti/affine.ts";

/** Where voxels lie: x varies fastest in memory (NIfTI's order). A 2D slice has depth 1. */
export interface Grid {
  readonly shape: readonly [x: number, y: number, z: number];
  readonly spacingMm: readonly [x: number, y: number, z: number];
  /** Voxel index to RAS+ millimetres, rows first. */
  readonly affine: Affine;
}

/** Real-valued image after scl_slope and scl_inter. */
export interface IntensityVolume {
  readonly kind: "intensity";
  readonly grid: Grid;
  /** length = x * y * z, x fastest. */
  readonly data: Float32Array;
}

/** Whole-numbered labels, 0 = background. */
export interface LabelVolume {
  readonly kind: "label";
  readonly grid: Grid;
  /** length = x * y * z, x fastest. */
  readonly data: Uint8Array;
}

export type Volume = IntensityVolume | LabelVolume;

/** Labels have an id (the voxel value) and a lower-case English name; 0 is always "background". */
export interface LabelDefinition {
  readonly id: number;
  readonly name: string;
}

/** HipMRI's labels. */
export const HIPMRI_LABELS: readonly LabelDefinition[] = [
  { id: 0, name: "background" },
  { id: 1, name: "body" },
  { id: 2, name: "bone" },
  { id: 3, name: "bladder" },
  { id: 4, name: "rectum" },
  { id: 5, name: "prostate" },
];
