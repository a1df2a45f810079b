/** What a converted data set's cases are called, and in which split they are. */
import { HipError } from "../core/errors.ts";
import { counted } from "../core/text.ts";
import { hipmriSplit } from "./hipmri-split.ts";
import { datasetError } from "./listing.ts";
import { patientsOf, splitByPatient } from "./split.ts";
import type { CaseEntry, DatasetIndex, Split } from "./types.ts";

/** What can be written: HipMRI's 2D slices, HipMRI's 3D release (csiro), or nnU-Net's layout. */
export const CONVERSIONS = ["keras_slices", "volumes", "nnunet"] as const;
export type Conversion = (typeof CONVERSIONS)[number];

export interface PlannedCase {
  readonly entry: CaseEntry;
  /** e.g. "case_004_week_0"; of nnunet the source's own. */
  readonly id: string;
  /** As HipMRI writes it: "004". */
  readonly number: string;
  readonly week: number;
  /** Of keras_slices alone. */
  readonly split: Split | undefined;
}

export interface ConversionPlan {
  readonly to: Conversion;
  readonly cases: readonly PlannedCase[];
  /** Whether cases got other names than the source has. */
  readonly isRenamed: boolean;
  /** Where the splits come from, in words; undefined where none are written. */
  readonly splitReason: string | undefined;
  readonly warnings: readonly string[];
}

/** HipMRI's names of cases. */
const HIPMRI_ID = /^case_(\d+)_week_(\d+)$/;

/** Plans the names and splits of a conversion. @throws HipError "bad-dataset" where two cases would be one */
export function planConversion(
  index: DatasetIndex,
  options: { readonly to: Conversion; readonly seed: number },
): ConversionPlan {
  const { to } = options;
  const named = to === "nnunet" ? keepNames(index.cases) : hipmriNames(index.cases);
  const splits = to === "keras_slices" ? chooseSplits(index, options.seed) : undefined;
  const cases = named.map((each) => ({ ...each, split: splits?.of(each.entry) }));
  checkUnique(index, cases);
  return {
    to,
    cases,
    isRenamed: cases.some(({ entry, id }) => entry.id !== id),
    splitReason: splits?.reason,
    warnings: splits?.warnings ?? [],
  };
}

type NamedCase = Omit<PlannedCase, "split">;

function keepNames(cases: readonly CaseEntry[]): NamedCase[] {
  return cases.map((entry) => ({ entry, id: entry.id, number: "", week: 0 }));
}

/** HipMRI's own names where all cases have them, else running numbers by patient. */
function hipmriNames(cases: readonly CaseEntry[]): NamedCase[] {
  const own = cases.map((entry) => ({ entry, match: HIPMRI_ID.exec(entry.id) }));
  if (own.every(({ match }) => match !== null)) {
    return own.map(({ entry, match }) => ({
      entry,
      id: `case_${match?.[1]}_week_${Number(match?.[2])}`,
      number: match?.[1] ?? "",
      week: Number(match?.[2]),
    }));
  }
  const patients = patientsOf(cases);
  const weeks = weeksOf(cases);
  const numberOf = new Map(patients.map((patient, i) => [patient, String(i + 1).padStart(3, "0")]));
  return cases.map((entry) => {
    const number = numberOf.get(entry.patient) ?? "";
    const week = weeks.get(entry) ?? 0;
    return { entry, id: `case_${number}_week_${week}`, number, week };
  });
}

/** The weeks that the names state, where they do so for every scan of a patient; else 0, 1, 2 … in the cases' order. */
function weeksOf(cases: readonly CaseEntry[]): ReadonlyMap<CaseEntry, number> {
  const weeks = new Map<CaseEntry, number>();
  const scansOf = new Map<string, CaseEntry[]>();
  for (const entry of cases) {
    const scans = scansOf.get(entry.patient);
    if (scans === undefined) scansOf.set(entry.patient, [entry]);
    else scans.push(entry);
  }
  for (const scans of scansOf.values()) {
    const stated = scans.map(({ id }) => /week[_-]?(\d{1,4})(?!\d)/i.exec(id)?.[1]);
    const isClear =
      stated.every((week) => week !== undefined) && new Set(stated.map(Number)).size === scans.length;
    for (const [i, entry] of scans.entries()) weeks.set(entry, isClear ? Number(stated[i]) : i);
  }
  return weeks;
}

interface ChosenSplits {
  of(entry: CaseEntry): Split | undefined;
  readonly reason: string;
  readonly warnings: readonly string[];
}

function chooseSplits(index: DatasetIndex, seed: number): ChosenSplits {
  const { cases } = index;
  if (cases.every((entry) => entry.split !== undefined)) {
    // A conversion of ours may state another split than the release's.
    const isOwn = index.layout === "csiro" && cases.every((entry) => entry.split === ownSplit(entry));
    const reason = isOwn ? "HipMRI's own" : "as in the source";
    return { of: (entry) => entry.split, reason, warnings: [] };
  }
  const own = new Map(cases.map((entry) => [entry, ownSplit(entry)]));
  const used = new Set(own.values());
  // Of a part of the release some split could be empty; and others may number their cases in the same way.
  if (used.size === 3 && !used.has(undefined)) {
    return { of: (entry) => own.get(entry), reason: "HipMRI's own", warnings: [] };
  }
  const patients = patientsOf(cases).length;
  if (patients < 3) {
    const warning = `${counted(patients, "patient")} cannot be split into train, validate and test: all is written as train`;
    return { of: () => "train", reason: "all train", warnings: [warning] };
  }
  const drawn = splitByPatient(index, { seed });
  const of = new Map<CaseEntry, Split>();
  for (const split of ["train", "validate", "test"] as const) {
    for (const entry of drawn[split]) of.set(entry, split);
  }
  return {
    of: (entry) => of.get(entry),
    reason: `drawn by patient from seed ${seed}`,
    warnings: drawn.warnings,
  };
}

function ownSplit({ id }: CaseEntry): Split | undefined {
  const number = HIPMRI_ID.exec(id)?.[1];
  return number === undefined ? undefined : hipmriSplit(Number(number));
}

function describeTwins(a: PlannedCase, b: PlannedCase): { readonly problem: string; readonly hint: string } {
  const [first, second] = [a.entry.id, b.entry.id];
  if (first === second && a.entry.split !== b.entry.split) {
    const problem = `"${first}" is in ${a.entry.split} and in ${b.entry.split}`;
    return { problem, hint: "Take such a case out of one of its splits, or convert to keras_slices" };
  }
  if (first.toLowerCase() === second.toLowerCase()) {
    const problem = `"${first}" and "${second}" differ only in letter case`;
    return { problem, hint: "Rename one of them: many disks take both names for one" };
  }
  const problem = `"${first}" and "${second}" would both be "${b.id}"`;
  return { problem, hint: "Rename the files so that each case has a name of its own" };
}

function checkUnique(index: DatasetIndex, cases: readonly PlannedCase[]): void {
  const seen = new Map<string, PlannedCase>();
  const problems: string[] = [];
  const hints = new Set<string>();
  for (const each of cases) {
    const key = `${each.split ?? ""} ${each.id.toLowerCase()}`;
    const twin = seen.get(key);
    if (twin === undefined) {
      seen.set(key, each);
      continue;
    }
    const { problem, hint } = describeTwins(twin, each);
    problems.push(problem);
    hints.add(hint);
  }
  if (problems.length > 0) {
    throw datasetError(
      `Cannot convert "${index.root}": ${counted(problems.length, "name")} would be given twice`,
      [...hints].join("; "),
      problems,
    );
  }
  // Names become paths: none may lead out of the folder.
  const strange = cases.find(({ id }) => /[/\\]|^\.+$/.test(id));
  if (strange !== undefined) {
    throw new HipError("bad-dataset", `Cannot convert "${index.root}": "${strange.id}" is no file name`, {
      hint: "Rename the file",
    });
  }
}
