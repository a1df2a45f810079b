/** The end of a run: the best model judged with distances by the real inference path, figures, report. */
import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { formatDuration } from "../../core/duration.ts";
import type { Metrics } from "../../metrics/types.ts";
import { withWarning } from "../../metrics/warnings.ts";
import type { ModelCard } from "../../predict/card.ts";
import { describeInference } from "../../predict/card-text.ts";
import { makePredictor } from "../../predict/predictor.ts";
import { type Judgement, judge } from "../../report/judge.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { FittedConfig } from "../../train/config.ts";
import { tooShort } from "../../train/too-short.ts";
import { tuneModel } from "../../train/tune.ts";
import { readWholeFile } from "../files.ts";
import { peakMb } from "../peak-memory.ts";
import { makeProgress } from "../progress.ts";
import { type LogEntry, RUN_FILES, type RunFolder, readLog } from "../run-folder.ts";
import { sha256Of } from "../sha256.ts";
import { commandLine } from "../shell.ts";
import { VERSION } from "../version.ts";
import { writeFinalCard } from "./final-card.ts";
import type { Prepared } from "./prepare.ts";
import { writeRunReport } from "./report.ts";
import type { TrainRunOptions } from "./train-options.ts";

export interface FinishContext {
  readonly run: RunFolder;
  readonly config: FittedConfig;
  readonly options: TrainRunOptions;
  readonly prepared: Prepared;
  readonly runtime: Runtime;
  /** Of this session, until training ended. */
  readonly seconds: number;
  warn(text: string): void;
}

export interface Finished {
  readonly metrics: Metrics;
  readonly test: Metrics | undefined;
  readonly bestEpoch: number;
  readonly files: readonly string[];
}

export async function finishRun(context: FinishContext): Promise<Finished> {
  const { run, config, options, prepared, runtime } = context;
  const path = join(options.out, RUN_FILES.model);
  const bytes = await tuned(context, path);
  const predictor = await makePredictor(runtime, bytes, path);
  tellTuning(options, predictor.card);
  try {
    const { split } = prepared;
    const short = tooShort(config, prepared.data.slices.length);
    const warning = short === undefined ? undefined : `The network was ${short}`;
    const judgeSplit = async (name: "validate" | "test"): Promise<Judgement> => {
      const progress = makeProgress(options.stderr, {
        total: split[name].length,
        label: `Judging the ${name} split`,
        isQuiet: options.quiet ?? false,
      });
      try {
        const judgement = await judge(predictor, split[name], prepared.data, {
          split: name,
          seed: config.seed,
          batchSize: config.batchSize,
          distances: true,
          onCase: ({ done }) => progress.update(done),
        });
        return { ...judgement, metrics: withWarning(judgement.metrics, warning) };
      } finally {
        progress.stop();
      }
    };
    const validate = await judgeSplit("validate");
    const test = options.test ? await judgeSplit("test") : undefined;
    const card = await writeFinalCard({
      run,
      model: { bytes, card: predictor.card },
      prepared,
      runtime,
      validate: validate.metrics,
      test: test?.metrics,
      warn: context.warn,
    });
    const log = await readLog(options.out);
    const figures = await writeRunReport({
      run,
      config,
      card,
      validate,
      test,
      log,
      facts: factsOf(context, log),
      reproduce: [
        // Holds of resumed runs too: config.json has every value, the step count included.
        commandLine([
          "hipmri",
          "train",
          options.data,
          "--config",
          join(options.out, RUN_FILES.config),
          "--out",
          "NEW_RUN",
        ]),
        `Typed: ${options.command}`,
        ...(await provenanceLines(path, card)),
        `hipmri-unet ${VERSION}, Node ${process.version}, ${runtime.name}`,
      ],
    });
    // Last of all: metrics.json is what tells a later --resume that the run is complete.
    await run.writeMetrics(validate.metrics);
    const ofTest: readonly string[] = [RUN_FILES.testMetrics, RUN_FILES.testLooks];
    const names = Object.values(RUN_FILES).filter(
      (name) => name !== RUN_FILES.int8Model && (test !== undefined || !ofTest.includes(name)),
    );
    return {
      metrics: validate.metrics,
      test: test?.metrics,
      bestEpoch: bestEpochOf(log),
      files: [...new Set([...names.map((name) => join(options.out, name)), ...figures])],
    };
  } finally {
    await predictor.dispose();
  }
}

/** The model as it is judged and applied: its scores calibrated, its clean-up chosen, on validation patients. */
async function tuned({ run, options, prepared, runtime }: FinishContext, path: string): Promise<Uint8Array> {
  const bytes = await readWholeFile(path);
  const predictor = await makePredictor(runtime, bytes, path);
  const { validate } = prepared.split;
  const progress = makeProgress(options.stderr, {
    total: validate.length,
    label: "Tuning on the validate split",
    isQuiet: options.quiet ?? false,
  });
  try {
    const model = await tuneModel(bytes, predictor, validate, prepared.data, (done) => progress.update(done));
    await run.writeModel(model.bytes);
    return model.bytes;
  } finally {
    progress.stop();
    await predictor.dispose();
  }
}

/** Why the figures of the final model are not those of its epoch. */
function tellTuning(options: TrainRunOptions, card: ModelCard): void {
  if (options.quiet ?? false) return;
  options.stderr.write(
    `Tuned: ${describeInference(card)}. The figures below are with it, those of the epochs without\n`,
  );
}

/** What tells the model and its data again. */
async function provenanceLines(path: string, { data }: ModelCard): Promise<readonly string[]> {
  const sha256 = sha256Of(await readWholeFile(path));
  return [`model.onnx sha256:${sha256}`, ...(data === null ? [] : [`Data ${data.digest}`])];
}

/** The epoch whose weights model.onnx holds; 0 before the first. */
export function bestEpochOf(log: readonly LogEntry[]): number {
  return Number(log.filter((entry) => entry.kind === "epoch" && entry.isBest === true).at(-1)?.epoch ?? 0);
}

function factsOf({ config, prepared, seconds }: FinishContext, log: readonly LogEntry[]) {
  const steps = log.filter((entry) => entry.kind === "step").map((entry) => Number(entry.seconds) * 1000);
  const sorted = steps.sort((a, b) => a - b);
  return [
    { name: "Trained on", value: prepared.card.trainedOn },
    { name: "Layout", value: prepared.opened.index.layout },
    { name: "Steps", value: `${config.steps} of batch ${config.batchSize}` },
    { name: "Time of this session", value: formatDuration(seconds) },
    { name: "Median step", value: `${Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0)} ms` },
    { name: "Peak memory", value: `${peakMb()} MB` },
    { name: "Processor", value: `${cpus()[0]?.model ?? "unknown"}, ${config.threads} threads` },
    { name: "Best epoch", value: String(bestEpochOf(log)) },
  ];
}

/** Metrics in a run folder; undefined where there are none, or where a copy was cut short: they are made anew. */
export async function readMetrics(
  run: string,
  name: string = RUN_FILES.metrics,
): Promise<Metrics | undefined> {
  try {
    return JSON.parse(await readFile(join(run, name), "utf8")) as Metrics;
  } catch {
    return undefined;
  }
}
