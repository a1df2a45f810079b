/** What `hipmri evaluate` leaves behind, of one task or of the shards of several. */
import { basename, join } from "node:path";
import type { Split } from "../../core/split.ts";
import type { Metrics } from "../../metrics/types.ts";
import type { ModelCard } from "../../predict/card.ts";
import type { Judgement } from "../../report/judge.ts";
import type { ReportInput } from "../../report/report.ts";
import { type RunReport, runReport } from "../../report/run-report.ts";
import { RUN_FILES } from "../run-folder.ts";
import { commandLine } from "../shell.ts";
import { recordTestLook } from "../test-looks.ts";
import { VERSION } from "../version.ts";
import { writeMetricsReport } from "./report.ts";

export interface Evaluation {
  readonly metrics: Metrics;
  /** Paths of everything that was written. */
  readonly files: readonly string[];
  readonly reportPath: string;
}

/** What is known of an evaluation before a case is judged: plain data, the same for all shards. */
export interface EvaluationContext {
  /** As the user gave them. */
  readonly model: string;
  readonly data: string;
  readonly mask: string | undefined;
  readonly convention: string | undefined;
  readonly toleranceMm: number | undefined;
  readonly split: Split | "all";
  readonly card: ModelCard;
  readonly config: ReportInput["config"];
  readonly isSyntheticData: boolean;
  readonly modelPath: string;
  readonly modelSha256: string;
  /** The run whose test patients are judged; undefined where none are. */
  readonly testRun: string | undefined;
}

/** What it took. */
export interface EvaluationCost {
  readonly engine: string;
  readonly seconds: number;
  readonly peakMb: number;
  /** "": one task; else e.g. " in 8 shards". */
  readonly inShards: string;
}

export function makeEvaluationReport(
  context: EvaluationContext,
  out: string,
  judgement: Judgement,
  cost: EvaluationCost & { readonly time: string },
): RunReport {
  const { split, card } = context;
  const volumes = judgement.metrics.cases.length;
  const which = context.mask === undefined ? ["--split", split] : ["--mask", context.mask];
  const rules = [
    ...(context.convention === undefined ? [] : ["--convention", context.convention]),
    ...(context.toleranceMm === undefined ? [] : ["--tolerance", `${context.toleranceMm}`]),
  ];
  const command = ["hipmri", "evaluate", context.model, context.data, ...which, ...rules, "--out", out];
  const { engine, seconds, peakMb, time, inShards } = cost;
  return runReport({
    heading: "Evaluation",
    card,
    isSyntheticData: context.isSyntheticData,
    config: context.config,
    judged: [{ split, judgement }],
    log: [],
    facts: [
      { name: "Judged on", value: `${context.data}, split ${split}` },
      { name: "Engine", value: engine },
      { name: "Time", value: `${time}${inShards}, ${(seconds / volumes).toFixed(2)} s a volume` },
      { name: "Peak memory", value: `${peakMb} MB${inShards === "" ? "" : " a shard"}` },
    ],
    reproduce: [
      commandLine(command),
      `${basename(context.modelPath)} sha256:${context.modelSha256}`,
      `hipmri-unet ${VERSION}, Node ${process.version}, ${engine}`,
    ],
  });
}

/** Who has seen the test patients' figures may choose by them: the run keeps count. */
export async function noteTestLook(
  { testRun, model, data, split }: EvaluationContext,
  bytes: Uint8Array,
  warn: ((text: string) => void) | undefined,
): Promise<void> {
  if (testRun === undefined) return;
  const why = commandLine(["hipmri", "evaluate", model, data, "--split", split]);
  await recordTestLook(testRun, { by: "evaluate", why, model: bytes, warn });
}

/** metrics.json comes last: where it is, all else is there too. */
export async function writeEvaluation(out: string, metrics: Metrics, report: RunReport): Promise<Evaluation> {
  const files = await writeMetricsReport(out, metrics, report);
  return { metrics, files, reportPath: join(out, RUN_FILES.report) };
}
