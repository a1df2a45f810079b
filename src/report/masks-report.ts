/** The report of scored masks: no model, no images, only what was measured. */
import { counted } from "../core/text.ts";
import type { Metrics } from "../metrics/types.ts";
import { boxByLabel } from "../plot/boxes.ts";
import { formatInterval, formatNumber } from "./format.ts";
import { type ReportInput, reportHtml } from "./report.ts";
import type { ReportFile, RunReport } from "./run-report.ts";

export interface MasksReportInput {
  readonly metrics: Metrics;
  /** Folder or file, for people. */
  readonly prediction: string;
  readonly truth: string;
  readonly facts: ReportInput["facts"];
  readonly reproduce: readonly string[];
}

/** report.html and its figure. The same input gives the same bytes. */
export function masksReport({ metrics, prediction, truth, facts, reproduce }: MasksReportInput): RunReport {
  const { foregroundMean, ci95, patients, cases } = metrics;
  const range = ci95.foregroundMean;
  const svg = boxByLabel(metrics);
  const title = "Dice per patient by label";
  const file: ReportFile = { name: "dice-by-label.svg", content: svg };
  const html = reportHtml({
    title: "Scored masks",
    subtitle: `${prediction} against ${truth}`,
    synthetic: false,
    config: {},
    facts,
    metrics: [{ title: "All cases", metrics }],
    figures: [
      {
        title,
        caption: `${counted(cases.length, "volume")} of ${counted(patients, "patient")}, each patient as a dot, by the mean over his or her volumes.`,
        svg,
      },
    ],
    reproduce,
    summary: [
      `The masks of ${counted(patients, "patient")} (${counted(cases.length, "volume")}) have a mean Dice of ` +
        `${formatNumber(foregroundMean, 3)} over the labels${range === null ? "" : ` (95 % interval ${formatInterval(range, 3)})`}. ` +
        "What the tool that made them was trained on is not known here: if these patients were among its training data, the figures are too good.",
    ],
  });
  return { html, figures: [file] };
}
