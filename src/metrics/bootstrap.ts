/** Confidence intervals by resampling patients. */
import { makeRandom } from "../core/random.ts";
import { percentileOfSorted } from "../core/statistics.ts";
import type { Interval } from "./types.ts";

export interface BootstrapOptions {
  readonly seed: number;
  /** 2000 unless given. */
  readonly resamples?: number | undefined;
}

/** A ratio of sums over patients: a mean is (sum of values) / (number of values). */
export interface PatientTerms {
  /** By patient; patients in a fixed order. */
  readonly sums: readonly number[];
  readonly counts: readonly number[];
}

const DEFAULT_RESAMPLES = 2000;

/** 95 % of the sorted values; resamples in which the figure is undefined are left out. */
function middle(values: Float64Array): Interval {
  const defined = values.filter((value) => !Number.isNaN(value)).sort();
  return defined.length === 0 ? null : [percentileOfSorted(defined, 2.5), percentileOfSorted(defined, 97.5)];
}

/** Draws patients with replacement. @returns how often each patient was drawn, resample by resample */
function drawWeights(
  patients: number,
  { seed, resamples = DEFAULT_RESAMPLES }: BootstrapOptions,
): Uint16Array[] {
  if (!Number.isInteger(resamples) || resamples < 1)
    throw new RangeError(`resamples must be an integer >= 1, got ${resamples}`);
  const random = makeRandom(seed, "bootstrap", patients);
  return Array.from({ length: resamples }, () => {
    const weights = new Uint16Array(patients);
    for (let k = 0; k < patients; k++) weights[random.integer(patients)]!++;
    return weights;
  });
}

/** Makes intervals of figures over the same patients: every figure sees the same resamples. */
export interface PatientBootstrap {
  /** Of sum(sums) / sum(counts). */
  ratio(terms: PatientTerms): Interval;
  /** Of the mean over the figures of their ratios; those that are undefined in a resample are left out of its mean. */
  meanOfRatios(figures: readonly PatientTerms[]): Interval;
}

function ratioIn(weights: Uint16Array, { sums, counts }: PatientTerms): number {
  let sum = 0;
  let count = 0;
  for (let k = 0; k < weights.length; k++) {
    sum += weights[k]! * sums[k]!;
    count += weights[k]! * counts[k]!;
  }
  return count === 0 ? Number.NaN : sum / count;
}

/**
 * 95 % percentile-bootstrap intervals (Efron, Tibshirani: "An introduction to the bootstrap", 1993, ch. 13) in which
 * a patient is drawn with all of its volumes, since weekly scans of one man are no independent subjects
 * (cluster bootstrap: Field, Welsh, J. R. Stat. Soc. B 69, 2007).
 */
export function makePatientBootstrap(patients: number, options: BootstrapOptions): PatientBootstrap {
  let drawn: Uint16Array[] | undefined;
  const resample = (figure: (weights: Uint16Array) => number): Interval => {
    if (patients < 2) return null;
    drawn ??= drawWeights(patients, options);
    return middle(Float64Array.from(drawn, figure));
  };
  return {
    ratio(terms) {
      // With fewer than two patients that have a value, every resample gives the same figure or none.
      if (terms.counts.filter((count) => count > 0).length < 2) return null;
      return resample((weights) => ratioIn(weights, terms));
    },
    meanOfRatios: (figures) =>
      resample((weights) => {
        const values = figures
          .map((terms) => ratioIn(weights, terms))
          .filter((value) => !Number.isNaN(value));
        return values.reduce((sum, value) => sum + value, 0) / values.length;
      }),
  };
}
