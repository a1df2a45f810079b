/** A run made ready: the step's graph built and loaded, the state of a checkpoint or the seeded start taken up. */
import { HipError } from "../core/errors.ts";
import { makeCanvas } from "../predict/fit.ts";
import { type NetworkSpec, specifyNetwork } from "../unet/network.ts";
import { initialParameters, initialStatistics } from "../unet/parameters.ts";
import { type Batch, type BatchPart, makeBatch, makeSlicePicker } from "./batches.ts";
import type { TrainingState } from "./checkpoint.ts";
import { optimizerOf } from "./config.ts";
import { isEncoder, takeWeights } from "./finetune.ts";
import { makeLoop } from "./loop.ts";
import { partsOf } from "./parts.ts";
import { ALONE } from "./ranks.ts";
import { buildStepModel, type StepModel } from "./step.ts";
import { makeStepper } from "./stepper.ts";
import type { LoopContext, Trainer, TrainerOptions } from "./types.ts";
import { classLookup } from "./validation.ts";

/** Builds the step's graph, loads it and takes up the state of a checkpoint or the seeded start. */
export async function makeTrainer(options: TrainerOptions): Promise<Trainer> {
  const { config, data, runtime, ranks = ALONE } = options;
  const { unet } = config;
  const parts = partsOf(config, ranks);
  const canvas = makeCanvas(unet, config.input.size);
  const fit = options.card.input;
  const spec = specifyNetwork(unet, [1, unet.inChannels, canvas.input.height, canvas.input.width]);
  const stepModel = buildStepModel({
    unet,
    spec,
    batchSize: parts[0]!.count,
    inputSize: canvas.input,
    loss: config.loss,
    augment: config.augment,
    averageDecay: config.averageDecay,
    ...(config.finetune.frozen === "encoder" ? { isFrozen: isEncoder } : {}),
    unseenClasses: options.unseenClasses,
    optimizer: optimizerOf(config),
    clipNorm: config.clipNorm,
    channelBlock: await runtime.channelBlock?.(),
  });
  const stepper = await makeStepper(runtime, stepModel);
  const pick = makeSlicePicker(data.slices, { ...config, byLabel: data.slicesByLabel });
  const batchOptions = {
    unet,
    fit,
    canvas,
    classOf: classLookup(data.labels),
    seed: config.seed,
  };
  const batchOf = (step: number, part: BatchPart): Promise<Batch> =>
    makeBatch(step, part, pick, data.load, batchOptions);

  const { fresh, startedFrom } = freshState(options, spec, stepModel);
  const state = options.resume ?? fresh;
  checkTensors(state, fresh);
  const context: LoopContext = { ...options, spec, canvas, stepModel, stepper, ranks, parts, batchOf };
  const loop = makeLoop(context, state);
  return {
    get state() {
      return loop.state();
    },
    spec,
    canvas,
    startedFrom,
    measure: loop.measure,
    run: loop.run,
    dispose: () => stepper.dispose(),
  };
}

/** Where a run begins: seeded weights, or those of another model. */
function freshState({ config, data, from }: TrainerOptions, spec: NetworkSpec, model: StepModel) {
  const drawn = {
    parameters: initialParameters(spec.parameters, {
      seed: config.seed,
      initialisation: config.unet.initialisation,
    }),
    statistics: initialStatistics(spec.statistics),
  };
  const taken = from === undefined ? undefined : takeWeights(from, spec, drawn, data.labels);
  return { fresh: stateOf(taken ?? drawn, model), startedFrom: taken?.summary };
}

function stateOf(
  { parameters, statistics }: { readonly parameters: Float32Array; readonly statistics: Float32Array },
  model: StepModel,
): TrainingState {
  const moments = model.stateNames.map((name) => [name, new Float32Array(parameters.length)] as const);
  return {
    step: 0,
    epoch: 0,
    tensors: {
      parameters,
      // The average follows the weights from the start.
      ...(model.hasAverage ? { average: parameters.slice() } : {}),
      statistics,
      ...Object.fromEntries(moments),
    },
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
