import { describe, expect, test } from "vitest";
import { makeRandom } from "../../src/core/random.ts";
import {
  channelAffine,
  concat,
  constant,
  conv,
  convTranspose,
  input,
  leakyRelu,
  logSoftmax,
  makeValue,
  maxPool,
  norm,
  slice,
} from "../../src/graph/build.ts";
import type { Window } from "../../src/graph/ops.ts";
import { type Shape, sizeOf, type Value } from "../../src/graph/value.ts";
import { buildModel } from "../../src/onnx/model.ts";
import { float32Of } from "../../src/runtime/runtime.ts";
import { allCases } from "../support/cases.ts";
import { drawFeeds, relativeError, runModel, runtime, toTensors } from "../support/check.ts";
import { evaluate, type Feeds } from "../support/evaluate.ts";

/** Float32 rounding leaves at most 1e-6 in graphs this small; a wrong epsilon or padding leaves more than 1e-5. */
const TOLERANCE = 1e-5;

describe("ONNX Runtime agrees with the float64 reference", () => {
  test.each(allCases)("%s, %s", async (_, __, value) => {
    const feeds = drawFeeds([value]);
    const { result } = await runModel({ outputs: { result: value } }, toTensors([value], feeds));
    expect(result!.dtype).toBe(value.dtype);
    expect(result!.shape).toEqual(value.shape);
    expect(relativeError(Array.from(result!.data, Number), evaluate([value], feeds)[0]!)).toBeLessThanOrEqual(
      TOLERANCE,
    );
  });
});

async function resultOf(value: Value, feeds: Feeds): Promise<number[]> {
  return Array.from(
    float32Of(await runModel({ outputs: { result: value } }, toTensors([value], feeds)), "result"),
  );
}

test("a * x + b by channel adds no epsilon of BatchNormalization's", async () => {
  const value = channelAffine(input("x", [1, 1, 2, 3]), input("scale", [1]), constant(Float32Array.of(0)));
  const feeds = { x: Float64Array.of(1, 2, 3, 4, 5, 6), scale: Float64Array.of(1) };
  expect(await resultOf(value, feeds)).toEqual([1, 2, 3, 4, 5, 6]);
});

test.each([
  [0, 0],
  [0.25, 0.5],
])("the slope of a leaky ReLU of alpha %d is exact for huge and for tiny results", async (alpha, low) => {
  const value = makeValue("LeakyReluGrad", [input("y", [5]), input("dy", [5])], { alpha });
  const feeds = { y: Float64Array.of(1e30, 1e-30, 0, -1e-30, -1e30), dy: Float64Array.of(2, 2, 2, 2, 2) };
  expect(await resultOf(value, feeds)).toEqual([2, 2, low, low, low]);
});

test("logSoftmax does not overflow", async () => {
  const value = logSoftmax(input("x", [1, 3, 1, 2]));
  const feeds = { x: Float64Array.of(1e4, -1e4, 0, -1e4, -1e4, -1e4) };
  const third = Math.fround(-Math.log(3));
  expect(await resultOf(value, feeds)).toEqual([0, third, -1e4, third, -2e4, third]);
});

describe("symbolic axes", () => {
  const random = makeRandom(3, "weights");
  const drawn = (shape: Shape): Float32Array =>
    Float32Array.from({ length: sizeOf(shape) }, () => random.normal() / 2);
  const shapes = { first: [4, 1, 3, 3], inner: [6, 4, 3, 3], up: [6, 4, 2, 2], last: [3, 8, 1, 1] } as const;
  const weights = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, drawn(shape)]));
  const weight = (name: keyof typeof shapes): Value => constant(weights[name]!, shapes[name]);
  const vector = (...numbers: number[]): Value => constant(Float32Array.from(numbers));
  const same: Window = { strides: [1, 1], pads: [1, 1, 1, 1] };
  const valid: Window = { strides: [1, 1], pads: [0, 0, 0, 0] };

  /** What an inference graph is made of: [N,1,H,W] -> [N,3,H-4,W-4], for H and W divisible by 2. */
  function network(batch: number, height: number, width: number): Value {
    const image = input("image", [batch, 1, height, width]);
    const skip = leakyRelu(
      norm(conv(image, weight("first"), same, vector(1, 2, 3, 4)), vector(1, 2, 1, 2), vector(0, 1, 0, -1), {
        over: "instance",
        epsilon: 1e-5,
      }),
      0.01,
    );
    const inner = channelAffine(
      conv(maxPool(skip, { kernel: [2, 2] }), weight("inner"), valid),
      vector(1, 1, 2, 2, 3, 3),
      vector(0, 1, 0, 1, 0, 1),
    );
    const up = convTranspose(
      leakyRelu(inner, 0),
      weight("up"),
      { ...valid, strides: [2, 2], size: [height - 4, width - 4] },
      vector(1, 0, 0, 1),
    );
    const cropped = slice(skip, [0, 0, 1, 3], [0, 0, 3, 1]);
    return logSoftmax(conv(concat([cropped, up], 1), weight("last"), valid, vector(0, 1, 2)));
  }

  test("a model exported at one size gives at others what the graph built at that size gives", async () => {
    const program = await runtime.load(
      buildModel({
        outputs: { logits: network(1, 16, 16) },
        symbolicAxes: { image: ["batch", 1, "height", "width"], logits: ["batch", 3, "rows", "columns"] },
      }),
    );
    for (const [batch, height, width] of [
      [1, 16, 16],
      [3, 12, 20],
      [2, 22, 8],
    ] as const) {
      const built = network(batch, height, width);
      const feeds = drawFeeds([built]);
      const { logits } = await program.run(toTensors([built], feeds));
      expect(logits!.shape).toEqual([batch, 3, height - 4, width - 4]);
      const error = relativeError(float32Of({ logits: logits! }, "logits"), evaluate([built], feeds)[0]!);
      expect(error).toBeLessThanOrEqual(TOLERANCE);
    }
    await program.dispose();
  });
});
