/** Scores one predicted volume against its truth, label by label. */

import { IGNORE_LABEL } from "../core/labels.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import { countOverlap, diceOf, iouOf, type OverlapCounts } from "./overlap.ts";
import { summariseSurfaceDistances, surfaceDistances } from "./surface.ts";
import type { CaseLabelMetrics, CaseMetrics, CaseState } from "./types.ts";

/** NSD's tolerance unless told otherwise, mm. */
export const DEFAULT_TOLERANCE_MM = 2;

export interface ScoreCaseInput {
  readonly id: string;
  readonly patient: string;
  /** Labels, x * y * z, x fastest; 255 marks voxels that count nowhere. */
  readonly truth: Uint8Array;
  readonly prediction: Uint8Array;
  /** A 2D slice has depth 1. Slices, where they are counted one by one, are cut across z. */
  readonly shape: readonly [x: number, y: number, z: number];
  readonly spacingMm: readonly [x: number, y: number, z: number];
  /** Label 0 is background and is not scored; voxels with other values than these are background too. */
  readonly labels: readonly LabelDefinition[];
  /** Of NSD; 2 unless given. */
  readonly toleranceMm?: number | undefined;
  /** false leaves hdMm, hd95Mm, assdMm and nsd null: much quicker, for the validation after each epoch. */
  readonly distances?: boolean | undefined;
}

function check(input: ScoreCaseInput, toleranceMm: number): void {
  const { id, shape, spacingMm, truth, prediction, labels } = input;
  const where = `case "${id}"`;
  if (!shape.every((n) => Number.isInteger(n) && n > 0))
    throw new RangeError(`Shape must be three integers > 0, got ${shape.join("x")} in ${where}`);
  const n = shape[0] * shape[1] * shape[2];
  if (truth.length !== n || prediction.length !== n)
    throw new RangeError(
      `Truth and prediction of shape ${shape.join("x")} need ${n} voxels, got ${truth.length} and ${prediction.length} in ${where}`,
    );
  if (!spacingMm.every((mm) => Number.isFinite(mm) && mm > 0))
    throw new RangeError(`Spacing must be three numbers > 0, got ${spacingMm.join(", ")} in ${where}`);
  if (!(toleranceMm >= 0)) throw new RangeError(`Tolerance must be >= 0 mm, got ${toleranceMm}`);
  const bad = labels.find(({ id }) => !Number.isInteger(id) || id < 0 || id >= IGNORE_LABEL);
  if (bad !== undefined) throw new RangeError(`A label must be an integer from 0 to 254, got ${bad.id}`);
}

function stateOf({ truth, prediction }: OverlapCounts): CaseState {
  if (truth === 0) return prediction === 0 ? "undefined" : "falseAlarm";
  return prediction === 0 ? "missed" : "scored";
}

type DistanceMetrics = Pick<CaseLabelMetrics, "hdMm" | "hd95Mm" | "assdMm" | "nsd">;

function distanceMetrics(
  input: ScoreCaseInput,
  id: number,
  state: CaseState,
  toleranceMm: number,
): DistanceMetrics {
  const none = { hdMm: null, hd95Mm: null, assdMm: null, nsd: null };
  if (input.distances === false || state === "undefined") return none;
  const distances = surfaceDistances(input.truth, input.prediction, input.shape, input.spacingMm, id);
  // Infinite, which JSON lacks; of the one surface that is there, nothing lies within any tolerance.
  if (distances === undefined) return { ...none, nsd: 0 };
  return summariseSurfaceDistances(distances, toleranceMm);
}

/**
 * Dice, IoU, surface distances and volume error of each foreground label.
 * Both masks empty: "undefined", all null. One empty: overlaps (nsd too) 0, distances infinite and so null, and the
 * state says "missed" or "falseAlarm". volumeErrorMl is prediction minus truth.
 * @throws RangeError where lengths do not fit the shape or the spacing is not positive.
 */
export function scoreCase(input: ScoreCaseInput): CaseMetrics {
  const toleranceMm = input.toleranceMm ?? DEFAULT_TOLERANCE_MM;
  check(input, toleranceMm);
  const ids = input.labels.map((label) => label.id).filter((id) => id !== 0);
  const sliceLength = input.shape[0] * input.shape[1];
  const overlaps = countOverlap(input.truth, input.prediction, sliceLength, ids);
  const voxelMl = (input.spacingMm[0] * input.spacingMm[1] * input.spacingMm[2]) / 1000;
  const labels = overlaps.map(({ counts, slicesPresent }, k): CaseLabelMetrics => {
    const id = ids[k]!;
    const state = stateOf(counts);
    return {
      id,
      dice: diceOf(counts),
      iou: iouOf(counts),
      ...distanceMetrics(input, id, state, toleranceMm),
      volumeErrorMl: (counts.prediction - counts.truth) * voxelMl,
      state,
      counts,
      slicesPresent,
    };
  });
  return { id: input.id, patient: input.patient, labels };
}
