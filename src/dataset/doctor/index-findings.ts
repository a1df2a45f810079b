/** What the listing of a data set tells by itself: patients, splits, and what the layout remarked. */
import { counted } from "../../core/text.ts";
import { findLeaks, warnOfLeaks } from "../leaks.ts";
import { quoteSome } from "../listing.ts";
import { patientsOf } from "../split.ts";
import type { CaseEntry, DatasetIndex, Split } from "../types.ts";
import { groupAlike, makeFinding } from "./findings.ts";
import type { DoctorFinding, SplitRow } from "./types.ts";
import { findUnclearPatients } from "./unclear-patients.ts";

const SPLITS: readonly Split[] = ["train", "validate", "test"];
/** Fewer patients in all are told: a split by patient leaves one or two to judge by. */
const FEW_PATIENTS = 10;

/** Whether the layout says of every case which split it belongs to. */
const isStated = (cases: readonly CaseEntry[]): boolean => cases.every(({ split }) => split !== undefined);

export function splitRows(cases: readonly CaseEntry[]): readonly SplitRow[] {
  const row = (split: SplitRow["split"], of: readonly CaseEntry[]): SplitRow => ({
    split,
    cases: of.length,
    patients: patientsOf(of).length,
  });
  if (!isStated(cases)) return [row("drawn", cases)];
  return SPLITS.map((split) =>
    row(
      split,
      cases.filter((entry) => entry.split === split),
    ),
  );
}

/** Files left out of the index: all of them in one finding, as one remedy holds for them. */
function pairingFinding({ faults }: DatasetIndex): DoctorFinding[] {
  if (faults === undefined) return [];
  const { message, hint, problems } = faults;
  const [first, ...others] = problems;
  const isSingle = others.length === 0;
  return [
    makeFinding({
      severity: "error",
      code: "unpaired",
      message: isSingle ? first! : `${message}; files without a partner are left out of all else here`,
      remedy: hint,
      details: isSingle ? [] : problems,
    }),
  ];
}

function leakFinding(cases: readonly CaseEntry[]): DoctorFinding[] {
  const leaks = findLeaks(cases);
  if (leaks.length === 0) return [];
  const patients = new Set(leaks.map(({ patient }) => patient));
  return [
    makeFinding({
      severity: "error",
      code: "patient-leak",
      message: `${counted(leaks.length, "patient")} ${leaks.length === 1 ? "is" : "are"} in more than one split: figures of the held-out splits would be too good`,
      remedy: "Move all scans of a patient into one split",
      details: leaks.map(({ patient, splits }) => `"${patient}" is in ${splits.join(" and ")}`),
      cases: cases.filter(({ patient }) => patients.has(patient)).map(({ id }) => id),
    }),
  ];
}

function findStatedSplits(rows: readonly SplitRow[]): DoctorFinding[] {
  const n = (split: Split): number => rows.find((row) => row.split === split)?.patients ?? 0;
  const findings: DoctorFinding[] = [];
  const say = (severity: DoctorFinding["severity"], message: string, remedy: string): void => {
    findings.push(makeFinding({ severity, code: "split", message, remedy }));
  };
  if (n("train") === 0) {
    say(
      "error",
      "The train split has no patients",
      "Give the train split some patients: there is nothing to learn from",
    );
  } else if (n("validate") === 0) {
    if (n("train") === 1)
      say(
        "error",
        "The validate split is empty, and train has one patient only",
        "Add a patient to validate by",
      );
    else say("warning", "The validate split is empty", "Training draws some patients of train for it");
  }
  if (n("test") === 0) {
    say("note", "The test split is empty", "Keep some patients apart to judge the finished model once");
  }
  for (const split of ["validate", "test"] as const) {
    if (n(split) !== 1) continue;
    const what = split === "validate" ? "The best checkpoint would be chosen" : "The model would be judged";
    say(
      "warning",
      `The ${split} split has one patient only`,
      `${what} on one person: add more patients to it`,
    );
  }
  return findings;
}

function findDrawnSplit(cases: readonly CaseEntry[]): DoctorFinding[] {
  const patients = patientsOf(cases);
  if (patients.length >= FEW_PATIENTS) return [];
  const isTooFew = patients.length < 3;
  return [
    makeFinding({
      severity: isTooFew ? "error" : "warning",
      code: "few-patients",
      message: isTooFew
        ? `Three splits need 3 patients at least, got ${counted(patients.length, "patient")} (${quoteSome(patients)})`
        : `There are ${patients.length} patients only: one or two are left to validate and to test on`,
      remedy: isTooFew
        ? "Add data of more patients: scans of one patient cannot stand on both sides of a split"
        : "Read every figure with care, or add data of more patients",
    }),
  ];
}

/** What the layout remarked, alike remarks together. Leaks are told by leakFinding(). */
function findRemarks({ cases, warnings }: DatasetIndex): DoctorFinding[] {
  const told = new Set(warnOfLeaks(cases));
  const others = warnings.filter((warning) => !told.has(warning));
  return groupAlike(others).map((group) =>
    makeFinding({
      severity: "warning",
      code: "layout",
      message: group.length === 1 ? group[0]! : `${group[0]!} (and ${group.length - 1} more like it)`,
      remedy: "Check that the data set was copied in full and nothing was renamed",
      details: group.length === 1 ? [] : group,
    }),
  );
}

/** What can be said without opening a file; at once, also of 10,000 cases. */
export function fastFindings(index: DatasetIndex): readonly DoctorFinding[] {
  const { cases } = index;
  const rows = splitRows(cases);
  return [
    ...pairingFinding(index),
    ...leakFinding(cases),
    ...(isStated(cases) ? findStatedSplits(rows) : findDrawnSplit(cases)),
    ...findUnclearPatients(cases),
    ...findRemarks(index),
  ];
}
