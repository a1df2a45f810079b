/** The rules by which a tool scores one label of one case. */

export const CONVENTION_NAMES = ["hipmri", "monai", "nnunet", "medpy", "deepmind"] as const;
export type ConventionName = (typeof CONVENTION_NAMES)[number];

type Triple = readonly [x: number, y: number, z: number];

/** Both masks of one label, neither of them empty, cut to their common box. */
export interface MaskPair {
  /** 0 or 1; x fastest, with one empty voxel all round (none along z where the array is 2D: depth 1). */
  readonly truth: Uint8Array;
  readonly prediction: Uint8Array;
  readonly shape: Triple;
  readonly spacingMm: Triple;
}

/** null where the tool has no such figure. */
export interface DistanceScores {
  readonly hdMm: number | null;
  readonly hd95Mm: number | null;
  readonly assdMm: number | null;
  readonly masdMm: number | null;
  readonly nsd: number | null;
}

export interface Counts {
  readonly truth: number;
  readonly prediction: number;
  readonly overlap: number;
}

export interface Convention {
  readonly name: ConventionName;
  /** One sentence that stands beside every figure: rules, the tool and the version it was checked against. */
  text(toleranceMm: number): string;
  /** Of empty masks and averages only, one short sentence. */
  readonly overlapRule: string;
  /** null: the case is left out of the mean. */
  dice(counts: Counts): number | null;
  /** null: the case is left out of the mean, or the tool has no such figure. */
  iou(counts: Counts): number | null;
  /** Both masks are present. */
  distances(masks: MaskPair, toleranceMm: number): DistanceScores;
  /** NSD where exactly one mask is empty: 0, or null where the tool leaves such a case out. */
  readonly nsdOfOneEmpty: number | null;
  /** How the tool averages over labels and cases. @param dice by label, then by case; null = left out */
  foregroundMean(dice: readonly (readonly (number | null)[])[]): number | null;
}
