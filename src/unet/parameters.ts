/**
 * What a network is made of besides its graph: trainable parameters, running statistics and dropout masks.
 * Parameters of one network live in one flat vector, so that an optimiser step, a checkpoint and a global gradient
 * norm are each a few operations on one tensor.
 */
import { makeRandom } from "../core/random.ts";
import { reshape, slice } from "../graph/build.ts";
import { type Shape, sizeOf, type Value } from "../graph/value.ts";

export interface ParameterSpec {
  readonly name: string;
  readonly shape: Shape;
  readonly kind: "weight" | "bias" | "scale";
  /** Inputs that one output sums over; 0 for scales. */
  readonly fanIn: number;
  /** Position of the first element in the flat vector. */
  readonly offset: number;
}

/** Running mean and variance of one batch norm: 2 * channels numbers at `offset` of the flat statistics vector. */
export interface StatisticSpec {
  readonly name: string;
  readonly channels: number;
  readonly offset: number;
}

export interface DropoutSpec {
  readonly name: string;
  readonly rate: number;
  /** [N, C, 1, 1] drops channels, [N, C, H, W] single values. */
  readonly shape: Shape;
}

export const lengthOf = (
  specs: readonly { readonly offset: number }[],
  sizes: (i: number) => number,
): number => (specs.length === 0 ? 0 : specs.at(-1)!.offset + sizes(specs.length - 1));
export const parameterCount = (specs: readonly ParameterSpec[]): number =>
  lengthOf(specs, (i) => sizeOf(specs[i]!.shape));
export const statisticCount = (specs: readonly StatisticSpec[]): number =>
  lengthOf(specs, (i) => 2 * specs[i]!.channels);

/** One parameter as a view into the flat vector [P]. */
export function sliceParameter(
  flat: Value,
  { offset, shape }: Pick<ParameterSpec, "offset" | "shape">,
): Value {
  const size = sizeOf(shape);
  return reshape(slice(flat, [offset], [flat.shape[0]! - offset - size]), shape);
}

/**
 * Seeded initial parameters, each drawn from a stream of its own name, so that adding a layer moves no other.
 * He et al., "Delving Deep into Rectifiers" (2015); PyTorch's default is uniform within 1 / sqrt(fan-in).
 */
export function initialParameters(
  specs: readonly ParameterSpec[],
  { seed, initialisation }: { readonly seed: number; readonly initialisation: "he" | "pytorch" },
): Float32Array {
  const flat = new Float32Array(parameterCount(specs));
  for (const { name, shape, kind, fanIn, offset } of specs) {
    const random = makeRandom(seed, "initialise", name);
    const bound = 1 / Math.sqrt(Math.max(fanIn, 1));
    for (let i = offset; i < offset + sizeOf(shape); i++) {
      if (kind === "scale") flat[i] = 1;
      else if (fanIn === 0) flat[i] = 0;
      else if (initialisation === "pytorch") flat[i] = random.between(-bound, bound);
      else if (kind === "weight") flat[i] = random.normal() * Math.sqrt(2) * bound;
    }
  }
  return flat;
}

/** Running statistics before the first step: mean 0, variance 1. */
export function initialStatistics(specs: readonly StatisticSpec[]): Float32Array {
  const flat = new Float32Array(statisticCount(specs));
  for (const { offset, channels } of specs) flat.fill(1, offset + channels, offset + 2 * channels);
  return flat;
}
