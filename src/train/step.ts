/** One whole training step as one graph: forward, loss, gradient, optimiser, running statistics. */
import { gradient } from "../autodiff/gradient.ts";
import { add, concat, constant, input, mul, reshape } from "../graph/build.ts";
import { sizeOf, type Value } from "../graph/value.ts";
import { type LossWeights, segmentationLoss } from "../loss/loss.ts";
import { buildModel } from "../onnx/model.ts";
import { clipGradient, type OptimizerConfig, optimizerStep, stateNames } from "../optimizer/optimizer.ts";
import type { UnetConfig } from "../unet/config.ts";
import { buildTrainingNetwork, type NetworkSpec } from "../unet/network.ts";
import { type DropoutSpec, type ParameterSpec, parameterCount, statisticCount } from "../unet/parameters.ts";

export interface StepOptions {
  readonly unet: UnetConfig;
  readonly spec: NetworkSpec;
  readonly batchSize: number;
  /** Of the network's input. */
  readonly inputSize: { readonly width: number; readonly height: number };
  readonly loss: LossWeights;
  readonly optimizer: OptimizerConfig;
  /** Largest L2 norm of the gradient; 0 = no clipping. */
  readonly clipNorm: number;
}

export interface StepModel {
  readonly bytes: Uint8Array;
  /** Of the labels: smaller than the input where convolutions are unpadded. */
  readonly outputSize: { readonly width: number; readonly height: number };
  readonly dropouts: readonly DropoutSpec[];
  /** Names of the flat state vectors: optimiser moments. */
  readonly stateNames: readonly string[];
}

/** PyTorch's momentum of running statistics. */
const STATISTICS_MOMENTUM = 0.1;

/** 1 for weights, 0 for biases, scales and shifts: only weights decay. */
function decayMask(specs: readonly ParameterSpec[]): Float32Array {
  const mask = new Float32Array(parameterCount(specs));
  for (const { kind, offset, shape } of specs) {
    if (kind === "weight") mask.fill(1, offset, offset + sizeOf(shape));
  }
  return mask;
}

/** d loss / d parameter for every parameter, joined in the order of the flat vector. */
export function flatGradient(loss: Value, parameters: readonly Value[]): Value {
  const parts = gradient(loss, parameters);
  return concat(
    parts.map((part) => reshape(part, [sizeOf(part.shape)])),
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

/**
 * Inputs: image, labels, parameters, statistics, learningRate, correction1, correction2, the state vectors and one
 * mask a dropout. Outputs: loss [1], gradientNorm [1], and parametersNext, statisticsNext, momentumNext … for each vector.
 */
export function buildStepModel(options: StepOptions): StepModel {
  const { unet, spec, batchSize, inputSize } = options;
  const image = input("image", [batchSize, unet.inChannels, inputSize.height, inputSize.width]);
  const parameters = input("parameters", [parameterCount(spec.parameters)]);
  const network = buildTrainingNetwork(image, parameters, unet, spec);
  const [, , height, width] = network.logits.shape as readonly [number, number, number, number];
  const labels = input("labels", [batchSize, height, width], "uint8");
  const loss = segmentationLoss(network.logits, labels, options.loss);
  const clipped = clipGradient(flatGradient(loss, network.parameters), options.clipNorm);
  const names = stateNames(options.optimizer);
  const stepped = optimizerStep(options.optimizer, {
    parameters,
    gradient: clipped.gradient,
    state: Object.fromEntries(names.map((name) => [name, input(name, parameters.shape)])),
    learningRate: input("learningRate", [1]),
    correction1: input("correction1", [1]),
    correction2: input("correction2", [1]),
    decay: constant(decayMask(spec.parameters)),
  });
  const outputs: Record<string, Value> = {
    loss,
    gradientNorm: clipped.norm,
    parametersNext: stepped.parameters,
    ...Object.fromEntries(names.map((name) => [`${name}Next`, stepped.state[name]!])),
  };
  if (statisticCount(spec.statistics) > 0) {
    const running = input("statistics", [statisticCount(spec.statistics)]);
    outputs.statisticsNext = updatedStatistics(running, network.observed);
  }
  return {
    bytes: buildModel({ outputs }),
    outputSize: { width, height },
    dropouts: network.dropouts.map(({ name, rate, shape }) => ({ name, rate, shape })),
    stateNames: names,
  };
}
