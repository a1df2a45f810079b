/** The cases of the doctor's page: a picture of each, those with a finding first. */
import { formatShare, formatValue } from "../dataset/doctor/findings.ts";
import type { CaseRow, DoctorFinding, DoctorReport, Severity } from "../dataset/doctor/types.ts";
import type { Split } from "../dataset/types.ts";
import { labelHex } from "../plot/colours.ts";
import { escapeXml } from "../plot/svg.ts";
import { drawThumbnail, type Thumbnail } from "./doctor-thumbnail.ts";

/** At most so many have a picture. */
const SHOWN_CASES = 60;

/** By case: the findings that name it. Notes are about the data set, not about a case. */
function findingsByCase(findings: readonly DoctorFinding[]): ReadonlyMap<string, readonly DoctorFinding[]> {
  const byCase = new Map<string, DoctorFinding[]>();
  for (const finding of findings) {
    if (finding.severity === "note") continue;
    for (const id of finding.cases) {
      const found = byCase.get(id);
      if (found === undefined) byCase.set(id, [finding]);
      else found.push(finding);
    }
  }
  return byCase;
}

/** A finding that names most cases makes none of them special. */
function tellingFindings({ findings, counts }: DoctorReport): readonly DoctorFinding[] {
  return findings.filter(({ severity, cases }) => severity === "error" || cases.length <= counts.cases / 2);
}

/** Cases with errors, then with warnings, then the others evenly from first to last. */
function chooseCases(
  cases: readonly CaseRow[],
  byCase: ReadonlyMap<string, readonly DoctorFinding[]>,
): readonly CaseRow[] {
  const worst = (row: CaseRow): Severity | undefined => byCase.get(row.id)?.[0]?.severity;
  const errors = cases.filter((row) => worst(row) === "error");
  const warnings = cases.filter((row) => worst(row) === "warning");
  const others = cases.filter((row) => worst(row) === undefined);
  const problems = [...errors, ...warnings].slice(0, SHOWN_CASES);
  const room = SHOWN_CASES - problems.length;
  const n = Math.min(room, others.length);
  return [...problems, ...Array.from({ length: n }, (_, i) => others[Math.floor((i * others.length) / n)]!)];
}

function captionHtml(row: CaseRow, thumbnail: Thumbnail | undefined): string {
  const { intensity, foregroundShare } = row;
  const lines = [
    row.split === null ? "" : row.split,
    thumbnail?.place ?? "",
    foregroundShare === null ? "" : `labelled: ${formatShare(foregroundShare)}`,
    intensity === null ? "" : `${formatValue(intensity.low)} to ${formatValue(intensity.high)}`,
  ].filter((line) => line !== "");
  return `<strong>${escapeXml(row.id)}</strong><br>${lines.map(escapeXml).join("<br>")}`;
}

interface Picture extends ReturnType<typeof drawThumbnail> {
  readonly alt: string;
}

/** Width to height of all frames: that of the tallest picture, so that rows are no higher than they need be. */
function frameRatio(pictures: Iterable<Picture>): string {
  const ratio = [...pictures].reduce((least, { width, height }) => Math.min(least, width / height), 2);
  return Math.max(0.75, ratio).toFixed(3);
}

function caseHtml(
  row: CaseRow,
  thumbnail: Thumbnail | undefined,
  picture: Picture | undefined,
  findings: readonly DoctorFinding[],
): string {
  const flags = findings.map(({ severity, code }) => `<span class="badge ${severity}">${code}</span>`);
  const why = row.slices === 0 ? "it could not be read" : "there are too many cases";
  let frame = `<span class="none">no picture: ${why}</span>`;
  if (picture !== undefined) {
    const { base64, width, height, alt } = picture;
    frame = `<img alt="${escapeXml(alt)}" loading="lazy" width="${width}" height="${height}" src="data:image/png;base64,${base64}">`;
  }
  const worst = findings[0]?.severity;
  return (
    `<figure${worst === undefined ? "" : ` class="${worst}"`}><div class="frame">${frame}</div>` +
    `<figcaption>${captionHtml(row, thumbnail)}` +
    `${flags.length === 0 ? "" : `<div class="flags">${flags.join("")}</div>`}</figcaption></figure>`
  );
}

/** A case; its id may be in two splits. */
const keyOf = (split: Split | null, id: string): string => `${split ?? ""}/${id}`;

export function casesSection(report: DoctorReport, thumbnails: readonly Thumbnail[]): string {
  if (report.cases.length === 0) return "";
  const byCase = findingsByCase(tellingFindings(report));
  const byKey = new Map(thumbnails.map((thumbnail) => [keyOf(thumbnail.split, thumbnail.caseId), thumbnail]));
  const chosen = chooseCases(report.cases, byCase);
  const pictures = new Map<string, Picture>();
  for (const { id, split } of chosen) {
    const thumbnail = byKey.get(keyOf(split, id));
    if (thumbnail !== undefined)
      pictures.set(keyOf(split, id), { ...drawThumbnail(thumbnail), alt: `${id}, ${thumbnail.place}` });
  }
  const figures = chosen.map((row) => {
    const key = keyOf(row.split, row.id);
    return caseHtml(row, byKey.get(key), pictures.get(key), byCase.get(row.id) ?? []);
  });
  const legend = report.labels
    .filter(({ id, voxels }) => id > 0 && voxels > 0)
    .map(
      ({ id, name }) =>
        `<span><span class="swatch" style="background:${labelHex(id)}"></span>${escapeXml(name)}</span> `,
    );
  const which =
    chosen.length === report.cases.length
      ? `All ${chosen.length} cases`
      : `${chosen.length} of ${report.cases.length} cases`;
  return (
    `<section><h2>Cases</h2><p class="note">${which}, those with a finding first. Of each the slice that tells most, with its mask.</p>` +
    `<p class="legend">${legend.join("")}</p>` +
    `<div class="cases" style="--ratio:${frameRatio(pictures.values())}">${figures.join("\n")}</div></section>`
  );
}
