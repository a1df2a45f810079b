/** What the data doctor says: findings, and the tables that they rest on. */
import type { LabelDefinition } from "../../volume/volume.ts";
import type { LayoutName, Split } from "../types.ts";

/** An error makes training wrong or impossible; a warning may make it worse; a note is good to know. */
export type Severity = "error" | "warning" | "note";

export type FindingCode =
  // The data set as a whole
  | "unusable-dataset"
  | "unpaired"
  | "layout"
  | "patient-leak"
  | "split"
  | "few-patients"
  | "unclear-patients"
  // Single files
  | "unreadable-file"
  | "bad-header"
  | "bad-spacing"
  | "wrong-axes"
  | "unequal-slices"
  | "not-finite"
  | "header-oddity"
  // An image and its mask
  | "grid-mismatch"
  | "half-placed"
  | "image-is-mask"
  // Labels
  | "fractional-labels"
  | "label-out-of-range"
  | "unknown-label"
  | "no-label"
  | "absent-label"
  | "label-not-in-train"
  | "rare-label"
  | "empty-mask"
  | "full-mask"
  // Geometry
  | "no-orientation"
  | "lost-spacing"
  | "oblique"
  | "mixed-spacing"
  | "mixed-orientation"
  | "mixed-plane"
  | "slice-distance"
  // Copies
  | "duplicate-across-splits"
  | "duplicate-across-patients"
  | "duplicate-image"
  | "duplicate-mask"
  // Intensities
  | "constant-image"
  | "constant-slice"
  | "intensity-outlier"
  | "negative-values"
  | "saturated"
  | "mixed-intensity-scale";

export interface DoctorFinding {
  readonly severity: Severity;
  readonly code: FindingCode;
  /** One sentence: what was found. */
  readonly message: string;
  /** One sentence: how to mend it, or what training does about it. */
  readonly remedy: string;
  /** The files or cases concerned, at most 10 of them. */
  readonly files: readonly string[];
  /** How many there are in all. */
  readonly fileCount: number;
  /** What was found where, at most 10 lines (100 of what is unpaired); empty where `message` and `files` say it all. */
  readonly details: readonly string[];
  readonly detailCount: number;
  /** The cases concerned, all of them: the page shows these first. */
  readonly cases: readonly string[];
}

export interface DoctorCounts {
  readonly cases: number;
  readonly patients: number;
  /** Pairs of an image and a mask. */
  readonly pairs: number;
  /** Cases that an error names. */
  readonly badCases: number;
  /** 2D slices that training would see; null where voxels were not read. */
  readonly slices: number | null;
  readonly slicesWithoutLabel: number | null;
}

export interface SplitRow {
  /** "drawn" where the layout states none: patients are then shared out by the seed. */
  readonly split: Split | "drawn";
  readonly cases: number;
  readonly patients: number;
}

export interface LabelRow extends LabelDefinition {
  /** False of a label that masks have and the data set's list has not. */
  readonly isKnown: boolean;
  readonly voxels: number;
  /** Of all mask voxels read, 0 to 1. */
  readonly share: number;
  readonly cases: number;
  readonly patients: number;
  readonly slices: number;
}

/** One value of a property and how many files have it. */
export interface ValueCount {
  readonly value: string;
  readonly files: number;
}

/** By property, the most frequent value first. */
export interface GeometryTable {
  readonly shape: readonly ValueCount[];
  readonly spacingMm: readonly ValueCount[];
  readonly orientation: readonly ValueCount[];
  readonly plane: readonly ValueCount[];
  readonly format: readonly ValueCount[];
  readonly imageDtype: readonly ValueCount[];
  readonly maskDtype: readonly ValueCount[];
  /** Pairs whose headers were read; fewer than all in a fast check. */
  readonly pairsRead: number;
}

/** Of all finite intensities of a case; the percentiles from an even sample of at most 200,000 of them. */
export interface IntensityStats {
  /** How many intensities are finite. */
  readonly voxels: number;
  readonly min: number;
  /** The 0.5th percentile. */
  readonly low: number;
  readonly median: number;
  /** The 99.5th percentile. */
  readonly high: number;
  readonly max: number;
  /** Share of the voxels below 0. */
  readonly negativeShare: number;
  /** Share of the voxels that have the largest value. */
  readonly maxShare: number;
}

export interface CaseRow {
  readonly id: string;
  readonly patient: string;
  readonly split: Split | null;
  /** Slices that training would see; 0 where a file of the case could not be used. */
  readonly slices: number;
  /** Share of the mask that is not background; null where no mask of the case could be read. */
  readonly foregroundShare: number | null;
  readonly intensity: IntensityStats | null;
}

export interface DoctorReport {
  /** False where training would be wrong: where there is an error among the findings. */
  readonly ok: boolean;
  /** As the data folder was called. */
  readonly data: string;
  /** Null where the layout was not recognised or none of its files can be paired. */
  readonly layout: LayoutName | null;
  readonly description: string | null;
  /** Said by the data itself: made by a phantom, not by a scanner. */
  readonly isSynthetic: boolean;
  /** "headers": a fast check, in which no voxel was decoded. */
  readonly read: "headers" | "voxels";
  readonly counts: DoctorCounts;
  readonly splits: readonly SplitRow[];
  /** Empty in a fast check. */
  readonly labels: readonly LabelRow[];
  readonly geometry: GeometryTable;
  /** Empty in a fast check. */
  readonly cases: readonly CaseRow[];
  /** Errors first, then warnings, then notes. */
  readonly findings: readonly DoctorFinding[];
}
