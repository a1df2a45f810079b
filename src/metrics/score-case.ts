/** Scores one predicted volume against its truth, label by label. */

import { IGNORE_LABEL } from "../core/labels.ts";
import { countComponents } from "../volume/components.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import { conventionOf } from "./conventions/index.ts";
import type { Convention, ConventionName, DistanceScores } from "./conventions/types.ts";
import { type CroppedMasks, cropLabel } from "./crop.ts";
import { countOverlap, type OverlapCounts, precisionOf, sensitivityOf } from "./overlap.ts";
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
  /** Whose rules; "hipmri" unless given. States and counts are the same under all of them. */
  readonly convention?: ConventionName | undefined;
  /** false leaves distances, nsd and components null: much quicker, for the validation after each epoch. */
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

const NO_DISTANCES: DistanceScores = { hdMm: null, hd95Mm: null, assdMm: null, masdMm: null, nsd: null };

/** What needs the masks themselves, not their counts alone. */
interface Shaped {
  readonly distances: DistanceScores;
  readonly components: CaseLabelMetrics["components"];
}

function scoreShape(
  masks: CroppedMasks,
  input: ScoreCaseInput,
  state: CaseState,
  convention: Convention,
): Shaped {
  const components = {
    truth: countComponents(masks.truth, masks.shape),
    prediction: countComponents(masks.prediction, masks.shape),
  };
  // Infinite, which JSON lacks; of the one surface that is there, nothing lies within any tolerance.
  if (state !== "scored") {
    return { distances: { ...NO_DISTANCES, nsd: convention.nsdOfOneEmpty }, components };
  }
  const { spacingMm, toleranceMm = DEFAULT_TOLERANCE_MM } = input;
  return { distances: convention.distances({ ...masks, spacingMm }, toleranceMm), components };
}

function shapedOf(input: ScoreCaseInput, id: number, state: CaseState, convention: Convention): Shaped {
  if (input.distances === false) return { distances: NO_DISTANCES, components: null };
  const masks = state === "undefined" ? undefined : cropLabel(input.truth, input.prediction, input.shape, id);
  if (masks === undefined) return { distances: NO_DISTANCES, components: { truth: 0, prediction: 0 } };
  return scoreShape(masks, input, state, convention);
}

/**
 * Overlaps, surface distances, volume error and components of each foreground label.
 * Both masks empty: "undefined". One empty: distances infinite and so null, and the state says "missed" or
 * "falseAlarm"; what overlaps are then is the convention's rule (ours: undefined is null, one empty is 0).
 * volumeErrorMl is prediction minus truth.
 * @throws RangeError where lengths do not fit the shape or the spacing is not positive.
 */
export function scoreCase(input: ScoreCaseInput): CaseMetrics {
  check(input, input.toleranceMm ?? DEFAULT_TOLERANCE_MM);
  const convention = conventionOf(input.convention ?? "hipmri");
  const ids = input.labels.map((label) => label.id).filter((id) => id !== 0);
  const sliceLength = input.shape[0] * input.shape[1];
  const overlaps = countOverlap(input.truth, input.prediction, sliceLength, ids);
  const voxelMl = (input.spacingMm[0] * input.spacingMm[1] * input.spacingMm[2]) / 1000;
  const labels = overlaps.map(({ counts, slicesPresent }, k): CaseLabelMetrics => {
    const id = ids[k]!;
    const state = stateOf(counts);
    const { distances, components } = shapedOf(input, id, state, convention);
    const excess = counts.prediction - counts.truth;
    return {
      id,
      dice: convention.dice(counts),
      iou: convention.iou(counts),
      sensitivity: sensitivityOf(counts),
      precision: precisionOf(counts),
      ...distances,
      volumeErrorMl: excess * voxelMl,
      volumeErrorPercent: counts.truth === 0 ? null : (100 * excess) / counts.truth,
      state,
      counts,
      components,
      slicesPresent,
    };
  });
  return { id: input.id, patient: input.patient, labels };
}
