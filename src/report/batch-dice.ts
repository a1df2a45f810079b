/** Dice batch by batch, as the seed project drew it: slices in file order, so that every run has the same batches. */
import { mean } from "../core/statistics.ts";
import { countOverlap, diceOf } from "../metrics/overlap.ts";

export interface BatchDicePoint {
  /** The batch's place, from 1. */
  readonly x: number;
  readonly value: number;
}

export interface BatchDice {
  /** The next slices in file order; a batch may take slices of two volumes. */
  add(slices: {
    /** Label ids, whole slices of `length` pixels. */
    readonly truth: Uint8Array;
    readonly prediction: Uint8Array;
    readonly length: number;
  }): void;
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

  return {
    add({ truth, prediction, length }) {
      for (let from = 0; from < truth.length; from += length) {
        const slice = [
          truth.subarray(from, from + length),
          prediction.subarray(from, from + length),
        ] as const;
        for (const [k, overlap] of countOverlap(...slice, length, ids).entries()) {
          const total = counts[k]!;
          total.truth += overlap.counts.truth;
          total.prediction += overlap.counts.prediction;
          total.overlap += overlap.counts.overlap;
        }
        slices++;
        if (slices < batchSize) continue;
        points.push(...pointOf());
        counts = empty();
        slices = 0;
        batch++;
      }
    },
    points: () => (slices === 0 ? points : [...points, ...pointOf()]),
  };
}
