/** The training loop: steps, validation by the real inference path, checkpoints. No files and no clock of its own. */
import { HipError } from "../core/errors.ts";
import { median } from "../core/statistics.ts";
import type { CaseEntry, DecodedCase } from "../dataset/types.ts";
import { aggregate } from "../metrics/aggregate.ts";
import { scoreCase } from "../metrics/score-case.ts";
import type { CaseMetrics, Metrics } from "../metrics/types.ts";
import { learningRateAt } from "../optimizer/schedule.ts";
import type { InputFit, ModelCard } from "../predict/card.ts";
import { exportModel } from "../predict/export.ts";
import { type Canvas, makeCanvas } from "../predict/fit.ts";
import { makePredictor, type Predictor } from "../predict/predictor.ts";
import { float32Of, type Program, type Runtime, type Tensor, type Tensors } from "../runtime/runtime.ts";
import { type NetworkSpec, specifyNetwork } from "../unet/network.ts";
import { initialParameters, initialStatistics } from "../unet/parameters.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import { type Batch, makeBatch, makeSlicePicker, type SliceRef } from "./batches.ts";
import type { TrainingState } from "./checkpoint.ts";
import { type FittedConfig, optimizerOf } from "./config.ts";
import { drawDropoutMasks } from "./dropout.ts";
import { makeLossMeter } from "./loss-meter.ts";
import { buildStepModel, type StepModel } from "./step.ts";

export interface TrainingData {
  readonly labels: readonly LabelDefinition[];
  /** Every training slice, in file order. */
  readonly slices: readonly SliceRef[];
  /** Training slices that hold each foreground label; labels of no slice are left out. */
  readonly slicesByLabel: readonly (readonly SliceRef[])[];
  readonly validate: readonly CaseEntry[];
  readonly over: InputFit["over"];
  load(entry: CaseEntry): Promise<DecodedCase>;
}

export interface StepReport {
  /** Steps done, this one included. */
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly gradientNorm: number;
}

export interface EpochReport {
  readonly step: number;
  /** Epochs done, this one included. */
  readonly epoch: number;
  /** Mean over the epoch's steps. */
  readonly loss: number;
  readonly validationLoss: number;
  readonly learningRate: number;
  readonly foregroundDice: number | null;
  readonly dice: Readonly<Record<string, number | null>>;
  readonly isBest: boolean;
}

/** What the surroundings do for the loop. Every promise is awaited, so nothing overtakes a checkpoint. */
export interface TrainingHost {
  onStep(report: StepReport): Promise<void>;
  onEpoch(report: EpochReport): Promise<void>;
  /** Whether the time since the last checkpoint asks for another. */
  isCheckpointDue(): boolean;
  /** Whether the user asked to stop. */
  isStopping(): boolean;
  saveLast(state: TrainingState): Promise<void>;
  saveBest(state: TrainingState, model: Uint8Array): Promise<void>;
}

export interface Trainer {
  readonly state: TrainingState;
  readonly spec: NetworkSpec;
  readonly canvas: Canvas;
  /** Milliseconds of one step and of one validation, measured; changes nothing. */
  measure(now: () => number): Promise<{ readonly stepMs: number; readonly validationMs: number }>;
  /** Runs to the last step, or until the host stops it. @returns whether all steps are done. */
  run(host: TrainingHost, plan: StepPlan): Promise<boolean>;
  dispose(): Promise<void>;
}

/** How long to train; stored in config.json, so that a resumed run obeys it. */
export interface StepPlan {
  readonly steps: number;
  readonly stepsPerEpoch: number;
}

export interface TrainerOptions {
  readonly config: FittedConfig;
  readonly data: TrainingData;
  readonly runtime: Runtime;
  /** The card without what only training finds out. */
  readonly card: Omit<ModelCard, "validation" | "steps">;
  readonly resume: TrainingState | undefined;
}

/** From label id to class index; ids that are no label of the data set cannot occur (the reader refuses them). */
export function classLookup(labels: readonly LabelDefinition[]): Uint8Array {
  const classOf = new Uint8Array(256).fill(255);
  for (const [index, { id }] of labels.entries()) classOf[id] = index;
  return classOf;
}

/** Scores every case of a split by the real inference path. */
export async function scoreCases(
  predictor: Predictor,
  cases: readonly CaseEntry[],
  data: Pick<TrainingData, "labels" | "load">,
  options: {
    readonly distances: boolean;
    readonly onCase?: (
      done: number,
      scored: CaseMetrics,
      decoded: DecodedCase,
      prediction: Uint8Array,
    ) => void;
    /** Is shown the scores of each slice: [classes, height, width] beside the true label ids. */
    readonly onScores?: (scores: Float32Array, truth: Uint8Array) => void;
  },
): Promise<CaseMetrics[]> {
  const scored: CaseMetrics[] = [];
  for (const entry of cases) {
    const decoded = await data.load(entry);
    const length = decoded.width * decoded.height;
    const prediction = await predictor.predict(decoded, (slice, scores) => {
      options.onScores?.(scores, decoded.mask.subarray(slice * length, (slice + 1) * length));
    });
    const metrics = scoreCase({
      id: entry.id,
      patient: entry.patient,
      truth: decoded.mask,
      prediction,
      shape: [decoded.width, decoded.height, decoded.depth],
      spacingMm: decoded.spacingMm,
      labels: data.labels,
      distances: options.distances,
    });
    scored.push(metrics);
    options.onCase?.(scored.length, metrics, decoded, prediction);
  }
  return scored;
}

const vector = (data: Float32Array, shape: readonly number[] = [data.length]): Tensor => ({
  dtype: "float32",
  shape,
  data,
});

/** Builds the step's graph, loads it and takes up the state of a checkpoint or the seeded start. */
export async function makeTrainer(options: TrainerOptions): Promise<Trainer> {
  const { config, data, runtime } = options;
  const { unet } = config;
  const canvas = makeCanvas(unet, config.input.size);
  const fit = options.card.input;
  const spec = specifyNetwork(unet, [1, unet.inChannels, canvas.input.height, canvas.input.width]);
  const stepModel = buildStepModel({
    unet,
    spec,
    batchSize: config.batchSize,
    inputSize: canvas.input,
    loss: config.loss,
    optimizer: optimizerOf(config),
    clipNorm: config.clipNorm,
  });
  const program = await runtime.load(stepModel.bytes);
  const pick = makeSlicePicker(data.slices, { ...config, byLabel: data.slicesByLabel });
  const batchOptions = {
    unet,
    fit,
    canvas,
    batchSize: config.batchSize,
    classOf: classLookup(data.labels),
    seed: config.seed,
  };
  const batchOf = (step: number): Promise<Batch> => makeBatch(step, pick, data.load, batchOptions);

  const fresh = initialState(config, spec, stepModel);
  const state = options.resume ?? fresh;
  checkTensors(state, fresh);
  const context: LoopContext = { ...options, spec, canvas, stepModel, program, batchOf };
  const loop = makeLoop(context, state);
  return {
    get state() {
      return loop.state();
    },
    spec,
    canvas,
    measure: loop.measure,
    run: loop.run,
    dispose: () => program.dispose(),
  };
}

function initialState(config: FittedConfig, spec: NetworkSpec, model: StepModel): TrainingState {
  const parameters = initialParameters(spec.parameters, {
    seed: config.seed,
    initialisation: config.unet.initialisation,
  });
  const moments = model.stateNames.map((name) => [name, new Float32Array(parameters.length)] as const);
  return {
    step: 0,
    epoch: 0,
    tensors: { parameters, statistics: initialStatistics(spec.statistics), ...Object.fromEntries(moments) },
    metadata: {},
  };
}

/** @throws HipError "bad-checkpoint" when a checkpoint belongs to another network or optimiser. */
function checkTensors(state: TrainingState, expected: TrainingState): void {
  const describe = ({ tensors }: TrainingState): string =>
    Object.entries(tensors)
      .map(([name, data]) => `${name} [${data.length}]`)
      .sort()
      .join(", ");
  if (describe(state) === describe(expected)) return;
  throw new HipError(
    "bad-checkpoint",
    `Cannot resume: the configuration needs ${describe(expected)}, the checkpoint holds ${describe(state)}`,
    {
      hint: "Resume with the configuration that the run was started with, or start a new run in another folder",
    },
  );
}

interface LoopContext extends TrainerOptions {
  readonly spec: NetworkSpec;
  readonly canvas: Canvas;
  readonly stepModel: StepModel;
  readonly program: Program;
  batchOf(step: number): Promise<Batch>;
}

/** What is carried from step to step besides the tensors; numbers survive JSON exactly. */
interface Running {
  readonly step: number;
  readonly epoch: number;
  /** Sum and number of the losses of the epoch under way. */
  readonly lossSum: number;
  readonly lossCount: number;
  readonly bestDice: number;
}

function makeLoop(context: LoopContext, start: TrainingState) {
  const { config, program } = context;
  let tensors: Record<string, Float32Array> = { ...start.tensors };
  // Results go into a second set of vectors; the two change places after each step.
  let spare: Record<string, Float32Array> = Object.fromEntries(
    Object.entries(tensors).map(([name, data]) => [name, new Float32Array(data.length)]),
  );
  let running: Running = {
    step: start.step,
    epoch: start.epoch,
    lossSum: Number(start.metadata.lossSum ?? 0),
    lossCount: Number(start.metadata.lossCount ?? 0),
    bestDice: Number(start.metadata.bestDice ?? -1),
  };

  const state = (): TrainingState => ({
    step: running.step,
    epoch: running.epoch,
    tensors,
    metadata: {
      lossSum: String(running.lossSum),
      lossCount: String(running.lossCount),
      bestDice: String(running.bestDice),
    },
  });

  /** Runs step `step` (from 0) into the spare vectors. */
  async function compute(
    step: number,
    batch: Batch,
    learningRate: number,
  ): Promise<{ loss: number; gradientNorm: number }> {
    const feeds = stepFeeds(context, { step, batch, tensors, learningRate });
    const into = Object.fromEntries(
      Object.entries(spare).map(([name, data]) => [`${name}Next`, vector(data)]),
    );
    const results = await program.run(feeds, into);
    return { loss: float32Of(results, "loss")[0]!, gradientNorm: float32Of(results, "gradientNorm")[0]! };
  }

  async function measure(now: () => number): Promise<{ stepMs: number; validationMs: number }> {
    const batch = await context.batchOf(0);
    const timed = async (work: () => Promise<unknown>): Promise<number> => {
      const before = now();
      await work();
      return now() - before;
    };
    const times: number[] = [];
    for (let i = 0; i < 6; i++)
      times.push(await timed(() => compute(0, batch, config.schedule.learningRate)));
    const cases = context.data.validate;
    const validateFirst = (count: number) =>
      timed(() => validate(context, tensors, { cases: cases.slice(0, count), steps: 0 }));
    // One case pays for loading the model; the next ones say what a case costs.
    const few = Math.min(cases.length, 4);
    const one = cases.length === 0 ? 0 : await validateFirst(1);
    const each = few > 1 ? Math.max(0, (await validateFirst(few)) - one) / (few - 1) : 0;
    // The first step pays for memory that later ones reuse.
    return { stepMs: median(times.slice(1)), validationMs: one + each * Math.max(0, cases.length - 1) };
  }

  async function run(host: TrainingHost, plan: StepPlan): Promise<boolean> {
    let next = context.batchOf(running.step);
    while (running.step < plan.steps) {
      const { step } = running;
      const batch = await next;
      // The next batch is put together while ORT's threads work on this one.
      const learningRate = learningRateAt(config.schedule, step, plan.steps);
      const computing = compute(step, batch, learningRate);
      next = step + 1 < plan.steps ? context.batchOf(step + 1) : next;
      const result = await computing;
      await next;
      if (!Number.isFinite(result.loss)) throw divergence(step + 1, learningRate);
      [tensors, spare] = [spare, tensors];
      const { lossSum, lossCount } = running;
      running = { ...running, step: step + 1, lossSum: lossSum + result.loss, lossCount: lossCount + 1 };
      await host.onStep({ ...result, learningRate, step: running.step, epoch: running.epoch });
      if (running.step % plan.stepsPerEpoch === 0 || running.step === plan.steps) {
        await finishEpoch(host, { learningRate, steps: plan.steps });
      } else if (host.isCheckpointDue() || host.isStopping()) await host.saveLast(state());
      if (host.isStopping()) break;
    }
    return running.step >= plan.steps;
  }

  async function finishEpoch(
    host: TrainingHost,
    { learningRate, steps }: { readonly learningRate: number; readonly steps: number },
  ): Promise<void> {
    const {
      metrics,
      loss: validationLoss,
      model,
    } = await validate(context, tensors, { cases: context.data.validate, steps });
    const loss = running.lossSum / running.lossCount;
    const dice = metrics.foregroundMean;
    const isBest = (dice ?? 0) > running.bestDice;
    running = {
      ...running,
      epoch: running.epoch + 1,
      lossSum: 0,
      lossCount: 0,
      bestDice: isBest ? (dice ?? 0) : running.bestDice,
    };
    const report: EpochReport = {
      step: running.step,
      epoch: running.epoch,
      loss,
      validationLoss,
      learningRate,
      foregroundDice: dice,
      dice: Object.fromEntries(metrics.labels.map(({ name, dice: { perVolume } }) => [name, perVolume.mean])),
      isBest,
    };
    await host.onEpoch(report);
    if (isBest) await host.saveBest(state(), model);
    await host.saveLast(state());
  }

  return { state, measure, run };
}

function divergence(step: number, learningRate: number): HipError {
  return new HipError(
    "config",
    `Cannot go on: the loss of step ${step} is not finite at learning rate ${learningRate}`,
    {
      hint: "Choose a smaller schedule.learningRate, or a clipNorm above 0; --resume goes on from the last checkpoint",
    },
  );
}

function stepFeeds(
  { config, stepModel, canvas }: LoopContext,
  now: {
    readonly step: number;
    readonly batch: Batch;
    readonly tensors: Readonly<Record<string, Float32Array>>;
    readonly learningRate: number;
  },
): Tensors {
  const { step, batch, tensors } = now;
  const n = config.batchSize;
  const { beta1, beta2 } = config.optimizer;
  const { outputSize } = stepModel;
  return {
    image: vector(batch.image, [n, 1, canvas.input.height, canvas.input.width]),
    labels: { dtype: "uint8", shape: [n, outputSize.height, outputSize.width], data: batch.labels },
    ...Object.fromEntries(Object.entries(tensors).map(([name, data]) => [name, vector(data)])),
    learningRate: vector(Float32Array.of(now.learningRate)),
    correction1: vector(Float32Array.of(1 - beta1 ** (step + 1))),
    correction2: vector(Float32Array.of(1 - beta2 ** (step + 1))),
    ...drawDropoutMasks(stepModel.dropouts, { seed: config.seed, step }),
  };
}

/** Validation is inference: the model that would be saved now is loaded and applied to whole images. */
async function validate(
  context: LoopContext,
  tensors: Readonly<Record<string, Float32Array>>,
  of: { readonly cases: readonly CaseEntry[]; readonly steps: number },
): Promise<{ metrics: Metrics; loss: number; model: Uint8Array }> {
  const { data, config, runtime, spec } = context;
  const weights = { parameters: tensors.parameters!, statistics: tensors.statistics! };
  const card = (dice: number | null): ModelCard => ({
    ...context.card,
    steps: of.steps,
    validation: { foregroundMeanDice: dice, convention: VALIDATION_CONVENTION },
  });
  const predictor = await makePredictor(runtime, exportModel(card(null), spec, weights), "model.onnx");
  try {
    const loss = makeLossMeter(config.unet.classes, classLookup(data.labels));
    const cases = await scoreCases(predictor, of.cases, data, { distances: false, onScores: loss.add });
    const metrics = aggregate(cases, { split: "validate", labels: data.labels, seed: config.seed });
    const dice = metrics.foregroundMean;
    return { metrics, loss: loss.result(config.loss), model: exportModel(card(dice), spec, weights) };
  } finally {
    await predictor.dispose();
  }
}

export const VALIDATION_CONVENTION =
  "Hard Dice of the argmax per volume, mean over foreground labels; labels absent from both masks are left out";
