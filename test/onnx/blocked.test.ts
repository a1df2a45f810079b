import { fromBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import {
  add,
  concat,
  conv,
  convTranspose,
  input,
  leakyRelu,
  maxPool,
  mul,
  norm,
  reduceSum,
} from "../../src/graph/build.ts";
import type { Pads } from "../../src/graph/ops.ts";
import type { Value } from "../../src/graph/value.ts";
import { BLOCKED_DOMAIN } from "../../src/onnx/blocked.ts";
import { ModelProtoSchema } from "../../src/onnx/generated/onnx_pb.ts";
import { buildModel } from "../../src/onnx/model.ts";
import { float32Of } from "../../src/runtime/runtime.ts";
import { drawFeeds, inputsOf, relativeError, runModel, runtime, toTensors } from "../support/check.ts";
import { evaluate } from "../support/evaluate.ts";

/** As in emit.test.ts, for sums of several hundred products. */
const TOLERANCE = 2e-5;
const block = await runtime.channelBlock?.();

const window = (pad: number) => ({ strides: [1, 1], pads: [pad, pad, pad, pad] as Pads }) as const;
const x = (channels: number, height = 6, width = 5): Value => input("x", [2, channels, height, width]);
const w = (to: number, from: number, kernel = 3, name = "w"): Value =>
  input(name, [to, from, kernel, kernel]);

/** A value and its gradients in all that it is made of. */
function withGradients(value: Value): Value[] {
  const loss = reduceSum(mul(value, input("projection", value.shape)));
  const targets = inputsOf([value]).filter(({ dtype }) => dtype === "float32");
  return [value, ...gradient(loss, targets)];
}

const graphs: readonly (readonly [string, Value])[] = [
  ["16 to 32 channels", conv(x(16), w(32, 16), window(1))],
  ["unpadded", conv(x(16), w(16, 16), window(0))],
  ["strided", conv(x(16), w(16, 16), { strides: [2, 2], pads: [1, 1, 1, 1] })],
  ["a bias", conv(x(16), w(16, 16), window(1), input("bias", [16]))],
  ["fewer channels than a block", conv(x(3), w(16, 3), window(1))],
  ["fewer results than a block", conv(x(16), w(5, 16), window(1))],
  ["channels that fill no block", conv(x(20), w(16, 20), window(1))],
  ["1x1", conv(x(32), w(16, 32, 1), window(0))],
  ["one pixel", conv(x(16, 1, 1), w(16, 16), window(1))],
  ["the adjoint", convTranspose(x(32), w(32, 16), { ...window(1), size: [6, 5] })],
  [
    "images that are joined, large enough that the weight is cut instead",
    (() => {
      const image = x(16, 24, 18);
      const other = conv(image, w(32, 16, 3, "w1"), window(1));
      return conv(concat([image, other], 1), w(16, 48, 3, "w2"), window(1), input("bias", [16]));
    })(),
  ],
  [
    "convolution, ReLU, convolution, pooling and a skip connection without norms",
    (() => {
      const first = leakyRelu(conv(x(3, 6, 8), w(16, 3), window(1)), 0);
      const second = leakyRelu(conv(first, w(16, 16, 3, "w2"), window(1)), 0);
      const low = conv(maxPool(second, { kernel: [2, 2] }), w(32, 16, 3, "w3"), window(1));
      const up = convTranspose(low, input("up", [32, 16, 2, 2]), {
        strides: [2, 2],
        pads: [0, 0, 0, 0],
        size: [6, 8],
      });
      const both = concat([second, conv(up, w(16, 16, 3, "w4"), window(1))], 1);
      return conv(add(both, both), w(4, 32, 1, "w5"), window(0));
    })(),
  ],
  [
    "convolution, norm and leaky ReLU, twice, with a sum of both",
    (() => {
      const affine = (i: number) => [input(`scale${i}`, [16]), input(`shift${i}`, [16])] as const;
      const layer = (from: Value, i: number): Value => {
        const normed = norm(conv(from, w(16, from.shape[1]!, 3, `w${i}`), window(1)), ...affine(i), {
          over: "instance",
          epsilon: 1e-5,
        });
        return leakyRelu(normed, 0.01);
      };
      const first = layer(x(16), 1);
      return add(layer(first, 2), first);
    })(),
  ],
];

describe.skipIf(block === undefined)("the blocked layout gives the float64 reference's numbers", () => {
  test.each(graphs)("%s", async (_, value) => {
    const outputs = withGradients(value);
    const feeds = drawFeeds(outputs);
    const named = Object.fromEntries(outputs.map((output, i) => [`result${i}`, output]));
    const found = await runModel({ outputs: named, channelBlock: block }, toTensors(outputs, feeds));
    for (const [i, expected] of evaluate(outputs, feeds).entries()) {
      expect(relativeError(float32Of(found, `result${i}`), expected)).toBeLessThanOrEqual(TOLERANCE);
    }
  });
});

const nodesOf = (channelBlock: number | undefined): readonly string[] =>
  fromBinary(
    ModelProtoSchema,
    buildModel({ outputs: { result: graphs.at(-2)![1] }, channelBlock }),
  ).graph!.node.map(({ opType, domain }) => (domain === BLOCKED_DOMAIN ? `blocked ${opType}` : opType));

test("what is between blocked operations stays blocked; each value is reordered once", () => {
  const nodes = nodesOf(16);
  const count = (name: string): number => nodes.filter((node) => node === name).length;
  // Four convolutions fill their blocks, the last has four results only.
  expect(count("blocked Conv")).toBe(4);
  expect(count("Conv")).toBe(1);
  expect(count("blocked MaxPool")).toBe(1);
  // For the up-convolution and for the last convolution.
  expect(count("blocked ReorderOutput")).toBe(2);
});

test("images that are large beside a weight are not joined", () => {
  const [, joined] = graphs.find(([name]) => name.startsWith("images that are joined"))!;
  const { node } = fromBinary(ModelProtoSchema, buildModel({ outputs: { joined }, channelBlock: 16 })).graph!;
  expect(node.filter(({ opType }) => opType === "Concat")).toEqual([]);
});

test("a model is plain unless a block is asked for", () => {
  expect(nodesOf(undefined).filter((node) => node.startsWith("blocked"))).toEqual([]);
});
