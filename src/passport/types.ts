/**
 * The passport of an input: whether it is like the images that a model learnt from, and whether what the model found in
 * it is plausible anatomy. Everything is measured in the model's orientation.
 */
import type { AxisCodes } from "../volume/orient.ts";

export type Verdict = "ok" | "look" | "doubtful";

export type Triple = readonly [width: number, height: number, depth: number];

/** An image with labels, turned as the model has it: width fastest. */
export interface PassportCase {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  /** Along width, height and depth; null where the file does not state it. */
  readonly spacingMm: Triple | null;
  readonly image: Float32Array;
  /** Label ids; 255 = no truth. */
  readonly mask: Uint8Array;
}

/** How a figure lay in the training scans. */
export interface Range {
  readonly mean: number;
  readonly sd: number;
  readonly min: number;
  readonly max: number;
}

export interface ImageFeatures {
  readonly slices: number;
  readonly spacingMm: Triple | null;
  /** Extent of the image, mm. */
  readonly fieldMm: Triple | null;
  /** Percentiles of the intensities after z-scoring over the image. */
  readonly quantiles: readonly number[];
  /** Mean squared difference of neighbours along width, over the variance: 2 for pure noise, near 0 for smooth images. */
  readonly roughness: number;
  /** Mean intensity, z-scored, of the cells of a coarse grid over the image. */
  readonly layout: readonly number[];
}

export interface LabelFeatures {
  readonly id: number;
  /** null where it was not found. */
  readonly found: {
    /** null where voxels have no stated size. */
    readonly volumeMl: number | null;
    /** Share of its voxels outside its largest component. */
    readonly islands: number;
    /** Of its voxels' mean place, in shares of the image's extent. */
    readonly place: Triple;
  } | null;
}

export interface CaseFeatures {
  readonly image: ImageFeatures;
  /** Foreground labels. */
  readonly labels: readonly LabelFeatures[];
}

/** Of two labels along one axis: in every training scan the one lay further along it than the other. */
export interface OrderRule {
  /** Label ids; `further` lies further along the axis. */
  readonly further: number;
  readonly nearer: number;
  readonly axis: 0 | 1 | 2;
  /** In shares of the image's extent. */
  readonly mean: number;
  readonly min: number;
}

/** What was measured on the training scans. */
export interface PassportFingerprint {
  readonly format: 1;
  readonly patients: number;
  readonly cases: number;
  readonly orientation: AxisCodes | null;
  readonly slices: Range;
  /** null where files did not state it. */
  readonly spacingMm: readonly [Range, Range, Range] | null;
  readonly fieldMm: readonly [Range, Range, Range] | null;
  readonly quantiles: readonly Range[];
  readonly roughness: Range;
  readonly layout: readonly number[];
  /** Correlation of each scan's layout with the mean of the other patients'. */
  readonly layoutMatch: Range;
  readonly labels: readonly {
    readonly id: number;
    readonly name: string;
    /** Training scans that have it. */
    readonly present: number;
    /** Natural logarithm of the volume in ml. */
    readonly logMl: Range | null;
    readonly islands: Range | null;
    readonly place: readonly [Range, Range, Range] | null;
  }[];
  readonly order: readonly OrderRule[];
}

export interface LabelPassport {
  readonly name: string;
  readonly verdict: Verdict;
  readonly reasons: readonly string[];
}

export interface CasePassport {
  /** The worst of the image's and of all labels'. */
  readonly verdict: Verdict;
  /** Of the image itself. */
  readonly image: { readonly verdict: Verdict; readonly reasons: readonly string[] };
  readonly labels: readonly LabelPassport[];
  /** In words: what could not be judged, and why. */
  readonly notJudged: readonly string[];
}
