/** report.html of a cross-validation: all patients in one table, each fold in a line. */
import { join } from "node:path";
import { formatDuration } from "../../core/duration.ts";
import { counted } from "../../core/text.ts";
import type { Metrics } from "../../metrics/types.ts";
import { boxByLabel } from "../../plot/boxes.ts";
import { readModelCard } from "../../predict/card.ts";
import { formatInterval, formatNumber } from "../../report/format.ts";
import { reportHtml } from "../../report/report.ts";
import { makeFolder, writeFileAtomic } from "../atomic.ts";
import { readWholeFile } from "../files.ts";
import { RUN_FILES } from "../run-folder.ts";
import { readMetrics } from "./finish.ts";

/** Writes the page and its figure; model.onnx must be there. @returns their paths */
export async function writeFoldsReport(of: {
  readonly out: string;
  readonly runs: readonly { readonly run: string; readonly foregroundDice: number | null }[];
  readonly metrics: Metrics;
  /** Of the ensemble, on patients whom no fold saw. */
  readonly test: Metrics | undefined;
  readonly command: string;
  /** What the folds took, and what that is called. */
  readonly time: { readonly name: string; readonly seconds: number };
}): Promise<readonly string[]> {
  const { out, runs, metrics } = of;
  const figure = join(out, "figures", "dice-by-label.svg");
  const svg = boxByLabel(metrics);
  await makeFolder(join(out, "figures"));
  await writeFileAtomic(figure, svg);
  const model = join(out, RUN_FILES.model);
  // All folds learnt from one data set.
  const { synthetic } = readModelCard(await readWholeFile(model), model);
  const byFold = await Promise.all(
    runs.map(async ({ run }, fold) => ({ fold, metrics: await readMetrics(run) })),
  );
  const range = metrics.ci95.foregroundMean;
  const interval = range === null ? "" : ` (95 % interval ${formatInterval(range, 3)})`;
  const html = reportHtml({
    title: "Cross-validation",
    subtitle: `${runs.length} folds, ${metrics.patients} patients`,
    synthetic,
    config: {},
    facts: [
      ...byFold.map(({ fold, metrics: own }) => ({
        name: `Fold ${fold + 1}`,
        value: `mean Dice ${formatNumber(own?.foregroundMean ?? null, 3)} (${(own?.labels ?? [])
          .map(({ name, dice }) => `${name} ${formatNumber(dice.perVolume.mean, 3)}`)
          .join(", ")}), ${counted(own?.patients ?? 0, "patient")}`,
      })),
      { name: of.time.name, value: formatDuration(of.time.seconds) },
    ],
    metrics: [
      { title: "Every patient, out of fold", metrics },
      ...(of.test === undefined
        ? []
        : [{ title: "Test patients, whom no fold saw, by the ensemble", metrics: of.test }]),
    ],
    figures: [
      {
        title: "Dice per patient by label",
        caption: "Each patient as a dot, by the mean over his or her volumes.",
        svg,
      },
    ],
    reproduce: [of.command],
    summary: [
      `Judged by the one network of ${runs.length} that did not learn from them, the patients have a mean Dice of ${formatNumber(metrics.foregroundMean, 3)} over the labels${interval}. ` +
        "model.onnx holds all networks and averages their probabilities: it learnt from all of these patients, so that none of them can judge it.",
      ...(of.test === undefined
        ? []
        : [
            `On ${counted(of.test.patients, "test patient")}, whom no fold saw, it has a mean Dice of ${formatNumber(of.test.foregroundMean, 3)} (test/report.html).`,
          ]),
    ],
  });
  const page = join(out, RUN_FILES.report);
  await writeFileAtomic(page, html);
  return [page, figure];
}
