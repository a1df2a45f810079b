/** check.html: the doctor's report as one self-contained page, without scripts and without anything from the network. */

import { counted } from "../core/text.ts";
import { formatShare, formatValue, linesBelow } from "../dataset/doctor/findings.ts";
import type { CaseRow, DoctorFinding, DoctorReport, Severity } from "../dataset/doctor/types.ts";
import { labelHex } from "../plot/colours.ts";
import { escapeXml } from "../plot/svg.ts";
import { intensityFigure } from "./doctor-intensities.ts";
import { DOCTOR_STYLE } from "./doctor-style.ts";
import { geometrySection, labelTable, splitTable } from "./doctor-tables.ts";
import { drawThumbnail, type Thumbnail } from "./doctor-thumbnail.ts";
import { REPORT_STYLE } from "./style.ts";

/** Cases with a picture; those with a finding come first. */
const SHOWN_CASES = 60;

const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

const SEVERITIES: readonly Severity[] = ["error", "warning", "note"];

/** "2 errors, 1 warning". */
export function countFindings(findings: readonly DoctorFinding[]): string {
  const parts = SEVERITIES.flatMap((severity) => {
    const n = findings.filter((finding) => finding.severity === severity).length;
    return n === 0 ? [] : [`${n} ${severity}${n === 1 ? "" : "s"}`];
  });
  return parts.length === 0 ? "no findings" : parts.join(", ");
}

/** The outcome in one sentence. */
export function verdictOf({ ok, read, findings }: DoctorReport): string {
  const found = countFindings(findings);
  if (!ok) return `Training on this data would be wrong: ${found}`;
  const looked = read === "headers" ? "by its headers alone, no voxel was looked at" : "every voxel was read";
  return `Nothing stands against training (${looked}): ${found}`;
}

function listHtml(lines: readonly string[], total: number, summary: string): string {
  if (lines.length === 0) return "";
  const more = total - lines.length;
  const items = [...lines, ...(more > 0 ? [`and ${more} more`] : [])];
  return `<details${total <= 3 ? " open" : ""}><summary>${summary}</summary><ul>${items
    .map((line) => `<li>${escapeXml(line)}</li>`)
    .join("")}</ul></details>`;
}

function findingHtml(finding: DoctorFinding): string {
  const { severity, code, message, remedy } = finding;
  const { lines, total, areFiles } = linesBelow(finding);
  const list = listHtml(lines, total, areFiles ? counted(total, "file") : `${total} found`);
  return (
    `<div class="finding ${severity}"><p class="says"><span class="badge ${severity}">${severity}</span>${escapeXml(message)} <code>${code}</code></p>` +
    `<p>${escapeXml(remedy)}.</p>${list}</div>`
  );
}

function countsHtml({ counts }: DoctorReport): string {
  const facts: readonly (readonly [string, number | null])[] = [
    ["Patients", counts.patients],
    ["Cases", counts.cases],
    ["Cases with an error", counts.badCases],
    ["Image and mask pairs", counts.pairs === counts.cases ? null : counts.pairs],
    ["Slices", counts.slices],
    ["Slices without a label", counts.slicesWithoutLabel],
  ];
  const items = facts.flatMap(([name, n]) =>
    n === null ? [] : [`<div><dt>${name}</dt><dd>${n.toLocaleString("en")}</dd></div>`],
  );
  return counts.cases === 0 ? "" : `<dl>${items.join("")}</dl>`;
}

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

/** Cases with errors, then with warnings, then the others evenly from first to last; back in the data set's order. */
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

function casesSection(report: DoctorReport, thumbnails: readonly Thumbnail[]): string {
  if (report.cases.length === 0) return "";
  const byCase = findingsByCase(tellingFindings(report));
  const byId = new Map(thumbnails.map((thumbnail) => [thumbnail.caseId, thumbnail]));
  const chosen = chooseCases(report.cases, byCase);
  const pictures = new Map<string, Picture>();
  for (const { id } of chosen) {
    const thumbnail = byId.get(id);
    if (thumbnail !== undefined)
      pictures.set(id, { ...drawThumbnail(thumbnail), alt: `${id}, ${thumbnail.place}` });
  }
  const figures = chosen.map((row) =>
    caseHtml(row, byId.get(row.id), pictures.get(row.id), byCase.get(row.id) ?? []),
  );
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

function intensitySection(report: DoctorReport): string {
  const about = report.findings.filter(({ code }) =>
    ["intensity-outlier", "negative-values", "constant-image"].includes(code),
  );
  const svg = intensityFigure(report.cases, new Set(about.flatMap(({ cases }) => cases)));
  if (svg === undefined) return "";
  return (
    '<section><h2>Intensities</h2><figure class="wide"><div class="picture">' +
    `${svg}</div><figcaption>A line a case, from the 0.5th to the 99.5th percentile of its voxels; the dot is the median.</figcaption></figure></section>`
  );
}

/**
 * The whole page as HTML text. Every text is escaped. The same input gives the same bytes: no date, no duration.
 * @param thumbnails of any of the cases
 */
export function doctorPage(report: DoctorReport, thumbnails: readonly Thumbnail[]): string {
  const synthetic = report.isSynthetic
    ? '<p class="warning"><strong>Synthetic data.</strong> These images come from a digital phantom, not from patients.</p>'
    : "";
  const findings =
    report.findings.length === 0
      ? ""
      : `<section><h2>Findings</h2>${report.findings.map(findingHtml).join("\n")}</section>`;
  const title = `Data check: ${report.data}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${escapeXml(title)}</title>
<style>${REPORT_STYLE}${DOCTOR_STYLE}</style>
</head>
<body>
<main>
<header><h1>${escapeXml(title)}</h1>
<p class="subtitle">${escapeXml(report.description ?? "The data set could not be indexed")}</p></header>
${synthetic}
<p class="verdict ${report.ok ? "good" : "bad"}">${escapeXml(verdictOf(report))}</p>
${countsHtml(report)}
${findings}
${labelTable(report)}
${splitTable(report)}
${geometrySection(report)}
${intensitySection(report)}
${casesSection(report, thumbnails)}
<footer>Made by hipmri-unet. Not a medical device: do not diagnose or treat with it.</footer>
</main>
</body>
</html>
`;
}
