/**
 * A model fine-tuned on a few corrected cases that lie in memory, in a browser or in Node, and kept only where it does
 * better on cases that were held out. The graph, the batches and the inference are those of training.
 */
import { HipError } from "../core/errors.ts";
import type { DecodedCase } from "../dataset/types.ts";
import { aggregate } from "../metrics/aggregate.ts";
import type { Metrics } from "../metrics/types.ts";
import { readModelMetadata } from "../onnx/model.ts";
import { PASSPORT_KEY } from "../passport/read.ts";
import type { ModelCard } from "../predict/card.ts";
import { checkModel } from "../predict/check-model.ts";
import { exportModel } from "../predict/export.ts";
import { withKnownAnswer } from "../predict/known-answer.ts";
import { makePredictor } from "../predict/predictor.ts";
import type { FittedConfig } from "../train/config.ts";
import { makeTrainer } from "../train/trainer.ts";
import type { StepPlan, Trainer, TrainingData, TrainingHost } from "../train/types.ts";
import { scoreCases } from "../train/validation.ts";
import { decodeCorrected, trainingData, unseenLabels } from "./cases.ts";
import { holdOut, type Shares } from "./hold-out.ts";
import { learntCard } from "./learnt-card.ts";
import { ANCHOR_STRENGTH, DEFAULT_STEPS, EPOCHS, learningConfig } from "./recipe.ts";
import type { LearnFigures, LearnRequest, LearnResult, LearnWatcher } from "./types.ts";

/** A label that falls by more is lost, whatever the mean does. */
const MOST_FALL = 0.05;
/** Fewer teach nothing, more is another training. */
const STEP_LIMITS = [8, 400] as const;
const PAUSE_MS = 100;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function judge(request: LearnRequest, bytes: Uint8Array, data: TrainingData): Promise<Metrics> {
  const { runtime, model, options, watcher } = request;
  const predictor = await makePredictor(runtime, bytes, model.name);
  try {
    const cases = await scoreCases(predictor, data.validate, data, {
      distances: false,
      onCase: () => watcher?.signal?.throwIfAborted(),
    });
    return aggregate(cases, { split: "validate", labels: data.labels, seed: options.seed });
  } finally {
    await predictor.dispose();
  }
}

const figuresOf = ({ foregroundMean, labels }: Metrics): LearnFigures => ({
  foregroundMean,
  labels: labels.map(({ name, dice }) => ({ name, dice: dice.perVolume.mean })),
});

/** Steps as wished, or as many as fit the minutes with all judgements. */
async function planOf(request: LearnRequest, trainer: Trainer): Promise<StepPlan> {
  const { steps: wished, minutes } = request.options;
  let steps = wished ?? DEFAULT_STEPS;
  if (wished === undefined && minutes !== undefined) {
    const { stepMs, validationMs } = await trainer.measure(() => performance.now());
    const leftMs = minutes * 60_000 - (EPOCHS + 1) * validationMs;
    steps = Math.min(Math.max(Math.floor(leftMs / stepMs), STEP_LIMITS[0]), STEP_LIMITS[1]);
  }
  return { steps, stepsPerEpoch: Math.ceil(steps / EPOCHS) };
}

/** What the loop's reports become; between steps the event loop turns, so that a pause or a stop gets through. */
function hostOf(watcher: LearnWatcher, { steps }: StepPlan): TrainingHost {
  const isStopping = (): boolean => watcher.isStopping?.() ?? false;
  return {
    async onStep({ step, loss, learningRate }) {
      watcher.onStep?.({ step, steps, loss, learningRate });
      await sleep(0);
      while (watcher.isPaused?.() && !isStopping() && !watcher.signal?.aborted) await sleep(PAUSE_MS);
      watcher.signal?.throwIfAborted();
    },
    async onEpoch({ epoch, step, loss, validationLoss, foregroundDice, dice }) {
      watcher.onEpoch?.({ epoch, step, steps, loss, validationLoss, foregroundDice, dice });
    },
    isCheckpointDue: () => false,
    isStopping,
    saveLast: async () => undefined,
    saveBest: async () => undefined,
  };
}

interface Learnt {
  readonly steps: number;
  readonly config: FittedConfig;
  /** The new model, its card still to be written. */
  exportWith(card: ModelCard): Uint8Array;
}

async function train(request: LearnRequest, card: ModelCard, data: TrainingData): Promise<Learnt> {
  const { runtime, model, options, watcher = {} } = request;
  const config = learningConfig(card, options, options.steps ?? DEFAULT_STEPS);
  const trainer = await makeTrainer({
    config,
    data,
    runtime,
    card: { ...card, unet: config.unet },
    resume: undefined,
    from: model,
    anchorStrength: options.anchorStrength ?? ANCHOR_STRENGTH,
    unseenClasses: unseenLabels(data).map((label) => card.labels.indexOf(label)),
  });
  try {
    const plan = await planOf(request, trainer);
    await trainer.run(hostOf(watcher, plan), plan);
    const { tensors, step } = trainer.state;
    const weights = { parameters: tensors.average ?? tensors.parameters!, statistics: tensors.statistics! };
    // What stands beside the card, but neither a fingerprint of other scans nor other weights' answer.
    const { [PASSPORT_KEY]: _, ...metadata } = readModelMetadata(model.bytes) ?? {};
    return {
      steps: step,
      config,
      exportWith: (own) => exportModel(own, trainer.spec, weights, metadata),
    };
  } finally {
    await trainer.dispose();
  }
}

const shown = (dice: number): string => dice.toFixed(3);

/** Whether the new model replaces the old one, and why. */
function decide(
  before: LearnFigures,
  after: LearnFigures,
): { readonly isBetter: boolean; readonly verdict: string } {
  const [was, is] = [before.foregroundMean, after.foregroundMean];
  if (was === null || is === null) {
    return { isBetter: false, verdict: "Not kept: what was held out has no label to judge by" };
  }
  const change = `the mean Dice of what was held out went from ${shown(was)} to ${shown(is)}`;
  if (is <= was) return { isBetter: false, verdict: `Not kept: ${change}` };
  const lost = before.labels.find(
    ({ dice }, i) => dice !== null && dice - (after.labels[i]!.dice ?? dice) > MOST_FALL,
  );
  if (lost === undefined) return { isBetter: true, verdict: `Kept: ${change}` };
  const now = after.labels.find(({ name }) => name === lost.name)!.dice!;
  return {
    isBetter: false,
    verdict: `Not kept: ${change}, but that of "${lost.name}" fell from ${shown(lost.dice!)} to ${shown(now)}`,
  };
}

/**
 * Fine-tunes a model on corrected cases and judges it before and after on those that it did not learn from.
 * A function of model, cases and options, on one machine with one number of threads, unless `minutes` are given.
 * @throws HipError "bad-model" of an ensemble or a model in 8-bit integers; "bad-mask" and "bad-dataset" of cases that
 *   cannot be learnt from; the reason of `watcher.signal`
 */
export async function learn(request: LearnRequest): Promise<LearnResult> {
  const { runtime, model, options } = request;
  const card = checkModel(model.bytes, model.name);
  const whole: readonly DecodedCase[] = decodeCorrected(request.cases, card);
  const shares: Shares = holdOut(whole, options.seed);
  const data = trainingData(shares, card);
  if (data.slices.length === 0) {
    throw new HipError("bad-dataset", "Cannot learn: no slice outside of what is held out has any truth", {
      hint: "Correct more slices or another case",
    });
  }
  const before = await judge(request, model.bytes, data);
  const { steps, config, exportWith } = await train(request, card, data);
  const draft = { ...card, unet: config.unet, inference: { ...card.inference, temperature: null } };
  const metrics = steps === 0 ? before : await judge(request, exportWith(draft), data);
  const [old, now] = [figuresOf(before), figuresOf(metrics)];
  const { isBetter, verdict } = decide(old, now);
  const own = isBetter ? learntCard(card, { shares, whole, steps, metrics }) : card;
  return {
    isBetter,
    verdict,
    before: old,
    after: now,
    bytes: isBetter ? await withKnownAnswer(runtime, exportWith(own), model.name) : model.bytes,
    card: own,
    heldOut: shares.heldOut,
    notLearnt: unseenLabels(data).map(({ name }) => name),
    learntFrom: shares.learn.map(({ entry }) => entry.id),
    steps,
    batchSize: config.batchSize,
    learningRate: config.schedule.learningRate,
  };
}
