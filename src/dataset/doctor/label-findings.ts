/** Which labels a data set has, how much of each, and which cases have none. */
import { counted } from "../../core/text.ts";
import type { LabelDefinition } from "../../volume/volume.ts";
import type { CaseExam } from "./examine-case.ts";
import { makeFinding } from "./findings.ts";
import type { DoctorFinding, LabelRow } from "./types.ts";

/** In all masks together: fewer may be a slip of the pen. */
const FEW_VOXELS = 10;
/** A label in fewer patients cannot be in every split. */
const RARE_PATIENTS = 3;

const holds = (exam: CaseExam, id: number): boolean => (exam.labelVoxels?.[id] ?? 0) > 0;
const idsOf = (exams: readonly CaseExam[]) => ({ cases: exams.map(({ entry }) => entry.id) });
const masksOf = (exams: readonly CaseExam[]): string[] =>
  exams.map(({ entry }) => (entry.files.length === 1 ? entry.files[0]!.mask : entry.id));

/** A row for each label of the list and each that is met beside it, by id. */
export function labelRows(
  exams: readonly CaseExam[],
  labels: readonly LabelDefinition[],
): readonly LabelRow[] {
  let total = 0;
  const voxels = new Float64Array(256);
  for (const { labelVoxels } of exams) {
    labelVoxels?.forEach((n, id) => {
      voxels[id]! += n;
      total += n;
    });
  }
  if (total === 0) return [];
  const known = new Map(labels.map(({ id, name }) => [id, name]));
  return Array.from(voxels.keys())
    .filter((id) => known.has(id) || voxels[id]! > 0)
    .map((id) => {
      const holders = exams.filter((exam) => holds(exam, id));
      return {
        id,
        name: known.get(id) ?? `label_${id}`,
        isKnown: known.has(id),
        voxels: voxels[id]!,
        share: voxels[id]! / total,
        cases: holders.length,
        patients: new Set(holders.map(({ entry }) => entry.patient)).size,
        slices: holders.reduce((sum, exam) => sum + exam.labelSlices[id]!, 0),
      };
    });
}

function findUnknown(
  rows: readonly LabelRow[],
  exams: readonly CaseExam[],
  labels: readonly LabelDefinition[],
): DoctorFinding[] {
  const unknown = rows.filter(({ isKnown }) => !isKnown);
  if (unknown.length === 0) return [];
  const holders = exams.filter((exam) => unknown.some(({ id }) => holds(exam, id)));
  const ids = unknown.map(({ id }) => id).join(", ");
  return [
    makeFinding({
      severity: "error",
      code: "unknown-label",
      message:
        `${unknown.length === 1 ? `Label ${ids} occurs` : `Labels ${ids} occur`} in masks of ${counted(holders.length, "case")} ` +
        `but not in the data set's list: ${labels.map(({ id, name }) => `${id} ${name}`).join(", ")}`,
      remedy: "Correct the masks, or name these labels in the data set's list of labels",
      files: masksOf(holders),
      details: unknown.map(
        ({ id, voxels, cases }) => `label ${id}: ${counted(voxels, "voxel")} in ${counted(cases, "case")}`,
      ),
      ...idsOf(holders),
    }),
  ];
}

function findAbsent(rows: readonly LabelRow[], exams: readonly CaseExam[]): DoctorFinding[] {
  const wanted = rows.filter(({ id, isKnown }) => isKnown && id !== 0);
  const findings: DoctorFinding[] = [];
  const name = (row: LabelRow): string => `${row.id} ${row.name}`;
  const absent = wanted.filter(({ voxels }) => voxels === 0);
  if (absent.length > 0) {
    const isOne = absent.length === 1;
    findings.push(
      makeFinding({
        severity: "warning",
        code: "absent-label",
        message: `${isOne ? "Label" : "Labels"} ${absent.map(name).join(", ")} ${isOne ? "is" : "are"} in the data set's list and in no mask`,
        remedy: "Take it off the list, or check that the masks are complete: it cannot be learnt",
      }),
    );
  }
  const isStated = exams.every(({ entry }) => entry.split !== undefined);
  const inTrain = (id: number): boolean =>
    exams.some((exam) => exam.entry.split === "train" && holds(exam, id));
  const unlearnt = isStated ? wanted.filter(({ id, voxels }) => voxels > 0 && !inTrain(id)) : [];
  if (unlearnt.length > 0 && exams.some(({ entry }) => entry.split === "train")) {
    findings.push(
      makeFinding({
        severity: "error",
        code: "label-not-in-train",
        message: `No mask of the train split has ${unlearnt.map(name).join(", ")}, others have: it cannot be learnt`,
        remedy: "Move patients who have it into the train split, or take it off the list of labels",
      }),
    );
  }
  const rare = wanted.filter(
    (row) => row.patients > 0 && row.patients < RARE_PATIENTS && !unlearnt.includes(row),
  );
  const patients = new Set(exams.map(({ entry }) => entry.patient)).size;
  if (rare.length > 0 && patients > RARE_PATIENTS) {
    const holders = exams.filter((exam) => rare.some(({ id }) => holds(exam, id)));
    const isSlip = rare.some(({ voxels }) => voxels < FEW_VOXELS);
    findings.push(
      makeFinding({
        severity: "warning",
        code: "rare-label",
        message: `Few patients have ${rare.map((row) => `${name(row)} (${counted(row.patients, "patient")}, ${counted(row.voxels, "voxel")})`).join(", ")}`,
        remedy: `Such a label may be missing from a split, and its figures rest on one or two people: add patients who have it${isSlip ? "; so few voxels are perhaps a slip: correct the masks then" : ""}`,
        files: masksOf(holders),
        ...idsOf(holders),
      }),
    );
  }
  return findings;
}

function nothingLabelled(exams: readonly CaseExam[]): DoctorFinding {
  const read = exams.filter(({ labelVoxels }) => labelVoxels !== undefined);
  return makeFinding({
    severity: "error",
    code: "no-label",
    message: `No mask has a label other than 0 (masks of ${counted(read.length, "case")} read)`,
    remedy: "There is nothing to learn in empty masks: check that the right files were copied",
  });
}

/** Cases whose mask is empty or has no background. */
function findExtremes(exams: readonly CaseExam[]): DoctorFinding[] {
  const findings: DoctorFinding[] = [];
  const counts = (exam: CaseExam): Float64Array => exam.labelVoxels ?? new Float64Array(256);
  const isEmpty = (exam: CaseExam): boolean => counts(exam).every((n, id) => n > 0 === (id === 0));
  const empty = exams.filter((exam) => exam.labelVoxels !== undefined && isEmpty(exam));
  if (empty.length > 0) {
    findings.push(
      makeFinding({
        severity: "warning",
        code: "empty-mask",
        message: `The mask of ${counted(empty.length, "case")} is empty: nothing is labelled in the whole volume`,
        remedy: "Check that it is truly without any label; if it was never drawn, take the case away",
        files: masksOf(empty),
        ...idsOf(empty),
      }),
    );
  }
  const full = exams.filter((exam) => exam.labelVoxels !== undefined && counts(exam)[0] === 0);
  if (full.length > 0) {
    findings.push(
      makeFinding({
        severity: "warning",
        code: "full-mask",
        message: `The mask of ${counted(full.length, "case")} fills the image: no voxel is background`,
        remedy: "Check that the file is the mask and not something else, and that 0 is the background",
        files: masksOf(full),
        ...idsOf(full),
      }),
    );
  }
  return findings;
}

/** @param rows labelRows() of the same cases */
export function labelFindings(
  rows: readonly LabelRow[],
  exams: readonly CaseExam[],
  labels: readonly LabelDefinition[],
): readonly DoctorFinding[] {
  if (rows.length === 0) return [];
  if (rows.every(({ id, voxels }) => id === 0 || voxels === 0)) return [nothingLabelled(exams)];
  return [...findUnknown(rows, exams, labels), ...findAbsent(rows, exams), ...findExtremes(exams)];
}
