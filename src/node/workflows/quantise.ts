/** `hipmri quantise`: a trained model in 8-bit integers, kept only where it is as good on the validation patients. */
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { HipError } from "../../core/errors.ts";
import { sampleEvenly } from "../../core/statistics.ts";
import { counted } from "../../core/text.ts";
import type { CaseEntry, LayoutName } from "../../dataset/types.ts";
import { aggregate } from "../../metrics/aggregate.ts";
import type { Metrics } from "../../metrics/types.ts";
import { readModelMetadata } from "../../onnx/model.ts";
import { type ModelCard, readModelCard } from "../../predict/card.ts";
import { specifyNetworkOf } from "../../predict/export.ts";
import { withKnownAnswer } from "../../predict/known-answer.ts";
import { makePredictor, type Predictor } from "../../predict/predictor.ts";
import { type Observation, observeRanges } from "../../predict/quantise.ts";
import { cardMetrics } from "../../report/card-metrics.ts";
import { figureText } from "../../report/comparison-text.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import { storedWeights } from "../../train/finetune.ts";
import { scoreCases, VALIDATION_CONVENTION } from "../../train/validation.ts";
import { makeFolder, writeFileAtomic } from "../atomic.ts";
import { checkOutFolder } from "../out-folder.ts";
import { makeNodeRuntime } from "../runtime.ts";
import { checkSameLabels } from "./judged-cases.ts";
import { chooseKnownCases } from "./known-cases.ts";
import { readModelFile } from "./model-file.ts";
import { type OpenedData, openData } from "./open-data.ts";
import { readRunOf, threadsOf } from "./run-source.ts";

export interface QuantiseOptions {
  /** A run folder or a model.onnx. */
  readonly model: string;
  /** The data that it was trained on. */
  readonly data: string;
  readonly layout?: LayoutName | undefined;
  /** The file to write. Default: model-int8.onnx beside the model. */
  readonly out?: string | undefined;
  /** How much the mean Dice of the validation patients may fall; 0.002 unless given. */
  readonly limit?: number | undefined;
  /** Default: those of the run, else 2. */
  readonly threads?: number | undefined;
  readonly onProgress?: (done: number, total: number) => void;
  readonly warn?: (text: string) => void;
}

/** One of the two models on the validation patients. */
export interface JudgedPrecision {
  readonly metrics: Metrics;
  /** Of inference alone, the mean over volumes. */
  readonly secondsPerVolume: number;
  readonly bytes: number;
}

export interface Quantised {
  readonly path: string;
  readonly limit: number;
  /** What the mean Dice fell by; below 0 where it rose. */
  readonly loss: number;
  readonly float32: JudgedPrecision;
  readonly int8: JudgedPrecision;
  /** Volumes of training patients whose ranges were observed. */
  readonly observed: number;
}

const DEFAULT_LIMIT = 0.002;
/** Ranges hardly grow with more. */
const OBSERVED_VOLUMES = 8;

/** @throws HipError "bad-model" of what cannot be rounded, or is already */
function checkModel({ inference }: ModelCard, path: string): void {
  if (inference.precision === "int8") {
    throw new HipError("bad-model", `Cannot quantise "${path}": it computes in 8-bit integers already`, {
      hint: "Give the float32 model that it was made of",
    });
  }
  if (inference.networks === 1) return;
  throw new HipError(
    "bad-model",
    `Cannot quantise "${path}": it holds an ensemble of ${inference.networks} networks, and no patient was kept from all of them to judge by`,
    { hint: "Give the run folder of one fold, e.g. fold_0" },
  );
}

/**
 * Only an earlier rounded model is written over, and where it goes is asked before minutes of work.
 * @throws HipError "usage"
 */
async function checkOut(path: string): Promise<void> {
  await checkOutFolder(dirname(path));
  const before = await readFile(path).catch((error: NodeJS.ErrnoException) =>
    error.code === "ENOENT" ? undefined : new Uint8Array(),
  );
  if (before === undefined) return;
  const card = readModelMetadata(before) === undefined ? undefined : readModelCard(before, path);
  if (card?.inference.precision === "int8") return;
  throw new HipError(
    "usage",
    `Cannot write "${path}": something else than a model in 8-bit integers is there`,
    {
      hint: "Give another --out, or move it away",
    },
  );
}

async function observe(
  observation: Observation,
  cases: readonly CaseEntry[],
  { runtime, data, onCase }: { readonly runtime: Runtime; readonly data: OpenedData; onCase(): void },
): Promise<void> {
  const observer = await makePredictor(observation.observing(runtime), observation.bytes, "observed model");
  try {
    for (const entry of cases) {
      await observer.predict(await data.load(entry));
      onCase();
    }
  } finally {
    await observer.dispose();
  }
}

async function judgePrecision(
  bytes: Uint8Array,
  cases: readonly CaseEntry[],
  {
    runtime,
    data,
    card,
    distances,
    onCase,
  }: {
    readonly runtime: Runtime;
    readonly data: OpenedData;
    readonly card: ModelCard;
    readonly distances: boolean;
    onCase(): void;
  },
): Promise<JudgedPrecision> {
  const predictor = await makePredictor(runtime, bytes, "model");
  let milliseconds = 0;
  const timed: Predictor = {
    ...predictor,
    async predict(stack, watcher) {
      const started = performance.now();
      const labels = await predictor.predict(stack, watcher);
      milliseconds += performance.now() - started;
      return labels;
    },
  };
  try {
    const { labels } = data.index;
    const scored = await scoreCases(timed, cases, { labels, load: data.load }, { distances, onCase });
    return {
      metrics: aggregate(scored, { split: "validate", labels, seed: card.seed }),
      secondsPerVolume: milliseconds / 1000 / cases.length,
      bytes: bytes.length,
    };
  } finally {
    await predictor.dispose();
  }
}

/** The card of the rounded model: figures of the float32 model are not its own. */
function roundedCard(card: ModelCard, metrics: Metrics | undefined, loss: number): ModelCard {
  const by =
    Math.abs(loss) < 0.00005
      ? "the float32 model's"
      : `${Math.abs(loss).toFixed(4)} ${loss > 0 ? "lower" : "higher"} than the float32 model's`;
  return {
    ...card,
    inference: { ...card.inference, precision: "int8" },
    validation: { foregroundMeanDice: metrics?.foregroundMean ?? null, convention: VALIDATION_CONVENTION },
    metrics: metrics === undefined ? [] : [cardMetrics(metrics, "validate")],
    limits: [
      ...card.limits,
      `Computes in 8-bit integers: on the validation patients its mean Dice is ${by}; probabilities come in coarse steps`,
    ],
  };
}

const changeOf = (float32: Metrics, int8: Metrics): readonly string[] =>
  float32.labels.map(({ name, dice }, i) => {
    const now = int8.labels[i]!.dice.perVolume.mean;
    return `${name}: ${figureText(dice.perVolume.mean, 4)} before, ${figureText(now, 4)} in 8-bit integers`;
  });

/** @throws HipError "bad-dataset" where no label is in any mask: there is nothing to judge by */
function lossOf(float32: Metrics, int8: Metrics, data: string): number {
  const [before, now] = [float32.foregroundMean, int8.foregroundMean];
  if (before !== null && now !== null) return before - now;
  throw new HipError("bad-dataset", `Cannot judge by "${data}": no validation volume has any label`, {
    hint: "Give data whose validation patients have labels",
  });
}

/**
 * Observes the ranges of a network's images on training patients, rounds images and weights to 8-bit integers, judges
 * both models on the validation patients by the real inference path, and writes the rounded one where its mean Dice
 * falls by no more than the limit.
 * @throws HipError "not-found", "usage", "bad-dataset"; "bad-model", also where it falls by more: then nothing is written
 */
export async function quantiseModel(options: QuantiseOptions): Promise<Quantised> {
  const limit = options.limit ?? DEFAULT_LIMIT;
  const model = await readModelFile(options.model);
  const card = readModelCard(model.bytes, model.path);
  checkModel(card, model.path);
  const path = options.out ?? join(dirname(model.path), `${basename(model.path, ".onnx")}-int8.onnx`);
  await checkOut(path);
  const spec = specifyNetworkOf(card);
  const weights = storedWeights({ bytes: model.bytes, name: model.path }, spec);
  const observation = observeRanges(card, spec, weights);

  const run = await readRunOf(model.path);
  const threads = options.threads ?? threadsOf(run);
  const runtime = makeNodeRuntime({ threads });
  const data = await openData(options.data, { layout: options.layout, orientation: card.input.orientation });
  const purpose = "quantise" as const;
  const known = { index: data.index, run, card, modelPath: model.path, load: data.load, purpose };
  checkSameLabels({ ...known, split: "validate" });
  const learnt = await chooseKnownCases({ ...known, split: "train" });
  const train = sampleEvenly(learnt.cases, OBSERVED_VOLUMES);
  const { cases: validate, warnings } = await chooseKnownCases({ ...known, split: "validate" });
  const told = new Set([...data.index.warnings, ...learnt.warnings, ...warnings]);
  for (const warning of told) options.warn?.(warning);

  let done = 0;
  const total = train.length + 2 * validate.length;
  const onCase = (): void => options.onProgress?.(++done, total);
  await observe(observation, train, { runtime, data, onCase });
  const judging = { runtime, data, card, onCase };
  const float32 = await judgePrecision(model.bytes, validate, { ...judging, distances: false });
  const draft = observation.exportQuantised(roundedCard(card, undefined, 0));
  const int8 = await judgePrecision(draft, validate, { ...judging, distances: true });
  const rest = [...data.caseWarnings(), ...data.warnings()].filter((warning) => !told.has(warning));
  for (const warning of new Set(rest)) options.warn?.(warning);
  const loss = lossOf(float32.metrics, int8.metrics, options.data);
  if (loss > limit) {
    throw new HipError(
      "bad-model",
      `Cannot quantise "${model.path}": the mean Dice of ${counted(validate.length, "validation volume")} would fall by ${loss.toFixed(4)}, and ${limit} is the limit`,
      {
        hint: "Use the float32 model, or take the loss with a larger --limit",
        problems: changeOf(float32.metrics, int8.metrics),
      },
    );
  }
  if (int8.secondsPerVolume > float32.secondsPerVolume) {
    options.warn?.("on this machine the model in 8-bit integers is no faster than the float32 model");
  }
  const final = roundedCard(card, int8.metrics, loss);
  // The passport and whatever else stands beside the card, but not what float32 answers.
  const rounded = observation.exportQuantised(final, readModelMetadata(model.bytes));
  const bytes = await withKnownAnswer(runtime, rounded, path);
  await makeFolder(dirname(path));
  await writeFileAtomic(path, bytes);
  return { path, limit, loss, float32, int8: { ...int8, bytes: bytes.length }, observed: train.length };
}
