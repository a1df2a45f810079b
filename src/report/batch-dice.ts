/** Dice batch by batch, as the seed project drew it: slices in file order, so that every run has the same batches. */
import { mean } from "../core/statistics.ts";
import { countOverlap, diceOf } from "../metrics/overlap.ts";

export interface BatchDicePoint {
  /** The batch's place, from 1. */
  readonly x: number;
  readonly value: number;
}

/** Voxels of one slice by label: of the truth, the prediction and both, one after the other. */
export type SliceCounts = readonly number[];

/** Whole slices of `length` pixels, label ids. */
export interface LabelSlices {
  readonly truth: Uint8Array;
  readonly prediction: Uint8Array;
  readonly length: number;
}

/** @param ids foreground labels */
export function countSlices(
  { truth, prediction, length }: LabelSlices,
  ids: readonly number[],
): SliceCounts[] {
  const slices: SliceCounts[] = [];
  for (let from = 0; from < truth.length; from += length) {
    const slice = [truth.subarray(from, from + length), prediction.subarray(from, from + length)] as const;
    slices.push(
      countOverlap(...slice, length, ids).flatMap(({ counts }) => [
        counts.truth,
        counts.prediction,
        counts.overlap,
      ]),
    );
  }
  return slices;
}

export interface BatchDice {
  /** The next slices in file order; a batch may take slices of two volumes. */
  add(slices: LabelSlices): void;
  /** As add(), of slices that countSlices() counted. */
  addCounts(slices: readonly SliceCounts[]): void;
  /** One point a batch; batches in which no label is present, neither in truth nor in prediction, have none. */
  points(): BatchDicePoint[];
}

/** @param ids foreground labels @param batchSize slices; the last batch may have fewer. */
export function makeBatchDice(ids: readonly number[], batchSize: number): BatchDice {
  const empty = () => ids.map(() => ({ truth: 0, prediction: 0, overlap: 0 }));
  const points: BatchDicePoint[] = [];
  let batch = 1;
  let slices = 0;
  let counts = empty();

  function pointOf(): BatchDicePoint[] {
    const values = counts.map(diceOf).filter((value) => value !== null);
    return values.length === 0 ? [] : [{ x: batch, value: mean(values) }];
  }

  function addSlice(slice: SliceCounts): void {
    for (const [k, total] of counts.entries()) {
      total.truth += slice[3 * k]!;
      total.prediction += slice[3 * k + 1]!;
      total.overlap += slice[3 * k + 2]!;
    }
    slices++;
    if (slices < batchSize) return;
    points.push(...pointOf());
    counts = empty();
    slices = 0;
    batch++;
  }

  return {
    add: (added) => countSlices(added, ids).forEach(addSlice),
    addCounts: (added) => added.forEach(addSlice),
    points: () => (slices === 0 ? points : [...points, ...pointOf()]),
  };
}
