/** `hipmri evaluate`. */
import { formatDuration } from "../core/duration.ts";
import type { Shard } from "../core/shard.ts";
import type { LayoutName } from "../dataset/types.ts";
import type { ConventionName } from "../metrics/conventions/types.ts";
import { formatMetricsTable, formatRescoredTable } from "../metrics/table.ts";
import type { DeviceName } from "../node/device-names.ts";
import type { EvaluateOptions, Evaluation } from "../node/workflows/evaluate.ts";
import { hasJobs, jobsOption, runWithJobs } from "./jobs-option.ts";
import { alignRows } from "./layout.ts";
import type { Outcome } from "./outcome.ts";
import { overwriteShardsOption, shardOption, shardOutcome, shardRequest } from "./shard-option.ts";
import {
  conventionOption,
  deviceOption,
  layoutOption,
  needed,
  oneOf,
  positiveNumber,
  wholeNumber,
} from "./values.ts";
import { type AddVerb, addCommonFlags, addExamples, type CommonFlags, warn, withProgress } from "./verb.ts";

const SPLITS = ["train", "validate", "test", "all"] as const;

interface Flags extends CommonFlags {
  readonly out?: string;
  readonly layout?: LayoutName;
  readonly mask?: string;
  readonly split: (typeof SPLITS)[number];
  readonly threads?: number;
  readonly device?: DeviceName;
  readonly convention?: ConventionName;
  readonly tolerance?: number;
  readonly rescored?: true;
  readonly shard?: Shard;
  readonly jobs?: number;
  readonly overwrite?: true;
}

export function evaluationOutcome(
  { metrics, files, reportPath }: Evaluation,
  { seconds, isRescored }: { readonly seconds: string; readonly isRescored?: true | undefined },
): Outcome {
  const facts = alignRows([
    ["Time", seconds],
    ["Files", files],
    ["Next", `look at ${reportPath}`],
  ]);
  const tables = [formatMetricsTable(metrics), ...(isRescored ? [formatRescoredTable(metrics)] : [])];
  return { json: { ...metrics }, text: [...tables, facts].join("\n\n") };
}

export const addEvaluate: AddVerb = (program, session) => {
  const command = program
    .command("evaluate")
    .summary("judge a model on the patients of one split")
    .description(
      "Scores a model per label, volume and patient; writes metrics.json, figures and report.html.",
    )
    .argument("<model>", "a run folder or a model.onnx")
    .argument(
      "<data>",
      "a data folder: HipMRI's releases, Decathlon, nnU-Net, or images/ and labels/; or an image, with --mask",
    )
    .addOption(layoutOption())
    .option("--mask <file>", "the true labels, where DATA is a single image")
    .option("--out <dir>", "where the results go (needed)")
    .option("--split <name>", `which patients: ${SPLITS.join(", ")}`, oneOf("--split", SPLITS), "test")
    .addOption(conventionOption())
    .option("--tolerance <mm>", "of NSD (default: 2)", positiveNumber("--tolerance"))
    .option("--rescored", "also print the Dice by the rules of other tools")
    .addOption(deviceOption())
    .option("--threads <n>", "CPU threads (default: those of the run)", wholeNumber("--threads", 1))
    .addOption(shardOption())
    .addOption(jobsOption())
    .addOption(overwriteShardsOption())
    .action(async (model: string, data: string, flags: Flags) => {
      if (hasJobs(flags)) {
        const work = { sharesThreads: flags.threads === undefined, isRescored: flags.rescored };
        return session.finish(await runWithJobs(session.argv, flags, work));
      }
      const started = performance.now();
      const { split, threads, device, layout, mask, convention, tolerance: toleranceMm } = flags;
      const out = needed(flags.out, "--out", "where the results go");
      const shard = await shardRequest(flags, session.argv);
      const work = <T>(run: (options: EvaluateOptions) => Promise<T>): Promise<T> =>
        withProgress({ label: "Evaluating", isQuiet: flags.quiet ?? false }, (update) => {
          const onProgress = ({ done, total }: { done: number; total: number }): void => update(done, total);
          const rules = { convention, toleranceMm };
          return run({ model, data, mask, layout, split, out, threads, device, ...rules, onProgress, warn });
        });
      const seconds = (): string => formatDuration((performance.now() - started) / 1000);
      if (shard !== undefined) {
        const { evaluateShard } = await import("../node/workflows/evaluate-shard.ts");
        const done = await work((options) => evaluateShard(options, shard));
        session.finish(shardOutcome(done, "case", seconds()));
        return;
      }
      const { evaluate } = await import("../node/workflows/evaluate.ts");
      const evaluation = await work(evaluate);
      session.finish(evaluationOutcome(evaluation, { seconds: seconds(), isRescored: flags.rescored }));
    });
  addExamples(addCommonFlags(command), [
    "hipmri evaluate runs/pelvis keras_slices_data --out runs/pelvis/test",
    "hipmri evaluate runs/pelvis scan.nii.gz --mask truth.nii.gz --out judged",
    "hipmri evaluate model.onnx keras_slices_data --split validate --out validation --json",
  ]);
};
