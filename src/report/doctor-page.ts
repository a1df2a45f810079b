/** check.html: the doctor's report as one self-contained page, without scripts and without anything from the network. */

import { counted } from "../core/text.ts";
import { linesBelow } from "../dataset/doctor/findings.ts";
import type { DoctorFinding, DoctorReport, Severity } from "../dataset/doctor/types.ts";
import { escapeXml } from "../plot/svg.ts";
import { casesSection } from "./doctor-cases.ts";
import { intensityFigure } from "./doctor-intensities.ts";
import { DOCTOR_STYLE } from "./doctor-style.ts";
import { geometrySection, labelTable, splitTable } from "./doctor-tables.ts";
import type { Thumbnail } from "./doctor-thumbnail.ts";
import { REPORT_STYLE } from "./style.ts";

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
