/**
 * report.html: one self-contained file, with nothing from the network. Its one script, which sorts and filters cards, is
 * allowed by its hash; the page is whole without it.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Metrics } from "../metrics/types.ts";
import { toBase64 } from "../plot/png.ts";
import { escapeXml } from "../plot/svg.ts";
import { flattenConfig } from "./format.ts";
import { metricsSection } from "./metrics-table.ts";
import { REPORT_STYLE } from "./style.ts";

export interface ReportFigure {
  readonly title: string;
  readonly caption: string;
  /** A whole SVG file of plot/: it is written into the page as it stands. */
  readonly svg?: string;
  /** A PNG file in base64. */
  readonly pngBase64?: string;
}

export interface ReportInput {
  readonly title: string;
  readonly subtitle: string;
  /** Were the images made by the phantom? Then the page says so at the top. */
  readonly synthetic: boolean;
  readonly config: Readonly<Record<string, unknown>>;
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  readonly metrics: readonly { readonly title: string; readonly metrics: Metrics }[];
  readonly figures: readonly ReportFigure[];
  /** Command lines that make this run again. */
  readonly reproduce: readonly string[];
  /** Plain sentences at the top: what was done and what came out. */
  readonly summary?: readonly string[];
  /** Further sections as HTML, after the figures. */
  readonly sections?: readonly string[];
  /** Runs in the page. */
  readonly script?: string;
}

/** Figures wider than this have a row of their own, and scroll on a phone instead of shrinking to nothing. */
const WIDE_PX = 700;

/** Nothing may be loaded, even if a caller's figure asked for it; no script may run but the one of this hash. */
function policyOf(script: string | undefined): string {
  const base = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";
  if (script === undefined) return base;
  return `${base}; script-src 'sha256-${toBase64(sha256(new TextEncoder().encode(script)))}'`;
}

export function figureHtml(figure: ReportFigure): string {
  const svgWidth = Number(/^<svg[^>]*? width="([\d.]+)"/.exec(figure.svg ?? "")?.[1] ?? 0);
  const wide = figure.pngBase64 !== undefined || svgWidth > WIDE_PX;
  const png =
    figure.pngBase64 === undefined
      ? ""
      : `<img alt="${escapeXml(figure.title)}" src="data:image/png;base64,${escapeXml(figure.pngBase64)}">`;
  const caption = figure.caption === "" ? "" : `<figcaption>${escapeXml(figure.caption)}</figcaption>`;
  return (
    `<figure${wide ? ' class="wide"' : ""}><h3>${escapeXml(figure.title)}</h3>` +
    `<div class="picture">${figure.svg ?? ""}${png}</div>${caption}</figure>`
  );
}

function factsHtml(facts: ReportInput["facts"]): string {
  if (facts.length === 0) return "";
  const items = facts.map((f) => `<div><dt>${escapeXml(f.name)}</dt><dd>${escapeXml(f.value)}</dd></div>`);
  return `<dl>${items.join("")}</dl>`;
}

function configHtml(config: ReportInput["config"]): string {
  const rows = flattenConfig(config).map(
    ([name, value]) => `<tr><th scope="row">${escapeXml(name)}</th><td>${escapeXml(value)}</td></tr>`,
  );
  if (rows.length === 0) return "";
  return (
    `<details open><summary>Configuration</summary><div class="scroll"><table class="config"><tbody>${rows.join("")}` +
    "</tbody></table></div></details>"
  );
}

/**
 * The whole page as HTML text. Every text is escaped; figures' SVG is ours and is written as it stands.
 * The same input gives the same bytes: no date, no path, no duration but what the caller states.
 */
export function reportHtml(input: ReportInput): string {
  const synthetic = input.synthetic
    ? '<p class="warning"><strong>Synthetic data.</strong> The images come from a digital phantom, not from ' +
      "patients. These figures show that the tool works; they say nothing about real scans.</p>"
    : "";
  const figures =
    input.figures.length === 0
      ? ""
      : `<section><h2>Figures</h2><div class="figures">${input.figures.map(figureHtml).join("\n")}</div></section>`;
  const reproduce =
    input.reproduce.length === 0
      ? ""
      : `<section><h2>Reproduce</h2><pre><code>${input.reproduce.map(escapeXml).join("\n")}</code></pre></section>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policyOf(input.script)}">
<title>${escapeXml(input.title)}</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
<main>
<header><h1>${escapeXml(input.title)}</h1>
<p class="subtitle">${escapeXml(input.subtitle)}</p></header>
${synthetic}
${(input.summary ?? []).map((text) => `<p class="summary">${escapeXml(text)}</p>`).join("\n")}
<p class="warning"><strong>Research use only.</strong> This is not a medical device: do not diagnose or treat with it.</p>
${factsHtml(input.facts)}
${input.metrics.map(({ title, metrics }) => metricsSection(title, metrics)).join("\n")}
${figures}
${(input.sections ?? []).join("\n")}
${reproduce}
${configHtml(input.config)}
<footer>Made by hipmri-unet. Not a medical device.</footer>
</main>
${input.script === undefined ? "" : `<script>${input.script}</script>`}
</body>
</html>
`;
}
