import { describe, expect, test } from "vitest";
import { makeRandom } from "../../src/core/random.ts";
import {
  channelAffine,
  concat,
  constant,
  conv,
  convTranspose,
  div,
  input,
  leakyRelu,
  maxPool,
  mul,
  norm,
  sqrt,
  sub,
} from "../../src/graph/build.ts";
import { type ChannelRanges, prepareForIntegers, quantise, rangedValues } from "../../src/graph/quantise.ts";
import { sizeOf, topologicalOrder, type Value } from "../../src/graph/value.ts";
import { drawFeeds, relativeError, runModel, toTensors } from "../support/check.ts";
import { evaluate, type Feeds } from "../support/evaluate.ts";

const WINDOW = { strides: [1, 1], pads: [1, 1, 1, 1] } as const;

function weights(name: string, ...shape: readonly number[]): Value {
  const random = makeRandom(7, name);
  return constant(
    Float32Array.from({ length: sizeOf(shape) }, () => 0.3 * random.normal()),
    shape,
  );
}
const positive = (name: string, count: number): Value => {
  const random = makeRandom(7, name);
  return constant(Float32Array.from({ length: count }, () => random.between(0.5, 2)));
};

/** Convolution, batch norm, ReLU, pooling, up-convolution, skip connection, head. */
function tinyNetwork(): Value {
  const x = input("x", [2, 1, 8, 12]);
  const raw = conv(x, weights("w0", 4, 1, 3, 3), WINDOW, weights("b0", 4));
  const factor = div(positive("scale", 4), sqrt(positive("variance", 4)));
  const normed = channelAffine(raw, factor, sub(weights("shift", 4), mul(weights("mean", 4), factor)));
  const skip = leakyRelu(normed, 0);
  const low = leakyRelu(
    conv(maxPool(skip, { kernel: [2, 2] }), weights("w1", 6, 4, 3, 3), WINDOW, weights("b1", 6)),
    0,
  );
  const up = convTranspose(
    low,
    weights("u", 6, 4, 2, 2),
    { strides: [2, 2], pads: [0, 0, 0, 0], size: [8, 12] },
    weights("ub", 4),
  );
  const merged = leakyRelu(conv(concat([skip, up], 1), weights("w2", 4, 8, 3, 3), WINDOW), 0.01);
  return conv(merged, weights("head", 3, 4, 1, 1), { strides: [1, 1], pads: [0, 0, 0, 0] }, weights("hb", 3));
}

/** What the reference finds each ranged value to hold. */
function rangesOf(outputs: readonly Value[], feeds: Feeds): (value: Value) => ChannelRanges {
  const ranged = rangedValues(outputs);
  const found = evaluate(ranged, feeds);
  const ranges = new Map(
    ranged.map((value, i) => {
      const [n, c, height, width] = value.shape as readonly [number, number, number, number];
      const low = new Float32Array(c).fill(Number.POSITIVE_INFINITY);
      const high = new Float32Array(c).fill(Number.NEGATIVE_INFINITY);
      for (let at = 0; at < n * c * height * width; at++) {
        const channel = Math.floor(at / (height * width)) % c;
        low[channel] = Math.min(low[channel]!, found[i]![at]!);
        high[channel] = Math.max(high[channel]!, found[i]![at]!);
      }
      return [value, { low, high }] as const;
    }),
  );
  return (value) => ranges.get(value)!;
}

const opsOf = (outputs: readonly Value[]): readonly string[] => topologicalOrder(outputs).map(({ op }) => op);
const count = (outputs: readonly Value[], op: string): number =>
  opsOf(outputs).filter((each) => each === op).length;

describe("prepareForIntegers", () => {
  test("folds batch norm into convolutions and spreads up-convolutions, with the same numbers", () => {
    const before = [tinyNetwork()];
    const after = prepareForIntegers(before);
    expect([count(before, "ChannelAffine"), count(before, "ConvTranspose")]).toEqual([1, 1]);
    expect(new Set(opsOf(after))).toEqual(
      new Set(["Input", "Constant", "Conv", "LeakyRelu", "MaxPool", "DepthToSpace", "Concat"]),
    );
    const feeds = drawFeeds(before);
    expect(relativeError(evaluate(after, feeds)[0]!, evaluate(before, feeds)[0]!)).toBeLessThan(1e-6);
  });

  test("leaves alone what it cannot know: a weight that is fed, an up-convolution that overlaps", () => {
    const fed = convTranspose(input("x", [1, 2, 3, 3]), input("w", [2, 2, 2, 2]), {
      strides: [2, 2],
      pads: [0, 0, 0, 0],
      size: [6, 6],
    });
    const overlapping = convTranspose(input("x", [1, 2, 3, 3]), weights("w", 2, 2, 3, 3), {
      strides: [2, 2],
      pads: [0, 0, 0, 0],
      size: [7, 7],
    });
    expect(prepareForIntegers([fed, overlapping])).toEqual([fed, overlapping]);
  });
});

describe("quantise", () => {
  test("rounds every convolution's image, weight and bias, and what ReLU, pooling and joining make of them", () => {
    const [prepared] = prepareForIntegers([tinyNetwork()]);
    const [rounded] = quantise([prepared!], rangesOf([prepared!], drawFeeds([prepared!])));
    for (const { op, inputs } of topologicalOrder([rounded!])) {
      if (op === "Conv") expect(inputs.map((from) => from.op)).toEqual(inputs.map(() => "FakeQuantise"));
      if (op === "MaxPool" || op === "Concat") {
        expect(inputs.map((from) => from.op)).toEqual(inputs.map(() => "FakeQuantise"));
      }
    }
    // ReLU's results are rounded, and not what they are made of; a leaky ReLU's are both.
    const relus = topologicalOrder([rounded!]).filter(({ op }) => op === "LeakyRelu") as Value<"LeakyRelu">[];
    expect(relus.map(({ attrs, inputs }) => [attrs.alpha, inputs[0]!.op])).toEqual([
      [0, "Conv"],
      [0, "Conv"],
      [0.01, "FakeQuantise"],
    ]);
  });

  test("gives nearly the same numbers, and ONNX Runtime's integers give those of the reference", async () => {
    const [prepared] = prepareForIntegers([tinyNetwork()]);
    const feeds = drawFeeds([prepared!]);
    const outputs = quantise([prepared!], rangesOf([prepared!], feeds));
    const [exact] = evaluate([prepared!], feeds);
    const [expected] = evaluate(outputs, feeds);
    const error = relativeError(expected!, exact!);
    // Rounded indeed, and by little.
    expect(error).toBeGreaterThan(1e-4);
    expect(error).toBeLessThan(0.04);
    const { result } = await runModel({ outputs: { result: outputs[0]! } }, toTensors(outputs, feeds));
    const steps = 1 / 255;
    // A number half-way between two integers may fall to either side, and go on as the other.
    expect(relativeError(Array.from(result!.data, Number), expected!)).toBeLessThan(4 * steps);
  });

  test("one scale suits channels of very different size where instance norm follows", () => {
    const build = (): Value => {
      const sizes = constant(
        Float32Array.from({ length: 4 * 9 }, (_, i) => 10 ** Math.floor(i / 9) * Math.sin(i)),
        [4, 1, 3, 3],
      );
      const y = conv(input("x", [1, 1, 8, 8]), sizes, WINDOW);
      return norm(y, positive("s", 4), weights("t", 4), { over: "instance", epsilon: 1e-5 });
    };
    const value = build();
    const feeds = drawFeeds([value]);
    const [exact] = evaluate([value], feeds);
    const [found] = evaluate(quantise([value], rangesOf([value], feeds)), feeds);
    // With one scale for all, the smallest channel would keep no digit at all.
    expect(relativeError(found!.subarray(0, 64), exact!.subarray(0, 64))).toBeLessThan(0.05);
  });

  test.each([
    ["a channel that is next to nothing", [1, 1, 0.003]],
    ["one live channel among such", [1, 0.001, 0.001]],
  ])("%s keeps its size before an instance norm, whose epsilon counts there", (_, sizes) => {
    const weight = constant(
      Float32Array.from({ length: 3 * 9 }, (_each, i) => sizes[Math.floor(i / 9)]! * Math.sin(i) * 0.3),
      [3, 1, 3, 3],
    );
    const y = conv(input("x", [1, 1, 8, 8]), weight, WINDOW);
    const value = norm(y, constant(new Float32Array(3).fill(1)), constant(new Float32Array(3)), {
      over: "instance",
      epsilon: 1e-5,
    });
    const feeds = drawFeeds([value]);
    const [exact] = evaluate([value], feeds);
    const [found] = evaluate(quantise([value], rangesOf([value], feeds)), feeds);
    const sizeOfChannel = (all: Float64Array, c: number): number =>
      Math.sqrt(all.subarray(64 * c, 64 * (c + 1)).reduce((sum, x) => sum + x * x, 0));
    for (const c of [0, 1, 2]) {
      // A channel of the live ones' last digit may vanish, but none may grow, and the live ones keep their size.
      const [before, now] = [sizeOfChannel(exact!, c), sizeOfChannel(found!, c)];
      expect(now).toBeLessThan(1.1 * before + 0.5);
      if (sizes[c] === 1) expect(now).toBeGreaterThan(0.9 * before);
    }
  });

  test("a bias keeps its size whatever the weights beside it", () => {
    const weight = constant(Float32Array.of(1e-8, 0, 0, 1, 1e-30), [5, 1, 1, 1]);
    const biases = [0.5, 0.003, 0, -2, 1];
    const value = conv(
      input("x", [1, 1, 4, 4]),
      weight,
      { strides: [1, 1], pads: [0, 0, 0, 0] },
      constant(Float32Array.from(biases)),
    );
    const feeds = { x: new Float64Array(16).map((_, i) => i / 8) };
    const rounded = quantise([value], rangesOf([value], feeds));
    // Of the convolution, before its result is rounded.
    const bias = topologicalOrder(rounded).find(
      (each) => each.op === "FakeQuantise" && each.attrs.type === "int32",
    )!;
    const [found] = evaluate([bias], feeds);
    for (const [c, expected] of biases.entries()) expect(found![c]).toBeCloseTo(expected, 6);
  });

  test("an image that never leaves 0, and a weight of zeros, have a scale all the same", () => {
    const value = conv(input("x", [1, 1, 4, 4]), constant(new Float32Array(9), [1, 1, 3, 3]), WINDOW);
    const feeds = { x: new Float64Array(16) };
    expect(evaluate(quantise([value], rangesOf([value], feeds)), feeds)[0]).toEqual(new Float64Array(16));
  });
});
