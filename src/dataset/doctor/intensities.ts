/** The intensities of one case in a few numbers that do not care for a single hot pixel. */
import { percentileOfSorted } from "../../core/statistics.ts";
import type { IntensityStats } from "./types.ts";

/** Enough for percentiles to a fraction of a percent; sorting more would take longer than reading the file. */
const MOST_SAMPLES = 200_000;

/** An even sample: every n-th value of all arrays together, NaN and infinities left out. */
function sampleSorted(arrays: readonly Float32Array[]): Float32Array {
  const total = arrays.reduce((sum, { length }) => sum + length, 0);
  // An odd step does not stay in one column of images whose width is a power of 2.
  const step = Math.max(1, Math.ceil(total / MOST_SAMPLES) | 1);
  const sample = new Float32Array(Math.ceil(total / step) + arrays.length);
  let n = 0;
  for (const values of arrays) {
    for (let i = 0; i < values.length; i += step) {
      const value = values[i]!;
      if (Number.isFinite(value)) sample[n++] = value;
    }
  }
  return sample.subarray(0, n).sort();
}

/** @returns undefined where no value is finite. */
export function intensityStats(arrays: readonly Float32Array[]): IntensityStats | undefined {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let finite = 0;
  let negative = 0;
  let atMax = 0;
  for (const values of arrays) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (!Number.isFinite(value)) continue;
      finite++;
      if (value < 0) negative++;
      if (value < min) min = value;
      if (value > max) {
        max = value;
        atMax = 1;
      } else if (value === max) atMax++;
    }
  }
  if (finite === 0) return undefined;
  const sorted = sampleSorted(arrays);
  const at = (p: number): number => percentileOfSorted(sorted, p);
  return {
    voxels: finite,
    min,
    low: at(0.5),
    median: at(50),
    high: at(99.5),
    max,
    negativeShare: negative / finite,
    maxShare: atMax / finite,
  };
}

/** Whether all values are one; not of NaN. */
export function isConstant(values: Float32Array): boolean {
  const first = values[0];
  return values.every((value) => value === first);
}
