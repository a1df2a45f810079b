/** Two runs on the same cases: differences patient by patient, and whether chance alone would make them. */
import { makeRandom } from "../core/random.ts";
import { mean } from "../core/statistics.ts";
import { makePatientBootstrap } from "./bootstrap.ts";
import type { CaseMetrics, Interval } from "./types.ts";

/** One patient: each side the mean over the volumes that count. */
export interface PatientPair {
  readonly patient: string;
  readonly baseline: number;
  readonly other: number;
  /** Volumes behind both means. */
  readonly volumes: number;
}

export interface PairedSample {
  /** In alphabetical order. */
  readonly pairs: readonly PatientPair[];
  /** Volumes without a figure (undefined or infinite) in either run: they count in neither. */
  readonly leftOut: number;
}

export interface PairedTest {
  readonly patients: number;
  readonly leftOut: number;
  /** Means over the patients; null where there is none. */
  readonly baseline: number | null;
  readonly other: number | null;
  /** Other minus baseline. */
  readonly difference: number | null;
  /** Of the difference: 95 %, percentile bootstrap over patients. */
  readonly ci95: Interval;
  /** Two-sided sign-flip permutation test; null where there is no patient. */
  readonly p: number | null;
  /** Whether every sign pattern was counted, or a random draw of them. */
  readonly isExact: boolean;
  /** Patients whose figure is larger, equal or smaller in the other run. */
  readonly larger: number;
  readonly equal: number;
  readonly smaller: number;
}

/** Up to so many patients all 2^n sign patterns are counted. */
const LARGEST_EXACT = 16;
/** Below this p, corrected for the number of tests, a difference is said to be shown. */
export const SIGNIFICANT = 0.05;
const DRAWS = 20_000;

/** Differences that only rounding makes. */
const TOLERANCE = 1e-12;

/**
 * Pairs the same cases of two runs by patient.
 * @param value the figure of a case; null where it has none
 * @throws RangeError where the runs have other cases
 */
export function pairByPatient(
  baseline: readonly CaseMetrics[],
  other: readonly CaseMetrics[],
  value: (one: CaseMetrics, another: CaseMetrics) => readonly [baseline: number, other: number] | null,
): PairedSample {
  const byId = new Map(other.map((each) => [each.id, each]));
  if (byId.size !== baseline.length || baseline.length !== other.length)
    throw new RangeError("Runs must have the same cases");
  const byPatient = new Map<string, [number, number][]>();
  let leftOut = 0;
  for (const one of baseline) {
    const another = byId.get(one.id);
    if (another === undefined) throw new RangeError(`Case "${one.id}" is in one run only`);
    const found = value(one, another);
    if (found === null) {
      leftOut++;
      continue;
    }
    const list = byPatient.get(one.patient) ?? [];
    byPatient.set(one.patient, list);
    list.push([...found]);
  }
  const pairs = [...byPatient.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([patient, values]): PatientPair => ({
        patient,
        baseline: mean(values.map(([first]) => first)),
        other: mean(values.map(([, second]) => second)),
        volumes: values.length,
      }),
    );
  return { pairs, leftOut };
}

/** Adds up the patterns whose |sum| is as large as the observed one: all of them, one sign changed at a time. */
function exactP(differences: readonly number[], observed: number): number {
  const n = differences.length;
  const signs = new Int8Array(n).fill(1);
  let hits = 0;
  for (let pattern = 0; pattern < 2 ** n; pattern++) {
    if (pattern > 0) {
      // Gray code: from each pattern to the next one sign changes, that of the lowest set bit.
      const k = 31 - Math.clz32(pattern & -pattern);
      signs[k] = -signs[k]! as 1 | -1;
    }
    // Summed afresh: a running sum would gather rounding errors over 65,536 patterns.
    let sum = 0;
    for (let i = 0; i < n; i++) sum += signs[i]! * differences[i]!;
    if (Math.abs(sum) >= observed) hits++;
  }
  return hits / 2 ** n;
}

/** (hits + 1) / (draws + 1): the observed pattern is one of those drawn, so that p is never 0. */
function drawnP(differences: readonly number[], observed: number, seed: number): number {
  const random = makeRandom(seed, "sign-flip", differences.length);
  let hits = 0;
  for (let draw = 0; draw < DRAWS; draw++) {
    let sum = 0;
    let bits = 0;
    for (let i = 0; i < differences.length; i++) {
      if (i % 32 === 0) bits = random.uint32();
      sum += bits & 1 ? differences[i]! : -differences[i]!;
      bits >>>= 1;
    }
    if (Math.abs(sum) >= observed) hits++;
  }
  return (hits + 1) / (DRAWS + 1);
}

/**
 * Two-sided p of the mean difference: were both runs alike, each patient's difference would as well have the other
 * sign. Exact up to 16 patients, from 20,000 seeded draws beyond (Fisher: "The design of experiments", 1935, ch. 3;
 * Phipson, Smyth: "Permutation p-values should never be zero", 2010).
 * @returns null of no differences
 */
export function signFlipP(differences: readonly number[], seed: number): number | null {
  if (differences.length === 0) return null;
  const scale = Math.max(...differences.map(Math.abs));
  // Patterns that equal the observed one but for rounding are hits.
  const observed = Math.abs(differences.reduce((sum, d) => sum + d, 0)) - TOLERANCE * Math.max(1, scale);
  return differences.length <= LARGEST_EXACT
    ? exactP(differences, observed)
    : drawnP(differences, observed, seed);
}

/** The smallest p that so many patients can give: of all sign patterns two are as far out as the farthest. */
export const leastP = (patients: number): number => Math.min(1, 2 / 2 ** Math.min(patients, LARGEST_EXACT));

/** The mean difference over patients with its interval and test. */
export function testPairs({ pairs, leftOut }: PairedSample, { seed }: { readonly seed: number }): PairedTest {
  const differences = pairs.map(({ baseline, other }) => other - baseline);
  const count = (is: (d: number) => boolean): number => differences.filter(is).length;
  const meanOf = (values: readonly number[]): number | null => (values.length === 0 ? null : mean(values));
  const { ratio } = makePatientBootstrap(pairs.length, { seed });
  return {
    patients: pairs.length,
    leftOut,
    baseline: meanOf(pairs.map(({ baseline }) => baseline)),
    other: meanOf(pairs.map(({ other }) => other)),
    difference: meanOf(differences),
    ci95: ratio({ sums: differences, counts: differences.map(() => 1) }),
    p: signFlipP(differences, seed),
    isExact: pairs.length <= LARGEST_EXACT,
    larger: count((d) => d > TOLERANCE),
    equal: count((d) => Math.abs(d) <= TOLERANCE),
    smaller: count((d) => d < -TOLERANCE),
  };
}

/**
 * p-values corrected for their number, in the order given, so that the chance of any false "different" stays at the
 * level (Holm: "A simple sequentially rejective multiple test procedure", 1979). null stays null and counts for nothing.
 */
export function holm(values: readonly (number | null)[]): readonly (number | null)[] {
  const order = values
    .map((p, index) => ({ p, index }))
    .filter((each): each is { p: number; index: number } => each.p !== null)
    .sort((a, b) => a.p - b.p);
  const corrected: (number | null)[] = values.map(() => null);
  let largest = 0;
  for (const [rank, { p, index }] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (order.length - rank) * p));
    corrected[index] = largest;
  }
  return corrected;
}
