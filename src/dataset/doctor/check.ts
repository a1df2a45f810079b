/** The data doctor: looks at a whole data set and says in plain words what is wrong with it. */
import { HipError, type HipErrorCode } from "../../core/errors.ts";
import { mapParallel } from "../../core/parallel.ts";
import type { LabelDefinition } from "../../volume/volume.ts";
import { nameLabels } from "../labels.ts";
import { findOrientation } from "../orientation.ts";
import { patientsOf } from "../split.ts";
import type { CaseEntry, DatasetIndex, LayoutName } from "../types.ts";
import { duplicateFindings } from "./duplicate-findings.ts";
import { type CaseExam, type CaseVoxels, examineCase } from "./examine-case.ts";
import type { ReadContext } from "./examine-pair.ts";
import { checkHeaders, headerFindings } from "./fast-check.ts";
import { makeFinding, sortFindings } from "./findings.ts";
import { geometryTable } from "./geometry-findings.ts";
import { fastFindings, splitRows } from "./index-findings.ts";
import { intensityFindings } from "./intensity-findings.ts";
import { labelFindings, labelRows } from "./label-findings.ts";
import { describeIndexed, type Indexed, readIndexed } from "./read-index.ts";
import type { CaseRow, DoctorCounts, DoctorFinding, DoctorReport, LabelRow } from "./types.ts";

/** Cases held at once: memory does not grow with the data set. */
const AT_ONCE = 2;

export interface DoctorOptions extends ReadContext {
  /** How the data folder is called in messages. */
  readonly root: string;
  /** Found by the folders' names unless given. */
  readonly layout?: LayoutName | undefined;
  /** Headers only. */
  readonly isFast?: boolean;
  readonly onProgress?: (done: number, total: number) => void;
  /** Takes each case's voxels while they are there, to make a picture of them. */
  readonly onVoxels?: (voxels: CaseVoxels) => void;
  /** Aborted: the promise rejects with its reason. */
  readonly signal?: AbortSignal;
}

type Body = Omit<DoctorReport, "ok" | "data" | "read">;

const NO_COUNTS: DoctorCounts = {
  cases: 0,
  patients: 0,
  pairs: 0,
  badCases: 0,
  slices: null,
  slicesWithoutLabel: null,
};

/** A data set that could not even be indexed. */
function refusal(error: HipError): Body {
  const finding = makeFinding({
    severity: "error",
    code: "unusable-dataset",
    message: error.message,
    remedy: error.hint ?? "Check that the data set was copied in full",
    details: error.problems,
  });
  return {
    layout: null,
    description: null,
    isSynthetic: false,
    counts: NO_COUNTS,
    splits: [],
    labels: [],
    geometry: geometryTable([], []),
    cases: [],
    findings: [finding],
  };
}

function countsOf(
  { cases }: DatasetIndex,
  badCases: ReadonlySet<string>,
  exams?: readonly CaseExam[],
): DoctorCounts {
  const sum = (of: (exam: CaseExam) => number): number | null =>
    exams?.reduce((total, exam) => total + of(exam), 0) ?? null;
  return {
    cases: cases.length,
    patients: patientsOf(cases).length,
    pairs: cases.reduce((total, { files }) => total + files.length, 0),
    badCases: badCases.size,
    slices: sum(({ slices }) => slices),
    slicesWithoutLabel: sum(({ slicesWithoutLabel }) => slicesWithoutLabel),
  };
}

/** Cases that an error names. */
const badCasesOf = (findings: readonly DoctorFinding[]): ReadonlySet<string> =>
  new Set(findings.filter(({ severity }) => severity === "error").flatMap(({ cases }) => cases));

function caseRow({ entry, slices, labelVoxels, intensity }: CaseExam): CaseRow {
  const total = labelVoxels?.reduce((sum, n) => sum + n, 0) ?? 0;
  return {
    id: entry.id,
    patient: entry.patient,
    split: entry.split ?? null,
    slices,
    foregroundShare: labelVoxels === undefined || total === 0 ? null : 1 - labelVoxels[0]! / total,
    intensity: intensity ?? null,
  };
}

/**
 * Reads and measures cases of an indexed data set.
 * @param cases all of the index, or a share of them
 */
export async function examineCases(
  index: DatasetIndex,
  cases: readonly CaseEntry[],
  options: DoctorOptions,
): Promise<readonly CaseExam[]> {
  const { folder, inflate, onProgress, onVoxels, signal } = options;
  const { orientation } = await findOrientation(index, { folder, inflate, plane: "auto" });
  let done = 0;
  return mapParallel(cases, AT_ONCE, async (entry) => {
    signal?.throwIfAborted();
    const exam = await examineCase(entry, { folder, inflate, unit: index.unit, orientation, onVoxels });
    onProgress?.(++done, cases.length);
    return exam;
  });
}

const isMet = ({ voxels }: LabelRow): boolean => voxels > 0;

function fullBody(indexed: Indexed, exams: readonly CaseExam[]): Body {
  const { index, areLabelsFound } = indexed;
  const met = (): LabelDefinition[] =>
    nameLabels(
      labelRows(exams, [])
        .filter(isMet)
        .map(({ id }) => id),
    );
  const labels = areLabelsFound ? met() : index.labels;
  const rows = labelRows(exams, labels);
  const { findings, geometry } = headerFindings(exams, index);
  const all = [
    ...fastFindings(index),
    ...findings,
    ...labelFindings(rows, exams, labels),
    ...duplicateFindings(exams),
    ...intensityFindings(exams),
  ];
  return {
    layout: index.layout,
    isSynthetic: indexed.isSynthetic,
    description: describeIndexed(indexed, rows.length),
    counts: countsOf(index, badCasesOf(all), exams),
    splits: splitRows(index.cases),
    labels: rows,
    geometry,
    cases: exams.map(caseRow),
    findings: all,
  };
}

async function fastBody(indexed: Indexed, options: DoctorOptions): Promise<Body> {
  const { index, isSynthetic } = indexed;
  const { findings, geometry } = await checkHeaders(index, options);
  return {
    layout: index.layout,
    isSynthetic,
    description: describeIndexed(indexed, undefined),
    counts: countsOf(index, badCasesOf(findings)),
    splits: splitRows(index.cases),
    labels: [],
    geometry,
    cases: [],
    findings,
  };
}

const NOT_OF_THE_DATA: readonly HipErrorCode[] = ["usage", "not-found", "disk"];

/**
 * Indexes a data folder.
 * @returns what is wrong with it, where it cannot be indexed
 * @throws HipError as checkDataset()
 */
export async function indexForCheck(options: DoctorOptions): Promise<Indexed | HipError> {
  return readIndexed(options).catch((error: unknown) => {
    if (error instanceof HipError && !NOT_OF_THE_DATA.includes(error.code)) return error;
    throw error;
  });
}

function reportOf(root: string, read: DoctorReport["read"], body: Body): DoctorReport {
  const findings = sortFindings(body.findings);
  return {
    ok: !findings.some(({ severity }) => severity === "error"),
    data: root,
    read,
    ...body,
    findings,
  };
}

/** The report on a data set of which every case was examined. @param exams in the order of the index */
export function reportOfExams(
  root: string,
  indexed: Indexed | HipError,
  exams: readonly CaseExam[],
): DoctorReport {
  return reportOf(root, "voxels", indexed instanceof HipError ? refusal(indexed) : fullBody(indexed, exams));
}

/**
 * Checks a data folder. What is wrong with the data becomes a finding; only what is no fault of the data rejects.
 * Two cases are in memory at a time.
 * @throws HipError "not-found" or "disk" where the folder itself cannot be read; "usage" of an unknown layout
 */
export async function checkDataset(options: DoctorOptions): Promise<DoctorReport> {
  const { root, isFast = false } = options;
  const indexed = await indexForCheck(options);
  if (isFast) {
    const body = indexed instanceof HipError ? refusal(indexed) : await fastBody(indexed, options);
    return reportOf(root, "headers", body);
  }
  if (indexed instanceof HipError) return reportOfExams(root, indexed, []);
  const { index } = indexed;
  return reportOfExams(root, indexed, await examineCases(index, index.cases, options));
}
