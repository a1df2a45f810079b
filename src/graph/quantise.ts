/**
 * A network of float32 in, the same network with rounded numbers out: convolutions, and what stands between them, get
 * images of 8-bit integers (Jacob et al., "Quantization and Training of Neural Networks for Efficient
 * Integer-Arithmetic-Only Inference", CVPR 2018; a scale for each channel of a weight, one for an image).
 */
import { constant, conv, depthToSpace, fakeQuantise, maxPool } from "./build.ts";
import type { Quantisation } from "./ops.ts";
import { rewrite } from "./rewrite.ts";
import { sizeOf, topologicalOrder, type Value } from "./value.ts";

/** Smallest and largest number that a value took, by channel. */
export interface ChannelRanges {
  readonly low: Float32Array;
  readonly high: Float32Array;
}

/**
 * Of a weight, 63 to each side: with 127, processors that add two products of 8 bits in 16 (AVX2, and AVX-512 without
 * VNNI) can overflow, and the same model would give other masks there.
 */
const WEIGHT_STEPS = 63;
const IMAGE_STEPS = 255;
/** Half of what 32 bits hold to either side: products are added to it. */
const BIAS_STEPS = 2 ** 30;

const dataOf = (value: Value | undefined): Float32Array | undefined =>
  value?.op === "Constant" ? value.attrs.data : undefined;

/** x * scale + shift after a convolution, as another weight and bias. */
function foldAffine(value: Value<"ChannelAffine">): Value | undefined {
  const [from, scaleValue, shiftValue] = value.inputs;
  if (from?.op !== "Conv") return undefined;
  const [x, weight, biasValue] = from.inputs;
  const [scale, shift, w] = [scaleValue, shiftValue, weight].map(dataOf);
  if (scale === undefined || shift === undefined || w === undefined) return undefined;
  const each = w.length / scale.length;
  const bias = dataOf(biasValue) ?? new Float32Array(scale.length);
  return conv(
    x!,
    constant(
      w.map((number, i) => number * scale[Math.floor(i / each)]!),
      weight!.shape,
    ),
    from.attrs,
    constant(shift.map((number, c) => number + scale[c]! * bias[c]!)),
    from.label,
  );
}

/** An up-convolution as a 1x1 convolution to all pixels of a block, put into their places: integers know no other. */
function spreadUp(value: Value<"ConvTranspose">): Value | undefined {
  const [y, weight, biasValue] = value.inputs;
  const w = dataOf(weight);
  const [from, channels, kh, kw] = weight!.shape as readonly [number, number, number, number];
  const { strides, pads, size } = value.attrs;
  const isTiling =
    kh === kw &&
    strides.every((step) => step === kh) &&
    pads.every((count) => count === 0) &&
    size.every((extent, i) => extent === kh * y!.shape[2 + i]!);
  if (w === undefined || !isTiling) return undefined;
  const taps = kh * kw;
  // w [from, channels, tap] -> [tap, channels, from]
  const spread = Float32Array.from({ length: w.length }, (_, place) => {
    const [tap, c, i] = [
      Math.floor(place / (channels * from)),
      Math.floor(place / from) % channels,
      place % from,
    ];
    return w[(i * channels + c) * taps + tap]!;
  });
  const bias = dataOf(biasValue) ?? new Float32Array(channels);
  const all = conv(
    y!,
    constant(spread, [taps * channels, from, 1, 1]),
    { strides: [1, 1], pads: [0, 0, 0, 0] },
    constant(Float32Array.from({ length: taps * channels }, (_, i) => bias[i % channels]!)),
    value.label,
  );
  return depthToSpace(all, kh);
}

/** Constants that are computed from constants: batch norm's factors. */
function foldConstants(value: Value): Value | undefined {
  const [a, b] = value.inputs.map(dataOf);
  if (a === undefined) return undefined;
  const same = (f: (x: number) => number): Value => constant(a.map(f), value.shape);
  if (value.op === "Sqrt") return same(Math.sqrt);
  if (b === undefined || a.length !== sizeOf(value.shape)) return undefined;
  const other = (i: number): number => b[b.length === 1 ? 0 : i]!;
  if (b.length !== 1 && b.length !== a.length) return undefined;
  const both = (f: (x: number, y: number) => number): Value =>
    constant(
      a.map((x, i) => f(x, other(i))),
      value.shape,
    );
  if (value.op === "Add") return both((x, y) => x + y);
  if (value.op === "Sub") return both((x, y) => x - y);
  if (value.op === "Mul") return both((x, y) => x * y);
  return value.op === "Div" ? both((x, y) => x / y) : undefined;
}

/** The same numbers by operations that know integers: quantise() and rangedValues() take such graphs. */
export const prepareForIntegers = (outputs: readonly Value[]): Value[] =>
  rewrite(outputs, (value) => {
    if (value.op === "ChannelAffine") return foldAffine(value);
    if (value.op === "ConvTranspose") return spreadUp(value);
    return foldConstants(value);
  });

/** All channels of an image share a scale, and 0 is a whole number: convolutions pad with it. */
function imageQuantisation({ low, high }: ChannelRanges): Quantisation {
  const least = Math.min(0, ...low);
  const most = Math.max(0, ...high);
  const scale = Math.fround((most - least) / IMAGE_STEPS) || 1;
  return { type: "uint8", scales: Float32Array.of(scale), zeroPoint: Math.round(-least / scale) };
}

/** Their product with an image's scale is a normal number still. */
const LEAST_SCALE = 1e-30;

/** A scale for each channel of a weight, so large that its bias fits into 32 bits as well. */
function weightScales(
  w: Float32Array,
  bias: Float32Array | undefined,
  xScale: number,
  channels: number,
): Float32Array {
  const each = w.length / channels;
  return Float32Array.from({ length: channels }, (_, o) => {
    const largest = w.subarray(o * each, (o + 1) * each).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    const forBias = Math.abs(bias?.[o] ?? 0) / (BIAS_STEPS * xScale);
    return Math.max(largest / WEIGHT_STEPS, forBias, LEAST_SCALE);
  });
}

/** A channel is alive for a norm where its square is so many times the norm's epsilon. */
const ALIVE = 1000;

/**
 * Factors that bring the channels of a convolution to one size, so that one scale suits all: instance norm takes them
 * out again. Channels that are so small that its epsilon counts stay as they are, and no other becomes as small.
 */
function equalisers({ low, high }: ChannelRanges, epsilon: number): Float32Array {
  const sizes = low.map((least, c) => Math.max(Math.abs(least), Math.abs(high[c]!)));
  const isAlive = (size: number): boolean => size ** 2 > ALIVE * epsilon;
  const alive = sizes.filter(isAlive).sort();
  const middle = alive[alive.length >> 1];
  return sizes.map((size) => (middle !== undefined && isAlive(size) ? middle / size : 1));
}

const scaled = ({ low, high }: ChannelRanges, factors: Float32Array): ChannelRanges => ({
  low: low.map((least, c) => least * factors[c]!),
  high: high.map((most, c) => most * factors[c]!),
});

type RangeOf = (original: Value) => ChannelRanges;

/** What becomes of a convolution, before its result is rounded. */
function integerConv(value: Value<"Conv">, x: Value<"FakeQuantise">, factors?: Float32Array): Value {
  const [, weight, biasValue] = value.inputs;
  const channels = weight!.shape[0]!;
  const each = sizeOf(weight!.shape) / channels;
  const times = (data: Float32Array, perChannel: number): Float32Array =>
    factors === undefined ? data : data.map((number, i) => number * factors[Math.floor(i / perChannel)]!);
  const w = times(dataOf(weight)!, each);
  const known = dataOf(biasValue);
  const bias = known && times(known, 1);
  const xScale = x.attrs.scales[0]!;
  const scales = weightScales(w, bias, xScale, channels);
  const stored = fakeQuantise(constant(w, weight!.shape), { type: "int8", scales, zeroPoint: 0 });
  const biasScales = scales.map((scale) => scale * xScale);
  const storedBias =
    bias && fakeQuantise(constant(bias), { type: "int32", scales: biasScales, zeroPoint: 0 });
  return conv(x, stored, value.attrs, storedBias, value.label);
}

const isRounded = (value: Value): value is Value<"FakeQuantise"> => value.op === "FakeQuantise";

/** Operations that pick numbers and make none. */
const isPicking = ({ op }: Value): boolean => op === "MaxPool" || op === "DepthToSpace" || op === "Slice";
/** Operations that know integers once all that they are given is rounded. */
const isJoining = ({ op }: Value): boolean => op === "Concat" || op === "Add";

/**
 * Rounds the images and weights of every convolution whose weight is stored, and what stands between convolutions.
 * @param outputs of prepareForIntegers()
 * @param rangeOf the ranges of a value, which is one of rangedValues(outputs)
 */
export function quantise(outputs: readonly Value[], rangeOf: RangeOf): Value[] {
  const readers = new Map<Value, Value[]>();
  for (const value of topologicalOrder(outputs)) {
    for (const from of value.inputs) readers.set(from, [...(readers.get(from) ?? []), value]);
  }
  const onlyReader = (value: Value): Value | undefined => {
    const all = readers.get(value) ?? [];
    return all.length === 1 && !outputs.includes(value) ? all[0] : undefined;
  };
  const isRelu = (value: Value | undefined): boolean => value?.op === "LeakyRelu" && value.attrs.alpha === 0;
  const rounded = new Map<Value, Value<"FakeQuantise">>();
  const round = (value: Value, ranges: () => ChannelRanges): Value<"FakeQuantise"> => {
    if (isRounded(value)) return value;
    const known =
      rounded.get(value) ?? (fakeQuantise(value, imageQuantisation(ranges())) as Value<"FakeQuantise">);
    rounded.set(value, known);
    return known;
  };

  return rewrite(outputs, (value, original) => {
    if (value.op === "Conv" && dataOf(value.inputs[1]) !== undefined) {
      const x = round(value.inputs[0]!, () => rangeOf(original.inputs[0]!));
      const reader = onlyReader(original);
      // ReLU is what rounding to no less than 0 does.
      if (isRelu(reader)) return integerConv(value, x);
      const ranges = rangeOf(original);
      const isNormed = reader?.op === "Norm" && reader.attrs.over === "instance";
      const factors = isNormed ? equalisers(ranges, reader.attrs.epsilon) : undefined;
      const result = integerConv(value, x, factors);
      return round(result, () => (factors === undefined ? ranges : scaled(ranges, factors)));
    }
    if (value.op === "LeakyRelu") return round(value, () => rangeOf(original));
    const areRounded = value.inputs.length > 0 && value.inputs.every(isRounded);
    if (!areRounded) return undefined;
    if (isPicking(value)) {
      const [from] = value.inputs as readonly [Value<"FakeQuantise">];
      const [source] = from.inputs as readonly [Value];
      // Of two equal ways, pooling numbers is the faster one where there are some: after a norm.
      const isFloat = value.op === "MaxPool" && source.op === "LeakyRelu" && source.inputs[0]!.op === "Norm";
      return fakeQuantise(isFloat ? maxPool(source, value.attrs, value.label) : value, from.attrs);
    }
    return isJoining(value) ? round(value, () => rangeOf(original)) : undefined;
  });
}

/** The values whose ranges quantise() asks for, in the order in which it does. */
export function rangedValues(outputs: readonly Value[]): readonly Value[] {
  const asked = new Set<Value>();
  quantise(outputs, (value) => {
    asked.add(value);
    const channels = value.shape[1]!;
    return { low: new Float32Array(channels), high: new Float32Array(channels).fill(1) };
  });
  return [...asked];
}
