/** The end of a run: the best model judged with distances by the real inference path, figures, report. */
import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { HipError } from "../../core/errors.ts";
import type { Metrics } from "../../metrics/types.ts";
import { makePredictor } from "../../predict/predictor.ts";
import { type Judgement, judge } from "../../report/judge.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { TrainConfig } from "../../train/config.ts";
import { writeFileAtomic } from "../atomic.ts";
import { readWholeFile } from "../files.ts";
import { formatDuration, makeProgress } from "../progress.ts";
import { RUN_FILES, type RunFolder, readLog } from "../run-folder.ts";
import { VERSION } from "../version.ts";
import { checkCases } from "./open-data.ts";
import { writeRunReport } from "./report.ts";
import type { Prepared, TrainRunOptions } from "./train.ts";

/** Name of the test split's metrics in a run folder. */
export const TEST_METRICS = "test-metrics.json";

export interface FinishContext {
  readonly run: RunFolder;
  readonly config: TrainConfig;
  readonly options: TrainRunOptions;
  readonly prepared: Prepared;
  readonly runtime: Runtime;
  /** Of this session, until training ended. */
  readonly seconds: number;
}

export interface Finished {
  readonly metrics: Metrics;
  readonly test: Metrics | undefined;
  readonly files: readonly string[];
}

export async function finishRun(context: FinishContext): Promise<Finished> {
  const { run, config, options, prepared, runtime } = context;
  const path = join(options.out, RUN_FILES.model);
  const predictor = await makePredictor(runtime, await readWholeFile(path), path);
  try {
    const { split } = prepared;
    const judgeSplit = async (name: "validate" | "test"): Promise<Judgement> => {
      const progress = makeProgress(options.stderr, {
        total: split[name].length,
        label: `Judging the ${name} split`,
      });
      try {
        return await judge(predictor, split[name], prepared.data, {
          split: name,
          seed: config.seed,
          batchSize: config.batchSize,
          distances: true,
          onCase: ({ done }) => options.quiet || progress.update(done),
        });
      } finally {
        progress.stop();
      }
    };
    const validate = await judgeSplit("validate");
    let test: Judgement | undefined;
    if (options.test) {
      if (split.test.length === 0) {
        throw new HipError("bad-dataset", "Cannot judge on the test split: it has no cases", {
          hint: "Leave --test out, or give the data set a test split",
        });
      }
      await checkCases(prepared.opened, split.test, () => undefined);
      test = await judgeSplit("test");
      await writeFileAtomic(join(options.out, TEST_METRICS), `${JSON.stringify(test.metrics, null, 2)}\n`);
    }
    const figures = await writeRunReport({
      run,
      config,
      card: predictor.card,
      validate,
      test,
      log: await readLog(options.out),
      facts: await factsOf(context),
      reproduce: [options.command, `hipmri-unet ${VERSION}, Node ${process.version}, ${runtime.name}`],
    });
    // Last of all: metrics.json is what tells a later --resume that the run is complete.
    await run.writeMetrics(validate.metrics);
    const names = [...Object.values(RUN_FILES), ...(test === undefined ? [] : [TEST_METRICS])];
    return {
      metrics: validate.metrics,
      test: test?.metrics,
      files: [...names.map((name) => join(options.out, name)), ...figures],
    };
  } finally {
    await predictor.dispose();
  }
}

async function factsOf({ options, config, prepared, seconds }: FinishContext) {
  const log = await readLog(options.out);
  const steps = log.filter((entry) => entry.kind === "step").map((entry) => Number(entry.seconds) * 1000);
  const sorted = steps.sort((a, b) => a - b);
  return [
    { name: "Trained on", value: prepared.card.trainedOn },
    { name: "Layout", value: prepared.opened.index.layout },
    { name: "Steps", value: `${config.steps} of batch ${config.batchSize}` },
    { name: "Time of this session", value: formatDuration(seconds) },
    { name: "Median step", value: `${Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0)} ms` },
    { name: "Peak memory", value: `${Math.round(process.resourceUsage().maxRSS / 1024)} MB` },
    { name: "Processor", value: `${cpus()[0]?.model ?? "unknown"}, ${config.threads} threads` },
    {
      name: "Best epoch",
      value: String(log.filter((entry) => entry.isBest === true).at(-1)?.epoch ?? "none"),
    },
  ];
}

/** The metrics of a run that is complete, else undefined. */
export async function readMetrics(
  run: string,
  name: string = RUN_FILES.metrics,
): Promise<Metrics | undefined> {
  const text = await readFile(join(run, name), "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Metrics);
}
