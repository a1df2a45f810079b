/** What `hipmri score --out` leaves behind. */
import type { Metrics } from "../../metrics/types.ts";
import { masksReport } from "../../report/masks-report.ts";
import { commandLine } from "../shell.ts";
import { VERSION } from "../version.ts";
import { writeMetricsReport } from "./report.ts";
import type { ScoreOptions } from "./score.ts";

/** metrics.json comes last: where it is, all else is there too. */
export async function writeScores(
  out: string,
  { prediction, truth, labels, map, perOrgan, convention, toleranceMm }: ScoreOptions,
  metrics: Metrics,
  labelsFrom: string,
): Promise<readonly string[]> {
  const flag = (name: string, value: string | number | undefined): readonly string[] =>
    value === undefined ? [] : [name, `${value}`];
  const command = commandLine([
    "hipmri",
    "score",
    prediction,
    truth,
    ...flag("--labels", labels),
    ...flag("--map", map),
    ...(perOrgan ? ["--per-organ"] : []),
    ...flag("--convention", convention),
    ...flag("--tolerance", toleranceMm),
    "--out",
    out,
  ]);
  const report = masksReport({
    metrics,
    prediction,
    truth,
    facts: [{ name: "Labels from", value: labelsFrom }],
    reproduce: [command, `hipmri-unet ${VERSION}`],
  });
  return writeMetricsReport(out, metrics, report);
}
