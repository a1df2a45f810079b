/**
 * Train, validate and test, by patient: two scans of one person are nearly the same picture, so a patient
 * who is on both sides makes every figure too good.
 */

import { HipError } from "../core/errors.ts";
import { makeRandom } from "../core/random.ts";
import { counted } from "../core/text.ts";
import { quoteSome } from "./listing.ts";
import type { CaseEntry, DatasetIndex, Split } from "./types.ts";

export interface SplitOptions {
  readonly seed: number;
  /** Share of the patients; at least one of them. Default 0.15. */
  readonly validateFraction?: number;
  /** Share of the patients; at least one of them unless it is 0. Default 0.15. */
  readonly testFraction?: number;
  /** Which of `folds` folds validates, of those not kept for testing; the others are learnt from. In place of validateFraction. */
  readonly folds?: number | null;
  readonly fold?: number | null;
  /** What each patient's scans hold, e.g. the labels: folds get equal shares of each kind. Default: all alike. */
  readonly kindOf?: ReadonlyMap<string, string>;
  /** Learn from so many patients only, drawn by the seed; the others of train are in no split. Default: all. */
  readonly trainPatients?: number | null;
}

export interface SplitCases {
  readonly train: CaseEntry[];
  readonly validate: CaseEntry[];
  readonly test: CaseEntry[];
  readonly warnings: string[];
}

/**
 * Shares out the cases; each list keeps the index's order, and no patient is in two of them.
 *
 * Where the layout states a split for every case, that is used: a patient whom it has in two splits stays in
 * the one held out furthest (test, then validate), with a warning; where it has no validate, some patients of
 * train become it. A list may then be empty, with a warning. Otherwise the patients are shuffled by the seed.
 * @throws HipError "bad-dataset" where a split must be drawn from fewer than 3 patients (2 with testFraction 0)
 */
export function splitByPatient(index: DatasetIndex, options: SplitOptions): SplitCases {
  const { seed, validateFraction = 0.15, testFraction = 0.15 } = options;
  if (!(validateFraction > 0 && testFraction >= 0 && validateFraction + testFraction < 1)) {
    throw new RangeError(
      `validateFraction must be > 0, testFraction >= 0 and their sum < 1, got ${validateFraction} and ${testFraction}`,
    );
  }
  const fractions = { validateFraction, testFraction };
  const { folds, fold } = options;
  if (typeof folds === "number" && typeof fold === "number") {
    return keepTraining(splitByFold(index, { ...options, testFraction, folds, fold }), options);
  }
  const split = index.cases.every((entry) => entry.split !== undefined)
    ? splitAsStated(index, seed, validateFraction)
    : splitAtRandom(index, seed, fractions);
  return keepTraining(split, options);
}

/** A learning curve over the number of patients is drawn with everything else as it is. */
function keepTraining(split: SplitCases, { seed, trainPatients }: SplitOptions): SplitCases {
  const patients = patientsOf(split.train);
  if (trainPatients === undefined || trainPatients === null || trainPatients >= patients.length) return split;
  const kept = new Set(makeRandom(seed, "train patients").shuffle(patients).slice(0, trainPatients));
  const warning = `${counted(kept.size, "patient")} of the ${patients.length} of train are learnt from (split.trainPatients)`;
  return {
    ...split,
    train: split.train.filter((entry) => kept.has(entry.patient)),
    warnings: [...split.warnings, warning],
  };
}

function splitAtRandom(
  index: DatasetIndex,
  seed: number,
  fractions: { readonly validateFraction: number; readonly testFraction: number },
): SplitCases {
  const patients = makeRandom(seed, "split").shuffle(patientsOf(index.cases));
  const splits = fractions.testFraction === 0 ? 2 : 3;
  if (patients.length < splits) {
    throw new HipError(
      "bad-dataset",
      `Cannot split "${index.root}" by patient: ${splits} splits need ${splits} patients at least, got ${counted(patients.length, "patient")} (${quoteSome(patients)})`,
      { hint: "Add data of more patients: scans of one patient cannot stand on both sides of a split" },
    );
  }
  const n = patients.length;
  const testN = splits === 2 ? 0 : testCount(n, fractions.testFraction);
  const validateN = Math.min(n - testN - 1, Math.max(1, Math.round(fractions.validateFraction * n)));
  const of = new Map<string, Split>(
    patients.map((patient, i) => [
      patient,
      i < testN ? "test" : i < testN + validateN ? "validate" : "train",
    ]),
  );
  return assign(index.cases, of, []);
}

/** Those whom the layout keeps; where it states no split at all, the same whom a split without folds would draw. */
function keptForTesting(
  index: DatasetIndex,
  { seed, testFraction }: { readonly seed: number; readonly testFraction: number },
): ReadonlySet<string> {
  const stated = index.cases.filter(({ split }) => split !== undefined);
  if (stated.length > 0 || testFraction === 0)
    return new Set(stated.filter(({ split }) => split === "test").map(({ patient }) => patient));
  const patients = makeRandom(seed, "split").shuffle(patientsOf(index.cases));
  return new Set(patients.slice(0, testCount(patients.length, testFraction)));
}

/** At least one, and at least two are left. */
const testCount = (patients: number, fraction: number): number =>
  Math.min(patients - 2, Math.max(1, Math.round(fraction * patients)));

/**
 * Patients shared out into folds, each kind by itself; those whom the layout keeps for testing stay out of all of them.
 * @throws HipError "bad-dataset" where there are fewer patients than folds
 */
function splitByFold(
  index: DatasetIndex,
  options: SplitOptions & { readonly testFraction: number; readonly folds: number; readonly fold: number },
): SplitCases {
  const { seed, folds, fold, kindOf } = options;
  const held = keptForTesting(index, options);
  const patients = patientsOf(index.cases).filter((patient) => !held.has(patient));
  if (patients.length < folds) {
    throw new HipError(
      "bad-dataset",
      `Cannot share "${index.root}" out into ${folds} folds: that needs ${folds} patients at least, got ${counted(patients.length, "patient")}`,
      { hint: "Ask for fewer folds, or add data of more patients" },
    );
  }
  const shuffled = makeRandom(seed, "folds").shuffle(patients);
  const kind = (patient: string): string => kindOf?.get(patient) ?? "";
  // A stable sort: within a kind the shuffled order stays, and dealing goes on from kind to kind.
  const dealt = [...shuffled].sort((a, b) => (kind(a) < kind(b) ? -1 : kind(a) > kind(b) ? 1 : 0));
  const of = new Map<string, Split>([...held].map((patient) => [patient, "test"]));
  for (const [i, patient] of dealt.entries()) of.set(patient, i % folds === fold ? "validate" : "train");
  return assign(index.cases, of, []);
}

function splitAsStated(index: DatasetIndex, seed: number, validateFraction: number): SplitCases {
  const of = new Map<string, Split>();
  const warnings: string[] = [];
  for (const { patient, split } of index.cases) {
    if (split !== undefined) of.set(patient, furthest(split, of.get(patient)));
  }
  const cases = index.cases.filter((entry) => entry.split === of.get(entry.patient));
  for (const patient of patientsOf(index.cases)) {
    const left = index.cases.filter((entry) => entry.patient === patient && entry.split !== of.get(patient));
    if (left.length === 0) continue;
    warnings.push(
      `Patient "${patient}" is in several splits: kept in ${of.get(patient)}, ${counted(left.length, "case")} of other splits left out`,
    );
  }
  const train = patientsOf(cases.filter((entry) => entry.split === "train"));
  if (!cases.some((entry) => entry.split === "validate") && train.length > 1) {
    const n = Math.min(train.length - 1, Math.max(1, Math.round(validateFraction * train.length)));
    const chosen = makeRandom(seed, "split").shuffle(train).slice(0, n);
    for (const patient of chosen) of.set(patient, "validate");
    warnings.push(
      `The data has no validate split: ${counted(n, "patient")} of train drawn for it (${quoteSome(chosen.sort())})`,
    );
  }
  const result = assign(cases, of, warnings);
  for (const split of ["train", "validate", "test"] as const) {
    if (result[split].length === 0) warnings.push(`The ${split} split is empty`);
  }
  return result;
}

const HELD_OUT: readonly Split[] = ["train", "validate", "test"];

function furthest(a: Split, b: Split | undefined): Split {
  return b === undefined || HELD_OUT.indexOf(a) > HELD_OUT.indexOf(b) ? a : b;
}

/** Each patient once, in the order of the cases. */
export function patientsOf(cases: readonly CaseEntry[]): string[] {
  return [...new Set(cases.map((entry) => entry.patient))];
}

function assign(cases: readonly CaseEntry[], of: ReadonlyMap<string, Split>, warnings: string[]): SplitCases {
  const pick = (split: Split): CaseEntry[] => cases.filter((entry) => of.get(entry.patient) === split);
  return { train: pick("train"), validate: pick("validate"), test: pick("test"), warnings };
}
