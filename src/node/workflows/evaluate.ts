/** `hipmri evaluate`: a model judged on one split of a data folder. */
import { join, resolve } from "node:path";
import { formatDuration } from "../../core/duration.ts";
import { HipError } from "../../core/errors.ts";
import type { Split } from "../../core/split.ts";
import type { LayoutName } from "../../dataset/types.ts";
import type { ConventionName } from "../../metrics/conventions/types.ts";
import { makePredictor, type Predictor } from "../../predict/predictor.ts";
import { type JoinOptions, judge } from "../../report/judge.ts";
import { chooseRuntime } from "../device.ts";
import type { DeviceName } from "../device-names.ts";
import { checkOutFolder } from "../out-folder.ts";
import { peakMb } from "../peak-memory.ts";
import { sha256Of } from "../sha256.ts";
import {
  type Evaluation,
  type EvaluationContext,
  makeEvaluationReport,
  noteTestLook,
  writeEvaluation,
} from "./evaluate-report.ts";
import { checkSameLabels, type JudgedCases } from "./judged-cases.ts";
import { chooseKnownCases } from "./known-cases.ts";
import { readModelFile } from "./model-file.ts";
import { type OpenedData, openData } from "./open-data.ts";
import { type RunSource, readRunOf, threadsOf } from "./run-source.ts";

export type { Evaluation } from "./evaluate-report.ts";

export interface EvaluateOptions {
  /** A run folder or a model.onnx. */
  readonly model: string;
  /** A data folder, or with `mask` a single image. */
  readonly data: string;
  /** The true labels of a single image. */
  readonly mask?: string | undefined;
  /** How the data folder is laid out; by default that is found. */
  readonly layout?: LayoutName | undefined;
  /** Default: test. */
  readonly split?: Split | "all" | undefined;
  readonly out: string;
  /** Whose rules; ours unless given. */
  readonly convention?: ConventionName | undefined;
  /** Of NSD; 2 unless given. */
  readonly toleranceMm?: number | undefined;
  /** Default: cpu. */
  readonly device?: DeviceName | undefined;
  /** Default: those of the run, else 2. */
  readonly threads?: number | undefined;
  /** Decoded cases kept in memory, in MiB. */
  readonly memoryMb?: number | undefined;
  readonly onProgress?: (progress: {
    readonly done: number;
    readonly total: number;
    /** The case that was done last; before the first, what is under way. */
    readonly label: string;
  }) => void;
  readonly warn?: (text: string) => void;
}

/** Slices in a batch of the figure "Dice over the batches" where no run says otherwise: the seed project's. */
const DEFAULT_BATCH_SIZE = 4;

/** A run's own metrics.json is of its validation split: it must not be replaced. */
function checkOut(out: string, run: RunSource | undefined): void {
  if (run === undefined || resolve(out) !== resolve(run.path)) return;
  throw new HipError("usage", `Cannot write the evaluation into the run folder "${out}" itself`, {
    hint: `Give another --out, for example "${join(out, "test")}"`,
  });
}

/** An evaluation that is ready to judge. */
export interface OpenedEvaluation {
  readonly options: EvaluateOptions;
  readonly chosen: JudgedCases;
  readonly data: OpenedData;
  readonly predictor: Predictor;
  /** Of ONNX Runtime. */
  readonly engine: string;
  readonly context: EvaluationContext;
  readonly joining: JoinOptions;
  readonly modelBytes: Uint8Array;
  /** To be told once the cases are read: what they and the cache met. */
  tellWarnings(): void;
}

/**
 * Opens model and data and chooses the cases, for as long as `work` takes.
 * @throws HipError as evaluate()
 */
export async function withEvaluation<T>(
  options: EvaluateOptions,
  work: (opened: OpenedEvaluation) => Promise<T>,
): Promise<T> {
  const { convention, toleranceMm, mask } = options;
  // A pair of files has no splits to choose from.
  const split = mask === undefined ? (options.split ?? "test") : "all";
  const model = await readModelFile(options.model);
  const run = await readRunOf(model.path);
  checkOut(options.out, run);
  await checkOutFolder(options.out);
  const threads = options.threads ?? threadsOf(run);
  const runtime = await chooseRuntime({ device: options.device, threads, warn: options.warn });
  const predictor = await makePredictor(runtime, model.bytes, model.path);
  try {
    const { card } = predictor;
    const { labels, input, preset, unet } = card;
    const data = await openData(options.data, {
      memoryMb: options.memoryMb,
      layout: options.layout,
      orientation: input.orientation,
      pair: mask === undefined ? undefined : { mask, labels },
    });
    const request = { index: data.index, split, run, card, modelPath: model.path };
    checkSameLabels(request);
    const chosen = await chooseKnownCases({ ...request, load: data.load });
    const warnings = new Set([...data.index.warnings, ...chosen.warnings]);
    for (const warning of warnings) options.warn?.(warning);
    const seesTest = chosen.cases.some(({ patient }) => run?.patients.test.includes(patient));
    return await work({
      options,
      chosen,
      data,
      predictor,
      engine: runtime.name,
      modelBytes: model.bytes,
      context: {
        model: options.model,
        data: options.data,
        mask,
        convention,
        toleranceMm,
        split,
        card,
        config: run?.config ?? { preset, unet, input },
        isSyntheticData: data.isSynthetic,
        // Whole paths: shards may be merged from another folder.
        modelPath: resolve(model.path),
        modelSha256: sha256Of(model.bytes),
        testRun: seesTest && run !== undefined ? resolve(run.path) : undefined,
      },
      joining: {
        split: chosen.split,
        seed: card.seed,
        batchSize: run?.config.batchSize ?? DEFAULT_BATCH_SIZE,
        convention,
        toleranceMm,
        labels: data.index.labels,
      },
      tellWarnings() {
        for (const warning of data.caseWarnings()) options.warn?.(warning);
        // What the cache met while it read.
        for (const warning of data.warnings()) if (!warnings.has(warning)) options.warn?.(warning);
      },
    });
  } finally {
    await predictor.dispose();
  }
}

/**
 * Scores a model, with distances, on the patients of a split: those of RUN/split.json where the model lies in a run
 * folder, else those that the layout states or the card's seed draws. Writes OUT/metrics.json, OUT/figures and
 * OUT/report.html.
 * @throws HipError "not-found", "bad-model", "config"; "bad-dataset" where labels differ, the split is empty or the
 *   run does not know a patient; "usage" where OUT is the run folder; "disk". Then no metrics.json has been written.
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  const started = performance.now();
  return withEvaluation(options, async (opened) => {
    const { predictor, chosen, data, joining, context, engine } = opened;
    const { cases } = chosen;
    options.onProgress?.({ done: 0, total: cases.length, label: "Evaluating" });
    const source = { labels: data.index.labels, load: data.load };
    const judgement = await judge(predictor, cases, source, {
      ...joining,
      distances: true,
      onCase: ({ done, total, id }) => options.onProgress?.({ done, total, label: id }),
    });
    await noteTestLook(context, opened.modelBytes, options.warn);
    opened.tellWarnings();
    const seconds = (performance.now() - started) / 1000;
    const cost = { engine, seconds, peakMb: peakMb(), inShards: "", time: formatDuration(seconds) };
    const report = makeEvaluationReport(context, options.out, judgement, cost);
    return writeEvaluation(options.out, judgement.metrics, report);
  });
}
