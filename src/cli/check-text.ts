/** The doctor's report on a terminal: the tables, then the findings with the errors first, then the verdict. */

import { styleText } from "node:util";
import { counted } from "../core/text.ts";
import { formatShare, linesBelow } from "../dataset/doctor/findings.ts";
import type { DoctorFinding, DoctorReport, LabelRow, Severity } from "../dataset/doctor/types.ts";
import { verdictOf } from "../report/doctor-page.ts";
import { geometryRows } from "../report/doctor-tables.ts";
import { alignColumns, alignRows } from "./layout.ts";

const WIDTH = 100;
const INDENT = "  ";
/** Of files or details; the page and the JSON have more. */
const SHOWN_LINES = 5;
/** Missing partners as many as other verbs list; layouts that are expected, all. */
const SHOWN_OF: Readonly<Partial<Record<DoctorFinding["code"], number>>> = {
  unpaired: 20,
  "unusable-dataset": 20,
};

/** Breaks text at blanks; a single longer word stays whole. The first line begins with `first`, further ones with `rest`. */
export function wrapText(text: string, first = "", rest = first): readonly string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(" ")) {
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = `${rest}${word}`;
    } else line = isEmpty ? `${line}${word}` : `${line} ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}

type Paint = (severity: Severity | "good", text: string) => string;
const COLOURS = { error: "red", warning: "yellow", note: "cyan", good: "green" } as const;

function findingText(finding: DoctorFinding, paint: Paint): string {
  const { severity, code, message, remedy } = finding;
  const head = wrapText(`${message} [${code}]`, `${severity}: `, INDENT);
  const below = linesBelow(finding);
  const lines = below.lines.slice(0, SHOWN_OF[code] ?? SHOWN_LINES);
  const more = below.total - lines.length;
  return [
    head[0]!.replace(`${severity}:`, paint(severity, `${severity}:`)),
    ...head.slice(1),
    ...wrapText(remedy, `${INDENT}hint: `, `${INDENT}      `),
    ...lines.flatMap((line) => wrapText(line, `${INDENT}- `, `${INDENT}  `)),
    ...(more > 0 ? [`${INDENT}- and ${more} more`] : []),
  ].join("\n");
}

function labelText(labels: readonly LabelRow[]): string {
  const rows = labels.map(({ id, name, isKnown, voxels, share, slices, cases, patients }) => [
    `${id} ${name}${isKnown ? "" : " (not in the list)"}`,
    ...[voxels.toLocaleString("en"), formatShare(share), slices, cases, patients].map(String),
  ]);
  return alignColumns([["Label", "voxels", "share", "slices", "cases", "patients"], ...rows]);
}

function splitText({ splits }: DoctorReport): string {
  return splits
    .map(({ split, patients, cases }) =>
      split === "drawn"
        ? `not stated: ${patients} patients are shared out by the seed`
        : `${split} ${counted(patients, "patient")} (${counted(cases, "case")})`,
    )
    .join(", ");
}

function factsText(report: DoctorReport): string {
  const { counts, geometry } = report;
  const rows: [string, string][] = [["Data", report.data]];
  if (report.description !== null) rows.push(["Layout", `${report.description} (${report.layout})`]);
  if (report.isSynthetic) rows.push(["", "SYNTHETIC: made by a phantom, not by a scanner"]);
  if (counts.slices !== null) {
    const unlabelled = counts.slicesWithoutLabel ?? 0;
    rows.push(["Slices", `${counts.slices}, of which ${unlabelled} without a label`]);
  }
  if (report.splits.length > 0) rows.push(["Splits", splitText(report)]);
  rows.push(...geometryRows(geometry).map(([name, text]): [string, string] => [name, text]));
  if (report.read === "headers" && report.description !== null) {
    rows.push(["Read", `the headers of ${geometry.pairsRead} of ${counts.pairs} pairs, no voxels`]);
  }
  const margin = " ".repeat(Math.max(...rows.map(([name]) => name.length)) + 2);
  const wrapped = (text: string): string[] => wrapText(text, margin).map((line) => line.slice(margin.length));
  return alignRows(rows.map(([name, text]) => [name, wrapped(text)] as const));
}

/** What a terminal obeys instead of showing it: control characters, and marks that turn the order of writing. */
const UNSHOWN = /[\p{Cc}\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** "\\u001b" for an escape character: names of files and labels may hold anything. */
const shown = (text: string): string =>
  text.replace(UNSHOWN, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** The report with all of its texts shown; without its cases, which the text does not tell of. */
function shownReport(report: DoctorReport): DoctorReport {
  const text = JSON.stringify({ ...report, cases: [] });
  return JSON.parse(text, (_, value: unknown) => (typeof value === "string" ? shown(value) : value));
}

/** @param isColoured whether the terminal shows colours */
export function checkText(raw: DoctorReport, isColoured: boolean): string {
  const report = shownReport(raw);
  const paint: Paint = (kind, text) =>
    isColoured ? styleText(COLOURS[kind], text, { validateStream: false }) : text;
  const verdict = wrapText(verdictOf(report)).join("\n");
  return [
    factsText(report),
    ...(report.labels.length === 0 ? [] : [labelText(report.labels)]),
    ...report.findings.map((finding) => findingText(finding, paint)),
    paint(report.ok ? "good" : "error", verdict),
  ].join("\n\n");
}
