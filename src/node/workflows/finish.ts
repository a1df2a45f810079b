/** The end of a run: the best model judged once more with distances, figures, report. */
import { join } from "node:path";
import { aggregate } from "../../metrics/aggregate.ts";
import type { Metrics } from "../../metrics/types.ts";
import { makePredictor } from "../../predict/predictor.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { TrainConfig } from "../../train/config.ts";
import { type StepPlan, scoreCases } from "../../train/trainer.ts";
import { readWholeFile } from "../files.ts";
import { RUN_FILES, type RunFolder } from "../run-folder.ts";
import { bestEpochOf, type Prepared, type TrainRunOptions } from "./train.ts";

export async function finishRun(context: {
  readonly run: RunFolder;
  readonly config: TrainConfig;
  readonly options: TrainRunOptions;
  readonly prepared: Prepared;
  readonly runtime: Runtime;
  readonly plan: StepPlan;
  readonly seconds: number;
}): Promise<{
  readonly bestEpoch: number;
  readonly foregroundDice: number | null;
  readonly metrics: Metrics;
  readonly test: Metrics | undefined;
  readonly files: readonly string[];
}> {
  const { run, options, prepared, runtime } = context;
  const path = join(options.out, RUN_FILES.model);
  const predictor = await makePredictor(runtime, await readWholeFile(path), path);
  try {
    const cases = await scoreCases(predictor, prepared.split.validate, prepared.data, { distances: true });
    const metrics = aggregate(cases, {
      split: "validate",
      labels: prepared.data.labels,
      seed: context.config.seed,
    });
    await run.writeMetrics(metrics);
    return {
      bestEpoch: await bestEpochOf(options.out),
      foregroundDice: metrics.foregroundMean,
      metrics,
      test: undefined,
      files: [],
    };
  } finally {
    await predictor.dispose();
  }
}
