/** Voxel counts of truth, prediction and their overlap, for all labels in one pass. */
import { IGNORE_LABEL } from "../core/labels.ts";
import type { CaseLabelMetrics } from "./types.ts";

/** Voxel counts of one region: how many bear the label in the truth, in the prediction, in both. */
export type OverlapCounts = CaseLabelMetrics["counts"];

export interface LabelOverlap {
  readonly counts: OverlapCounts;
  /** Sum and number of the Dice of the slices where the label is present in the truth. */
  readonly slicesPresent: CaseLabelMetrics["slicesPresent"];
}

/** 2 |A and B| / (|A| + |B|); null where both are empty. */
export function diceOf(counts: OverlapCounts): number | null {
  const total = counts.truth + counts.prediction;
  return total === 0 ? null : (2 * counts.overlap) / total;
}

/** |A and B| / |A or B|; null where both are empty. */
export function iouOf(counts: OverlapCounts): number | null {
  const union = counts.truth + counts.prediction - counts.overlap;
  return union === 0 ? null : counts.overlap / union;
}

/** |A and B| / |A|: the share of the truth that was found; null where the truth is empty. */
export function sensitivityOf({ truth, overlap }: OverlapCounts): number | null {
  return truth === 0 ? null : overlap / truth;
}

/** |A and B| / |B|: the share of the prediction that is right; null where the prediction is empty. */
export function precisionOf({ prediction, overlap }: OverlapCounts): number | null {
  return prediction === 0 ? null : overlap / prediction;
}

/** Adds the voxels [start, end) to three tables that are indexed by voxel value. */
function countVoxels(
  truth: Uint8Array,
  prediction: Uint8Array,
  start: number,
  end: number,
  tables: { readonly truth: Uint32Array; readonly prediction: Uint32Array; readonly overlap: Uint32Array },
): void {
  const inTruth = tables.truth;
  const inPrediction = tables.prediction;
  const inBoth = tables.overlap;
  for (let i = start; i < end; ) {
    const t = truth[i]!;
    const p = prediction[i]!;
    // Masks are long runs of one value: count a run, then write once.
    const first = i;
    do i++;
    while (i < end && truth[i] === t && prediction[i] === p);
    if (t === IGNORE_LABEL) continue;
    const run = i - first;
    inTruth[t]! += run;
    inPrediction[p]! += run;
    if (t === p) inBoth[t]! += run;
  }
}

/**
 * Counts every label of two label arrays, over the whole array and slice by slice.
 * @param truth, prediction same length, a multiple of sliceLength; where the truth is 255 the voxel counts nowhere.
 * @param sliceLength voxels of one slice: x * y, as x varies fastest and z slowest.
 * @returns one entry per id, in the order of `ids`.
 */
export function countOverlap(
  truth: Uint8Array,
  prediction: Uint8Array,
  sliceLength: number,
  ids: readonly number[],
): LabelOverlap[] {
  if (truth.length !== prediction.length)
    throw new RangeError(`Truth has ${truth.length} voxels, but the prediction ${prediction.length}`);
  if (!Number.isInteger(sliceLength) || sliceLength < 1 || truth.length % sliceLength !== 0)
    throw new RangeError(`${truth.length} voxels are no whole number of slices of ${sliceLength}`);
  const tables = {
    truth: new Uint32Array(256),
    prediction: new Uint32Array(256),
    overlap: new Uint32Array(256),
  };
  const totals = ids.map(() => ({ truth: 0, prediction: 0, overlap: 0, diceSum: 0, n: 0 }));
  for (let start = 0; start < truth.length; start += sliceLength) {
    for (const table of Object.values(tables)) table.fill(0);
    countVoxels(truth, prediction, start, start + sliceLength, tables);
    for (const [k, id] of ids.entries()) {
      const total = totals[k]!;
      const slice = {
        truth: tables.truth[id]!,
        prediction: tables.prediction[id]!,
        overlap: tables.overlap[id]!,
      };
      total.truth += slice.truth;
      total.prediction += slice.prediction;
      total.overlap += slice.overlap;
      if (slice.truth > 0) {
        total.diceSum += diceOf(slice)!;
        total.n++;
      }
    }
  }
  return totals.map(({ truth, prediction, overlap, diceSum, n }) => ({
    counts: { truth, prediction, overlap },
    slicesPresent: { diceSum, n },
  }));
}
