/** Making findings: few lines for many files, and all of them counted. */
import { counted } from "../../core/text.ts";
import type { DoctorFinding, FindingCode, Severity } from "./types.ts";

/** At most so many files, and so many lines of detail, are listed in a finding. */
export const SHOWN = 10;
/** Files that lack their partners are told one by one: no picture and no table shows them. */
const SHOWN_UNPAIRED = 100;

export interface FindingInput {
  readonly severity: Severity;
  readonly code: FindingCode;
  readonly message: string;
  readonly remedy: string;
  readonly files?: readonly string[];
  readonly details?: readonly string[];
  readonly cases?: readonly string[];
}

export function makeFinding(input: FindingInput): DoctorFinding {
  const { severity, code, message, remedy, files = [], details = [], cases = [] } = input;
  return {
    severity,
    code,
    message,
    remedy,
    files: files.slice(0, SHOWN),
    fileCount: files.length,
    details: details.slice(0, code === "unpaired" ? SHOWN_UNPAIRED : SHOWN),
    detailCount: details.length,
    cases: [...new Set(cases)],
  };
}

/** What stands below a finding: its details, else its files but for one that the message names. */
export function linesBelow(finding: DoctorFinding): {
  readonly lines: readonly string[];
  /** With those that are not listed. */
  readonly total: number;
  readonly areFiles: boolean;
} {
  const { details, detailCount, files, fileCount, message } = finding;
  if (details.length > 0) return { lines: details, total: detailCount, areFiles: false };
  const isNamed = files.length === 1 && message.includes(`"${files[0]!}"`);
  return isNamed
    ? { lines: [], total: 0, areFiles: true }
    : { lines: files, total: fileCount, areFiles: true };
}

/** What is wrong with one file. */
export interface FileProblem {
  readonly code: FindingCode;
  readonly file: string;
  readonly caseId: string;
  /** A whole sentence that names the file. */
  readonly message: string;
  readonly remedy: string;
}

/** Said of several files at once. */
const HEADLINES: Partial<Readonly<Record<FindingCode, (n: number) => string>>> = {
  "unreadable-file": (n) => `${counted(n, "file")} cannot be read`,
  "bad-header": (n) => `${counted(n, "file")} have a header that cannot be used`,
  "bad-spacing": (n) => `${counted(n, "file")} state no usable voxel size`,
  "wrong-axes": (n) => `${counted(n, "image")} have the wrong number of axes`,
  "unequal-slices": (n) => `${counted(n, "case")} have slices of unequal shapes`,
  "not-finite": (n) => `${counted(n, "image")} have intensities that are NaN or infinite`,
  "grid-mismatch": (n) => `${counted(n, "mask")} do not lie on the grid of their image`,
  "half-placed": (n) => `Of ${counted(n, "pair")} not both files state where they lie in space`,
  "image-is-mask": (n) => `${counted(n, "image")} are the same as their mask`,
  "fractional-labels": (n) => `${counted(n, "mask")} have values between whole numbers`,
  "label-out-of-range": (n) => `${counted(n, "mask")} have values that no label can have`,
};

/** One finding a code and remedy: the problem itself where there is one, else a headline with each of them below it. */
export function gatherProblems(problems: readonly FileProblem[]): DoctorFinding[] {
  const groups = new Map<string, FileProblem[]>();
  for (const problem of problems) {
    const key = `${problem.code} ${alikeKey(problem.remedy)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [problem]);
    else group.push(problem);
  }
  return [...groups.values()].map((found) => {
    const [first] = found;
    const { code } = first!;
    const isSingle = found.length === 1;
    return makeFinding({
      severity: code === "half-placed" ? "warning" : "error",
      code,
      message: isSingle ? first!.message : (HEADLINES[code]?.(found.length) ?? first!.message),
      remedy: first!.remedy,
      files: found.map(({ file }) => file),
      details: isSingle ? [] : found.map(({ message }) => message),
      cases: found.map(({ caseId }) => caseId),
    });
  });
}

const ORDER: readonly Severity[] = ["error", "warning", "note"];

/** Errors first, then warnings, then notes; else in the order in which they were found. */
export function sortFindings(findings: readonly DoctorFinding[]): DoctorFinding[] {
  return ORDER.flatMap((severity) => findings.filter((finding) => finding.severity === severity));
}

/** A text without names and numbers. */
const alikeKey = (text: string): string => text.replace(/"[^"]*"/g, '""').replace(/\d+/g, "0");

/** Texts that differ only in names and numbers, together; each group in the order of its first. */
export function groupAlike(texts: readonly string[]): readonly (readonly string[])[] {
  const groups = new Map<string, string[]>();
  for (const text of texts) {
    const key = alikeKey(text);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [text]);
    else group.push(text);
  }
  return [...groups.values()];
}

/** "96.0 %", "1.0 %", "0.35 %": one decimal, below 1 % two digits that mean something; "0 %" is none at all. */
export function formatShare(share: number): string {
  const percent = 100 * share;
  if (percent === 0) return "0 %";
  return `${percent >= 1 ? percent.toFixed(1) : percent.toPrecision(2)} %`;
}

/** Four digits that mean something. */
export function formatValue(value: number): string {
  const rounded = Number(value.toPrecision(4));
  return Math.abs(rounded) >= 1e6 ? rounded.toExponential() : String(rounded + 0);
}
