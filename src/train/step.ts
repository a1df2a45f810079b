/** A training step as graphs: forward, loss, gradient and running statistics in one, the optimiser in others. */
import { augment } from "../augment/augment.ts";
import type { AugmentConfig } from "../augment/config.ts";
import { drawShapes } from "../augment/draws.ts";
import { gradient } from "../autodiff/gradient.ts";
import { add, cast, concat, constant, input, mul, reshape, sub } from "../graph/build.ts";
import { sizeOf, type Value } from "../graph/value.ts";
import { IGNORE_LABEL, type LossWeights, segmentationLoss } from "../loss/loss.ts";
import { buildModel } from "../onnx/model.ts";
import { type OptimizerConfig, optimizerStep, squareSum, stateNames } from "../optimizer/optimizer.ts";
import { outputExtent, type UnetConfig } from "../unet/config.ts";
import { buildTrainingNetwork, type NetworkSpec, type TrainingNetwork } from "../unet/network.ts";
import { type DropoutSpec, type ParameterSpec, parameterCount, statisticCount } from "../unet/parameters.ts";

export interface StepOptions {
  readonly unet: UnetConfig;
  readonly spec: NetworkSpec;
  /** Images that the gradient is taken of at once: a batch, or a part of one. */
  readonly batchSize: number;
  /** Of the network's input. */
  readonly inputSize: { readonly width: number; readonly height: number };
  readonly loss: LossWeights;
  readonly augment: AugmentConfig;
  /** Decay of the moving average of the weights; 0: none is kept. */
  readonly averageDecay: number;
  readonly optimizer: OptimizerConfig;
  /** Parameters that keep their values. Default: none. */
  readonly isFrozen?: (name: string) => boolean;
  /** Classes of which nothing is to be learnt, since no slice holds them. Default: none. */
  readonly unseenClasses?: readonly number[] | undefined;
  /** Largest L2 norm of the gradient; 0 = no clipping. */
  readonly clipNorm: number;
  /** Of the runtime that will take the step. */
  readonly channelBlock?: number | undefined;
}

/** A training step as programs (stepper.ts runs them), between which gradients are summed over parts and ranks. */
export interface StepModel {
  /**
   * Inputs: image, labels, parameters, statistics, one mask a dropout, the draws of augmentation. Outputs: loss [1],
   * gradient [P], and statisticsNext where there are running statistics.
   */
  readonly gradientBytes: Uint8Array;
  /** From a piece of the gradient, of any length, to the sum of its squares: squares [1]. */
  readonly squaresBytes: Uint8Array;
  /**
   * Moves a piece of the vectors, of any length: parameters, gradient, decay, the state vectors and average; with
   * gradientScale, learningRate, correction1, correction2 and averageRate. Outputs: parametersNext, momentumNext …
   */
  readonly updateBytes: Uint8Array;
  /** Largest L2 norm of the gradient; 0 = no clipping. */
  readonly clipNorm: number;
  /** 1 for numbers that decay, else 0; [P]. */
  readonly decay: Float32Array;
  readonly optimizer: OptimizerConfig;
  readonly averageDecay: number;
  /** Of the labels: smaller than the input where convolutions are unpadded. */
  readonly outputSize: { readonly width: number; readonly height: number };
  readonly dropouts: readonly DropoutSpec[];
  /** Whether the vector "average" is kept. */
  readonly hasAverage: boolean;
  /** Names of the flat state vectors: optimiser moments. */
  readonly stateNames: readonly string[];
}

/** PyTorch's momentum of running statistics. */
const STATISTICS_MOMENTUM = 0.1;

/** 1 for weights, 0 for biases, scales and shifts: only weights decay. */
function decayMask(specs: readonly ParameterSpec[], isFrozen: (name: string) => boolean): Float32Array {
  const mask = new Float32Array(parameterCount(specs));
  for (const { name, kind, offset, shape } of specs) {
    if (kind === "weight" && !isFrozen(name)) mask.fill(1, offset, offset + sizeOf(shape));
  }
  return mask;
}

/**
 * d loss / d parameter for every parameter, joined in the order of the flat vector.
 * @param free those that learn, default all: the others get zeros, and no gradient is taken to them
 */
export function flatGradient(
  loss: Value,
  parameters: readonly Value[],
  free: readonly Value[] = parameters,
): Value {
  const parts = new Map(gradient(loss, free).map((part, i) => [free[i]!, part]));
  return concat(
    parameters.map((each) => {
      const size = sizeOf(each.shape);
      const part = parts.get(each);
      return part === undefined ? constant(new Float32Array(size)) : reshape(part, [size]);
    }),
    0,
  );
}

function updatedStatistics(
  running: Value,
  observed: readonly { readonly mean: Value; readonly variance: Value }[],
): Value {
  const batch = concat(
    observed.flatMap(({ mean, variance }) => [mean, variance]),
    0,
  );
  return add(mul(running, 1 - STATISTICS_MOMENTUM), mul(batch, STATISTICS_MOMENTUM));
}

/** What the network sees of a batch. */
function augmented(
  source: { readonly image: Value; readonly labels: Value },
  { augment: config, unet, batchSize, inputSize }: StepOptions,
  labelSize: { readonly width: number; readonly height: number },
): { readonly image: Value; readonly labels: Value } {
  const shapes = drawShapes(config, { batchSize, channels: unet.inChannels, ...inputSize });
  if (Object.keys(shapes).length === 0) return source;
  return augment(
    { image: source.image, labels: cast(source.labels) },
    {
      config,
      size: inputSize,
      labelSize,
      outside: IGNORE_LABEL,
      draw: (name) => input(drawName(name), shapes[name]!),
    },
  );
}

/** Larger than scores differ by: e^-60 of a probability moves nothing. */
const OUT_OF_SIGHT = -60;

/**
 * Scores in which classes that no slice holds cannot win, so that they are not pushed down wherever the others are: a
 * network would soon forget what it is not shown.
 */
function withoutUnseen(scores: Value, unseen: readonly number[] = []): Value {
  if (unseen.length === 0) return scores;
  const classes = scores.shape[1]!;
  const shift = Float32Array.from({ length: classes }, (_, k) => (unseen.includes(k) ? OUT_OF_SIGHT : 0));
  return add(scores, constant(shift, [1, classes, 1, 1]));
}

/** The inputs that a batch's augmentation is fed, named so that no layer is named alike. */
export const drawName = (name: string): string => `augment.${name}`;

/** Forward, loss and gradient. */
function buildGradient(
  options: StepOptions,
  network: TrainingNetwork,
  { loss, running }: { readonly loss: Value; readonly running: number },
): Uint8Array {
  const { spec, isFrozen = () => false, channelBlock } = options;
  const free = network.parameters.filter((_, i) => !isFrozen(spec.parameters[i]!.name));
  const gradient = flatGradient(loss, network.parameters, free);
  const outputs = { loss, gradient };
  const statistics =
    running === 0
      ? {}
      : { statisticsNext: updatedStatistics(input("statistics", [running]), network.observed) };
  return buildModel({ outputs: { ...outputs, ...statistics }, channelBlock });
}

/** The extent stands for any: pieces of a vector are as long as stepper.ts makes them. */
const PIECE = [1024];

function buildSquares(): Uint8Array {
  return buildModel({
    outputs: { squares: squareSum(input("gradient", PIECE)) },
    symbolicAxes: { gradient: ["count"] },
  });
}

function buildUpdate({ optimizer, averageDecay }: StepOptions): Uint8Array {
  const names = stateNames(optimizer);
  const parameters = input("parameters", PIECE);
  const stepped = optimizerStep(optimizer, {
    parameters,
    gradient: mul(input("gradient", PIECE), input("gradientScale", [1])),
    state: Object.fromEntries(names.map((name) => [name, input(name, PIECE)])),
    learningRate: input("learningRate", [1]),
    correction1: input("correction1", [1]),
    correction2: input("correction2", [1]),
    decay: input("decay", PIECE),
  });
  const outputs: Record<string, Value> = {
    parametersNext: stepped.parameters,
    ...Object.fromEntries(names.map((name) => [`${name}Next`, stepped.state[name]!])),
  };
  if (averageDecay > 0) {
    const average = input("average", PIECE);
    outputs.averageNext = add(average, mul(sub(stepped.parameters, average), input("averageRate", [1])));
  }
  const vectors = ["parameters", "gradient", "decay", "average", ...names, ...Object.keys(outputs)];
  return buildModel({
    outputs,
    symbolicAxes: Object.fromEntries(vectors.map((name) => [name, ["count"]])),
  });
}

export function buildStepModel(options: StepOptions): StepModel {
  const { unet, spec, batchSize, inputSize, isFrozen = () => false } = options;
  const image = input("image", [batchSize, unet.inChannels, inputSize.height, inputSize.width]);
  const parameters = input("parameters", [parameterCount(spec.parameters)]);
  const outputSize = {
    height: outputExtent(unet, inputSize.height) ?? 0,
    width: outputExtent(unet, inputSize.width) ?? 0,
  };
  const labels = input("labels", [batchSize, outputSize.height, outputSize.width], "uint8");
  const seen = augmented({ image, labels }, options, outputSize);
  const network = buildTrainingNetwork(seen.image, parameters, unet, spec);
  const scores = [network.logits, ...network.auxiliary].map((each) =>
    withoutUnseen(each, options.unseenClasses),
  );
  const loss = segmentationLoss(scores[0]!, seen.labels, options.loss, scores.slice(1));
  return {
    gradientBytes: buildGradient(options, network, { loss, running: statisticCount(spec.statistics) }),
    squaresBytes: buildSquares(),
    updateBytes: buildUpdate(options),
    clipNorm: options.clipNorm,
    decay: decayMask(spec.parameters, isFrozen),
    optimizer: options.optimizer,
    averageDecay: options.averageDecay,
    outputSize,
    hasAverage: options.averageDecay > 0,
    dropouts: network.dropouts.map(({ name, rate, shape }) => ({ name, rate, shape })),
    stateNames: stateNames(options.optimizer),
  };
}
