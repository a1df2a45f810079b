/** The parts a U-Net is built of. */
import {
  add,
  channelAffine,
  conv,
  convTranspose,
  div,
  exp,
  leakyRelu,
  maxPool,
  mul,
  neg,
  norm,
  reduceMean,
  reshape,
  slice,
  sqrt,
  sub,
} from "../graph/build.ts";
import type { Shape, Value } from "../graph/value.ts";
import type { BlockStep, UnetConfig } from "./config.ts";

/** PyTorch's and nnU-Net's default. */
const NORM_EPSILON = 1e-5;

/** Where a network takes its parameters, statistics and dropout masks from. */
export interface UnetContext {
  readonly mode: "train" | "infer";
  parameter(name: string, shape: Shape, kind: "weight" | "bias" | "scale", fanIn: number): Value;
  /** Running mean and variance, each [C]; while training the batch's own are handed over with `observed`. */
  statistics(name: string, channels: number): { readonly mean: Value; readonly variance: Value };
  observed(name: string, batch: { readonly mean: Value; readonly variance: Value }): void;
  /** Takes the scores of a lower level, made only where there is somebody to take them. */
  readonly auxiliary?: (logits: Value) => void;
  /** A mask of zeros and 1 / (1 - rate). */
  dropoutMask(name: string, rate: number, shape: Shape): Value;
}

/** [N,C,H,W] -> [N,O,H',W'] with a k x k convolution; no bias where a norm follows, which would cancel it. */
function convolution(
  x: Value,
  channels: number,
  options: {
    readonly kernel: number;
    readonly padding: UnetConfig["padding"];
    readonly bias: boolean;
    readonly name: string;
  },
  context: UnetContext,
): Value {
  const { kernel, padding, name } = options;
  const from = x.shape[1]!;
  const fanIn = from * kernel * kernel;
  const weight = context.parameter(`${name}.weight`, [channels, from, kernel, kernel], "weight", fanIn);
  const bias = options.bias ? context.parameter(`${name}.bias`, [channels], "bias", fanIn) : undefined;
  const p = padding === "same" ? (kernel - 1) / 2 : 0;
  return conv(x, weight, { strides: [1, 1], pads: [p, p, p, p] }, bias, name);
}

/**
 * Instance norm (Ulyanov 2016) or batch norm (Ioffe and Szegedy 2015), with a scale and a shift by channel.
 * Batch norm uses the batch's statistics while training and the running ones at inference.
 */
function normalise(x: Value, over: "instance" | "batch", name: string, context: UnetContext): Value {
  const channels = x.shape[1]!;
  const scale = context.parameter(`${name}.scale`, [channels], "scale", 0);
  const shift = context.parameter(`${name}.shift`, [channels], "bias", 0);
  if (over === "instance") return norm(x, scale, shift, { over, epsilon: NORM_EPSILON }, name);
  if (context.mode === "train") {
    const mean = reduceMean(x, [0, 2, 3]);
    const centred = sub(x, mean);
    const count = x.shape[0]! * x.shape[2]! * x.shape[3]!;
    // The running variance is the unbiased one, as PyTorch keeps it.
    const variance = mul(reduceMean(mul(centred, centred), [0, 2, 3]), count / Math.max(count - 1, 1));
    context.observed(name, { mean: reshape(mean, [channels]), variance: reshape(variance, [channels]) });
    return norm(x, scale, shift, { over, epsilon: NORM_EPSILON }, name);
  }
  const running = context.statistics(name, channels);
  const factor = div(scale, sqrt(add(running.variance, NORM_EPSILON)));
  return channelAffine(x, factor, sub(shift, mul(running.mean, factor)), name);
}

/** One block of the U: the config's steps in their order, each convolution giving `channels`. */
export function block(
  x: Value,
  channels: number,
  name: string,
  config: UnetConfig,
  context: UnetContext,
): Value {
  if (config.blockKind === "plain") return steps(x, channels, config.block, { name, config, context });
  const last = config.block.at(-1) === "activation" ? config.block.length - 1 : config.block.length;
  const way = steps(x, channels, config.block.slice(0, last), { name, config, context });
  const sum = add(way, shortcut(crop(x, way, `${name}.shortcut`), channels, name, context));
  return last === config.block.length ? sum : leakyRelu(sum, config.negativeSlope, `${name}.activation`);
}

/** The block's input, brought to its width by a 1x1 convolution where that differs. */
function shortcut(x: Value, channels: number, name: string, context: UnetContext): Value {
  if (x.shape[1] === channels) return x;
  const options = { kernel: 1, padding: "same", bias: true, name: `${name}.shortcut` } as const;
  return convolution(x, channels, options, context);
}

function steps(
  x: Value,
  channels: number,
  list: readonly BlockStep[],
  within: { readonly name: string; readonly config: UnetConfig; readonly context: UnetContext },
): Value {
  const { name, config, context } = within;
  let y = x;
  const count = { conv: 0, norm: 0, activation: 0, dropout: 0 };
  for (const [i, step] of list.entries()) {
    const label = `${name}.${step}${count[step]++}`;
    if (step === "conv") {
      const isNormed = list[i + 1] === "norm" && config.normalisation !== "none";
      y = convolution(
        y,
        channels,
        { kernel: 3, padding: config.padding, bias: !isNormed, name: label },
        context,
      );
    } else if (step === "norm") {
      if (config.normalisation !== "none") y = normalise(y, config.normalisation, label, context);
    } else if (step === "activation") {
      y = leakyRelu(y, config.negativeSlope, label);
    } else {
      y = dropout(y, config.dropout, [y.shape[0]!, y.shape[1]!, 1, 1], label, context);
    }
  }
  return y;
}

/**
 * Oktay et al., "Attention U-Net: Learning Where to Look for the Pancreas" (MIDL 2018), equations 1 and 2: a weight
 * from 0 to 1 for each pixel of the skip connection, from it and from what comes up. Here both have one resolution.
 */
export function gate(skip: Value, upward: Value, name: string, context: UnetContext): Value {
  const inner = Math.max(1, Math.floor(skip.shape[1]! / 2));
  const part = (x: Value, channels: number, part: string, bias: boolean): Value =>
    convolution(x, channels, { kernel: 1, padding: "same", bias, name: `${name}.gate.${part}` }, context);
  const joined = add(part(skip, inner, "skip", false), part(upward, inner, "upward", true));
  const scores = part(leakyRelu(joined, 0, `${name}.gate.relu`), 1, "weight", true);
  return mul(skip, div(1, add(exp(neg(scores)), 1)));
}

/** Inverted dropout (Srivastava 2014); the mask comes from outside, so that a run can be resumed exactly. */
export function dropout(x: Value, rate: number, shape: Shape, name: string, context: UnetContext): Value {
  if (rate === 0 || context.mode === "infer") return x;
  return mul(x, context.dropoutMask(name, rate, shape));
}

export function down(x: Value, name: string): Value {
  return maxPool(x, { kernel: [2, 2] }, `${name}.pool`);
}

/** [N,C,H,W] -> [N,O,2H,2W]: the 2x2 up-convolution. */
export function up(
  x: Value,
  channels: number,
  name: string,
  config: UnetConfig,
  context: UnetContext,
): Value {
  const [, from, height, width] = x.shape as readonly [number, number, number, number];
  // Each output sums `from` products; PyTorch counts 4 * channels for a transposed convolution.
  const fanIn = config.initialisation === "pytorch" ? 4 * channels : from;
  const weight = context.parameter(`${name}.up.weight`, [from, channels, 2, 2], "weight", fanIn);
  const bias = context.parameter(`${name}.up.bias`, [channels], "bias", fanIn);
  const attrs = { strides: [2, 2], pads: [0, 0, 0, 0], size: [2 * height, 2 * width] } as const;
  return convTranspose(x, weight, attrs, bias, `${name}.up`);
}

/** The middle of a skip connection, as large as `to`; itself in a padded network. */
export function crop(skip: Value, to: Value, name: string): Value {
  const trims = [2, 3].map((axis) => skip.shape[axis]! - to.shape[axis]!);
  if (trims.every((trim) => trim === 0)) return skip;
  const start = trims.map((trim) => Math.floor(trim / 2));
  return slice(
    skip,
    [0, 0, start[0]!, start[1]!],
    [0, 0, trims[0]! - start[0]!, trims[1]! - start[1]!],
    `${name}.crop`,
  );
}

/** The last convolution: a score (logit) for each label. */
export function head(x: Value, config: UnetConfig, context: UnetContext, name = "head"): Value {
  const options = { kernel: config.headKernel, padding: config.padding, bias: true, name };
  return convolution(x, config.classes, options, context);
}
