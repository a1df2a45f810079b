/** Writes reports: figures first, then report.html, so that the page never stands alone. */
import { join } from "node:path";
import type { Metrics } from "../../metrics/types.ts";
import type { ModelCard } from "../../predict/card.ts";
import type { Judgement } from "../../report/judge.ts";
import type { ReportInput } from "../../report/report.ts";
import { type RunReport, runReport } from "../../report/run-report.ts";
import { writeResults } from "../out-folder.ts";
import { type LogEntry, RUN_FILES, type RunFolder } from "../run-folder.ts";

export interface RunReportOptions {
  readonly run: RunFolder;
  /** Resolved: what config.json holds. */
  readonly config: ReportInput["config"];
  readonly card: ModelCard;
  /** judge()'s result on the validation split. */
  readonly validate: Judgement;
  /** On the test split, where it was asked for. */
  readonly test?: Judgement | undefined;
  /** readLog()'s result. */
  readonly log: readonly LogEntry[];
  /** Time, memory, engine. */
  readonly facts: ReportInput["facts"];
  /** Command lines. */
  readonly reproduce: readonly string[];
}

/**
 * Writes RUN/figures/* and RUN/report.html.
 * @returns the paths of what was written
 * @throws HipError "disk"
 */
export async function writeRunReport(options: RunReportOptions): Promise<readonly string[]> {
  const { run, card, test } = options;
  const report = runReport({
    heading: "Training run",
    card,
    isSyntheticData: card.synthetic,
    config: options.config,
    judged: [
      { split: "validate", judgement: options.validate },
      ...(test === undefined ? [] : [{ split: "test" as const, judgement: test }]),
    ],
    log: options.log,
    facts: options.facts,
    reproduce: options.reproduce,
  });
  for (const { name, content } of report.figures) await run.writeFigure(name, content);
  await run.writeReport(report.html);
  return [
    ...report.figures.map(({ name }) => join(run.path, "figures", name)),
    join(run.path, RUN_FILES.report),
  ];
}

/**
 * Writes OUT/figures, OUT/report.html and, last of all, OUT/metrics.json of what was judged.
 * @returns the paths of what was written
 * @throws HipError "disk"
 */
export function writeMetricsReport(
  out: string,
  metrics: Metrics,
  { figures, html }: RunReport,
): Promise<readonly string[]> {
  const files = [
    { name: RUN_FILES.report, content: html },
    { name: RUN_FILES.metrics, content: `${JSON.stringify(metrics, null, 2)}\n` },
  ];
  return writeResults(out, { figures, files });
}
