/** A U-Net bound to flat vectors: its specification, its training graph and its inference graph. */
import { constant, input } from "../graph/build.ts";
import { type Shape, sizeOf, type Value } from "../graph/value.ts";
import type { UnetConfig } from "./config.ts";
import { type DropoutSpec, type ParameterSpec, type StatisticSpec, sliceParameter } from "./parameters.ts";
import { buildUnet } from "./unet.ts";

/** Everything that has to be fed to, or kept for, a network. */
export interface NetworkSpec {
  readonly parameters: readonly ParameterSpec[];
  readonly statistics: readonly StatisticSpec[];
}

export interface TrainingNetwork {
  readonly logits: Value;
  /** Of the levels that deep supervision judges, from the finest: level 1 has half the height and width. */
  readonly auxiliary: readonly Value[];
  /** In the order of spec.parameters: what to differentiate by. */
  readonly parameters: readonly Value[];
  readonly dropouts: readonly (DropoutSpec & { readonly mask: Value })[];
  /** The batch's mean and variance for each batch norm, in the order of spec.statistics. */
  readonly observed: readonly { readonly mean: Value; readonly variance: Value }[];
}

/** What a network needs, found by building it once; independent of image size. */
export function specifyNetwork(config: UnetConfig, imageShape: Shape): NetworkSpec {
  const parameters: ParameterSpec[] = [];
  const statistics: StatisticSpec[] = [];
  let parameterOffset = 0;
  let statisticOffset = 0;
  buildUnet(input("image", imageShape), config, {
    mode: "infer",
    parameter(name, shape, kind, fanIn) {
      parameters.push({ name, shape, kind, fanIn, offset: parameterOffset });
      parameterOffset += sizeOf(shape);
      return input(name, shape);
    },
    statistics(name, channels) {
      statistics.push({ name, channels, offset: statisticOffset });
      statisticOffset += 2 * channels;
      return { mean: input(`${name}.mean`, [channels]), variance: input(`${name}.variance`, [channels]) };
    },
    observed: () => undefined,
    auxiliary: () => undefined,
    dropoutMask: (name, _, shape) => input(name, shape),
  });
  return { parameters, statistics };
}

/** The network as it learns: batch statistics, dropout masks as inputs named after their layer. */
export function buildTrainingNetwork(
  image: Value,
  flat: Value,
  config: UnetConfig,
  spec: NetworkSpec,
): TrainingNetwork {
  const parameters: Value[] = [];
  const dropouts: (DropoutSpec & { readonly mask: Value })[] = [];
  const observed: { readonly mean: Value; readonly variance: Value }[] = [];
  const auxiliary: Value[] = [];
  const logits = buildUnet(image, config, {
    mode: "train",
    parameter(name) {
      // Networks are built in the order in which they were specified.
      const each = spec.parameters[parameters.length];
      if (each?.name !== name) throw new Error(`internal: expected parameter "${each?.name}", got "${name}"`);
      const value = sliceParameter(flat, each);
      parameters.push(value);
      return value;
    },
    statistics: () => {
      throw new Error("internal: running statistics are not read while training");
    },
    observed: (_, batch) => observed.push(batch),
    auxiliary: (scores) => auxiliary.unshift(scores),
    dropoutMask(name, rate, shape) {
      const mask = input(name, shape);
      dropouts.push({ name, rate, shape, mask });
      return mask;
    },
  });
  return { logits, auxiliary, parameters, dropouts, observed };
}

/**
 * The network as it is applied: parameters and running statistics stored in the model under their own names.
 * @param prefix of these names, where a model holds several networks
 * @param shared constants of the same weights, so that a network that is applied twice is stored once
 */
export function buildInferenceNetwork(
  image: Value,
  weights: { readonly parameters: Float32Array; readonly statistics: Float32Array },
  config: UnetConfig,
  spec: NetworkSpec,
  { prefix = "", shared = new Map<string, Value>() }: InferenceNetworkOptions = {},
): Value {
  const stored = new Map(spec.parameters.map((each) => [each.name, each]));
  const running = new Map(spec.statistics.map((each) => [each.name, each]));
  const named = (name: string, data: Float32Array, shape: Shape): Value => {
    const known = shared.get(name) ?? constant(data, shape, `${prefix}${name}`);
    shared.set(name, known);
    return known;
  };
  return buildUnet(image, config, {
    mode: "infer",
    parameter(name, shape) {
      const { offset } = stored.get(name)!;
      return named(name, weights.parameters.slice(offset, offset + sizeOf(shape)), shape);
    },
    statistics(name, channels) {
      const { offset } = running.get(name)!;
      const at = (from: number): Float32Array => weights.statistics.slice(from, from + channels);
      return {
        mean: named(`${name}.mean`, at(offset), [channels]),
        variance: named(`${name}.variance`, at(offset + channels), [channels]),
      };
    },
    observed: () => undefined,
    dropoutMask: () => {
      throw new Error("internal: no dropout at inference");
    },
  });
}

export interface InferenceNetworkOptions {
  readonly prefix?: string;
  readonly shared?: Map<string, Value>;
}
