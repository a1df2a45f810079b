/** comparison.html: one self-contained file, without scripts and without anything from the network. */
import { counted } from "../core/text.ts";
import { labelHex } from "../plot/colours.ts";
import { escapeXml } from "../plot/svg.ts";
import { type ComparedPair, type ComparedRun, type Comparison, isLargerBetter } from "./comparison.ts";
import { type ComparisonFigure, comparisonFigures } from "./comparison-figures.ts";
import {
  concludePair,
  figureText,
  leftOutNotes,
  METRIC_TEXT,
  pText,
  rangeText,
  signed,
  whoText,
} from "./comparison-text.ts";
import { ABSENT, formatInterval, formatNumber } from "./format.ts";
import { REPORT_STYLE } from "./style.ts";

const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";
/** Patients listed as those that changed most. */
const SHOWN_CHANGES = 5;

function table(name: string, head: readonly string[], rows: readonly string[]): string {
  const cells = head.map((text) => `<th scope="col">${escapeXml(text)}</th>`).join("");
  return (
    `<div class="scroll" tabindex="0" role="region" aria-label="${escapeXml(name)}"><table><thead><tr>${cells}` +
    `</tr></thead><tbody>${rows.join("")}</tbody></table></div>`
  );
}

const row = (heading: string, cells: readonly string[]): string =>
  `<tr><th scope="row">${heading}</th>${cells.map((cell) => `<td>${escapeXml(cell)}</td>`).join("")}</tr>`;

function runsTable({ runs }: Comparison): string {
  const head = ["Run", "Preset", "Steps", "Mean Dice", "95 % interval", "Missed", "False alarms"];
  const rows = runs.map((run) =>
    row(escapeXml(run.name), [
      run.preset ?? ABSENT,
      run.steps === null ? ABSENT : `${run.steps}`,
      formatNumber(run.foregroundMean, 3),
      formatInterval(run.ci95, 3),
      `${run.missed}`,
      `${run.falseAlarms}`,
    ]),
  );
  return table("Runs", head, rows);
}

function settingsTable({ settings, runs }: Comparison): string {
  if (runs.every(({ steps }) => steps === null)) return "";
  if (settings.length === 0) return "<p>All settings of the runs are the same.</p>";
  const rows = settings.map(({ key, values }) =>
    row(
      escapeXml(key),
      values.map((value) => value ?? ABSENT),
    ),
  );
  return `<h3>Settings that differ</h3>${table("Settings that differ", ["Setting", ...runs.map(({ name }) => name)], rows)}`;
}

function changesList(pair: ComparedPair, { metric }: Comparison): string {
  const [main] = pair.figures;
  if (main === undefined) return "";
  const { name, digits } = METRIC_TEXT[metric];
  const sign = isLargerBetter(metric) ? 1 : -1;
  const worst = main.pairs
    .map((each) => ({ ...each, gain: sign * (each.other - each.baseline) }))
    .filter(({ gain }) => gain < 0)
    .sort((a, b) => a.gain - b.gain)
    .slice(0, SHOWN_CHANGES);
  if (worst.length === 0) return `<p class="note">No patient is worse in ${escapeXml(name)}.</p>`;
  const rows = worst.map((each) =>
    row(escapeXml(each.patient), [
      figureText(each.baseline, digits),
      figureText(each.other, digits),
      signed(each.other - each.baseline, digits),
      `${each.volumes}`,
    ]),
  );
  const what = main.id === null ? `mean ${name}` : `${name} of ${main.name}`;
  return (
    `<h3>Patients that lost most (${escapeXml(what)})</h3>` +
    table("Patients that lost most", ["Patient", pair.baseline, pair.other, "Difference", "Volumes"], rows)
  );
}

function pairSection(pair: ComparedPair, comparison: Comparison): string {
  const { digits, name } = METRIC_TEXT[comparison.metric];
  const head = [
    name,
    pair.baseline,
    pair.other,
    "Difference",
    "95 % interval",
    "Larger / equal / smaller",
    "p",
    "p after Holm",
    `"${pair.other}" is`,
  ];
  const rows = pair.figures.map((figure) => {
    const swatch =
      figure.id === null ? "" : `<span class="swatch" style="background:${labelHex(figure.id)}"></span>`;
    return row(`${swatch}${escapeXml(figure.name)}`, [
      figureText(figure.baseline, digits),
      figureText(figure.other, digits),
      signed(figure.difference, digits),
      rangeText(figure.ci95, digits),
      `${figure.larger} / ${figure.equal} / ${figure.smaller}`,
      pText(figure.p),
      pText(figure.pHolm),
      figure.verdict,
    ]);
  });
  const title = `${pair.other} against ${pair.baseline}`;
  return (
    `<section><h2>${escapeXml(title)}</h2>` +
    `${table(title, head, rows)}${changesList(pair, comparison)}</section>`
  );
}

function figureHtml({ title, caption, svg }: ComparisonFigure): string {
  const width = Number(/^<svg[^>]*? width="([\d.]+)"/.exec(svg)?.[1] ?? 0);
  return (
    `<figure${width > 700 ? ' class="wide"' : ""}><h3>${escapeXml(title)}</h3><div class="picture">${svg}</div>` +
    `<figcaption>${escapeXml(caption)}</figcaption></figure>`
  );
}

function methods(comparison: Comparison): string {
  const { tests, patients, volumes, seed, convention, comparisons } = comparison;
  const tested = comparisons.flatMap(({ figures }) => figures.filter(({ p }) => p !== null));
  const isExact = tested.every((figure) => figure.isExact);
  const how = isExact
    ? "all sign patterns counted"
    : tested.some((figure) => figure.isExact)
      ? "up to 16 patients all sign patterns, beyond that 20,000 random ones"
      : "20,000 random sign patterns";
  return (
    "<section><h2>How to read this</h2>" +
    `<p class="note">Paired by patient: ${counted(patients, "patient")}, ${counted(volumes, "volume")}; each patient counts once, by the mean over ` +
    "his or her volumes. Difference: other minus baseline, with a 95 % percentile bootstrap interval over patients. " +
    `p: two-sided sign-flip permutation test (${how}, seed ${seed}): how often chance alone would make so large a difference ` +
    `were both runs alike. After Holm: corrected for all ${counted(tests, "test")} of this page; "better" and "worse" mean a corrected p below 0.05.</p>` +
    leftOutNotes(comparison)
      .map((note) => `<p class="note">${escapeXml(note)}.</p>`)
      .join("") +
    `<p class="note">Convention: ${escapeXml(convention)}</p></section>`
  );
}

function provenance({ runs }: Comparison, reproduce: readonly string[]): string {
  const lines = [
    ...reproduce,
    ...runs.map(({ name, path, modelSha256 }) =>
      modelSha256 === null ? `${name}: ${path}` : `${name}: ${path}, model.onnx sha256 ${modelSha256}`,
    ),
  ];
  return `<section><h2>Reproduce</h2><pre><code>${lines.map(escapeXml).join("\n")}</code></pre></section>`;
}

export interface ComparisonPage {
  readonly html: string;
  readonly figures: readonly ComparisonFigure[];
}

/** The page and its figures. The same input gives the same bytes. */
export function comparisonPage(
  runs: readonly ComparedRun[],
  comparison: Comparison,
  options: { readonly reproduce: readonly string[]; readonly isSynthetic: boolean },
): ComparisonPage {
  const figures = comparisonFigures(runs, comparison);
  const title = `Comparison: ${comparison.runs.map(({ name }) => name).join(", ")}`;
  const warning = (text: string): string => `<p class="warning">${escapeXml(text)}</p>`;
  const synthetic = options.isSynthetic
    ? '<p class="warning"><strong>Synthetic data.</strong> The runs learnt from a digital phantom: these figures say nothing about real scans.</p>'
    : "";
  const conclusions = comparison.comparisons.map(
    (pair) => `<p><strong>${escapeXml(concludePair(pair, comparison))}</strong></p>`,
  );
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${escapeXml(title)}</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
<main>
<header><h1>${escapeXml(title)}</h1>
<p class="subtitle">${escapeXml(`${counted(comparison.runs.length, "run")} judged on the same ${whoText(comparison)}, compared by ${METRIC_TEXT[comparison.metric].name}.`)}</p></header>
${synthetic}
${conclusions.join("\n")}
${comparison.warnings.map(warning).join("\n")}
<section><h2>The runs</h2>${runsTable(comparison)}${settingsTable(comparison)}</section>
${comparison.comparisons.map((pair) => pairSection(pair, comparison)).join("\n")}
<section><h2>Figures</h2><div class="figures">${figures.map(figureHtml).join("\n")}</div></section>
${methods(comparison)}
${provenance(comparison, options.reproduce)}
<footer>Made by hipmri-unet. Research only. Not a medical device.</footer>
</main>
</body>
</html>
`;
  return { html, figures };
}
