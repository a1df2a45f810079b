import { describe, expect, test } from "vitest";
import {
  add,
  cast,
  channelAffine,
  concat,
  constant,
  conv,
  convTranspose,
  convWeightGrad,
  expand,
  gridSample,
  input,
  leakyRelu,
  makeValue,
  matMul,
  maxPool,
  norm,
  oneHot,
  pad,
  reduceMean,
  reduceSum,
  reshape,
  slice,
  transpose,
} from "../../src/graph/build.ts";
import type { Op } from "../../src/graph/ops.ts";
import { broadcastShape, shapeRules, windowedSize } from "../../src/graph/shapes.ts";
import { isSameShape, type Shape, sizeOf, topologicalOrder, type Value } from "../../src/graph/value.ts";
import { cases } from "../support/cases.ts";
import { drawFeeds } from "../support/check.ts";
import { evaluate } from "../support/evaluate.ts";

const x = (...shape: Shape): Value => input("x", shape);
const labels = (...shape: Shape): Value => input("labels", shape, "uint8");
const same = { strides: [1, 1], pads: [1, 1, 1, 1] } as const;
const instance = { over: "instance", epsilon: 1e-5 } as const;

test.each(Object.keys(shapeRules) as Op[])("the shape of %s holds what the reference computes", (op) => {
  for (const make of Object.values(cases[op])) {
    const value = make();
    expect(evaluate([value], drawFeeds([value]))[0]).toHaveLength(sizeOf(value.shape));
  }
});

describe("results have the shape", () => {
  test.each<readonly [string, Value, Shape]>([
    ["broadcast both ways", add(x(2, 1, 4), x(3, 1)), [2, 3, 4]],
    ["a scalar and an image", add(2, x(2, 3, 4, 5)), [2, 3, 4, 5]],
    ["sum over all", reduceSum(x(2, 3)), [1, 1]],
    ["mean over some axes", reduceMean(x(2, 3, 4), [0, 2]), [1, 3, 1]],
    ["transposed", transpose(x(2, 3, 4), [2, 0, 1]), [4, 2, 3]],
    ["channels joined", concat([x(2, 1, 3, 4), x(2, 5, 3, 4)], 1), [2, 6, 3, 4]],
    ["cropped", slice(x(2, 3, 6, 7), [0, 0, 1, 2], [0, 0, 2, 1]), [2, 3, 3, 4]],
    ["padded", pad(x(2, 3), [1, 0], [2, 4]), [5, 7]],
    ["one-hot", oneHot(labels(2, 4, 5), 6), [2, 6, 4, 5]],
    ["of labels as numbers", cast(labels(2, 4)), [2, 4]],
    ["3x3 same", conv(x(2, 3, 5, 7), x(4, 3, 3, 3), same), [2, 4, 5, 7]],
    [
      "3x3 stride 2, not dividing",
      conv(x(2, 3, 6, 7), x(4, 3, 3, 3), { strides: [2, 3], pads: [0, 0, 0, 0] }),
      [2, 4, 2, 2],
    ],
    [
      "transposed 2x2 stride 2, a row left",
      convTranspose(x(2, 4, 3, 2), x(4, 3, 2, 2), { strides: [2, 2], pads: [0, 0, 0, 0], size: [7, 4] }),
      [2, 3, 7, 4],
    ],
    [
      "weight's gradient",
      convWeightGrad(x(2, 3, 5, 7), x(2, 4, 5, 7), { ...same, kernel: [3, 3] }),
      [4, 3, 3, 3],
    ],
    ["pooled, rest dropped", maxPool(x(2, 3, 5, 7), { kernel: [2, 3] }), [2, 3, 2, 2]],
    ["normalised", norm(x(2, 3, 4, 5), x(3), x(3), instance), [2, 3, 4, 5]],
  ])("%s", (_, value, shape) => {
    expect(value.shape).toEqual(shape);
    expect(value.dtype).toBe("float32");
  });
});

const refusals: readonly (readonly [() => unknown, string])[] = [
  [() => add(x(2, 3), x(2)), 'Cannot add Add "": shapes [2, 3] and [2] do not broadcast'],
  [() => add(labels(2), 1), 'Cannot add Add "": takes float32, input "labels" is uint8'],
  [() => makeValue("Neg", [], {}), 'Cannot add Neg "": takes 1 inputs, got 0'],
  [() => makeValue("Cast", [], {}), 'Cannot add Cast "": takes 1 inputs, got 0'],
  [() => makeValue("Reshape", [], { shape: [] }), 'Cannot add Reshape "": takes 1 inputs, got 0'],
  [() => makeValue("OneHot", [], { depth: 2 }), 'Cannot add OneHot "": takes 1 inputs, got 0'],
  [() => reduceSum(x(2, 3), [2]), 'Cannot add ReduceSum "": axis 2 is outside [2, 3]'],
  [() => reduceSum(x(2, 3), [-1]), 'Cannot add ReduceSum "": axis -1 is outside [2, 3]'],
  [() => reshape(x(2, 3), [4]), 'Cannot add Reshape "": cannot reshape [2, 3] to [4]'],
  [() => transpose(x(2, 3), [0, 0]), 'Cannot add Transpose "": [0, 0] is not a permutation'],
  [() => transpose(x(2, 3), [0]), 'Cannot add Transpose "": permutes 1 axes of [2, 3]'],
  [() => expand(x(2, 3), [3]), 'Cannot add Expand "": cannot expand [2, 3] to [3]'],
  [() => expand(x(2), [3]), 'Cannot add Expand "": shapes [2] and [3] do not broadcast'],
  [() => concat([], 0), 'Cannot add Concat "": takes at least one input'],
  [
    () => concat([x(2, 3), x(3, 3)], 1, "skip0"),
    'Cannot add Concat "skip0": inputs [2, 3] and [3, 3] differ outside axis 1',
  ],
  [() => concat([x(2, 3)], 2), 'Cannot add Concat "": axis 2 is outside [2, 3]'],
  [() => slice(x(2, 3), [1], [0]), 'Cannot add Slice "": start and trim need 2 entries'],
  [
    () => slice(x(2, 3), [1, 0], [1, 0], "crop"),
    'Cannot add Slice "crop": cannot take 1 and 1 off the ends of axis 0 of [2, 3]',
  ],
  [
    () => slice(x(2, 3), [0, -1], [0, 0]),
    'Cannot add Slice "": cannot take -1 and 0 off the ends of axis 1 of [2, 3]',
  ],
  [() => pad(x(2, 3), [0, 0], [0, -1]), 'Cannot add Pad "": cannot pad by a negative count'],
  [() => pad(x(2, 3), [0], [0, 1]), 'Cannot add Pad "": before and after need 2 entries'],
  [() => constant(Float32Array.of(1, 2), [3]), 'Cannot add Constant "": shape [3] does not hold 2 numbers'],
  [() => oneHot(labels(2, 3), 2), 'Cannot add OneHot "": takes [N, H, W], got [2, 3]'],
  [() => matMul(x(3), x(3, 2)), 'Cannot add MatMul "": takes matrices, got [3] and [3, 2]'],
  [() => matMul(x(2, 3), x(2, 3)), 'Cannot add MatMul "": cannot multiply [2, 3] by [2, 3]'],
  [
    () => gridSample(x(2, 1, 3, 3), x(1, 3, 3, 2), "linear"),
    'Cannot add GridSample "": grid must be [2, H, W, 2], got [1, 3, 3, 2]',
  ],
  [
    () => conv(x(2, 3, 4), x(4, 3, 3, 3), same),
    'Cannot add Conv "": input must be [N, C, H, W], got [2, 3, 4]',
  ],
  [
    () => conv(x(1, 3, 4, 4), x(4, 2, 3, 3), same, undefined, "encoder0.conv0"),
    'Cannot add Conv "encoder0.conv0": weight [4, 2, 3, 3] takes 2 channels, input [1, 3, 4, 4] has 3',
  ],
  [
    () => conv(x(1, 3, 2, 4), x(4, 3, 3, 3), { strides: [1, 1], pads: [0, 1, 0, 1] }),
    'Cannot add Conv "": a 3x3 window does not fit in 2x4 padded by [0, 1, 0, 1]',
  ],
  [() => conv(x(1, 3, 4, 4), x(4, 3, 3, 3), same, x(3)), 'Cannot add Conv "": bias must be [4], got [3]'],
  [
    () => convTranspose(x(1, 4, 4, 4), x(4, 3, 3, 3), { ...same, size: [4, 4] }, x(4)),
    'Cannot add ConvTranspose "": bias must be [3], got [4]',
  ],
  [
    () => convTranspose(x(1, 4, 3, 3), x(4, 3, 2, 2), { strides: [2, 2], pads: [0, 0, 0, 0], size: [8, 6] }),
    'Cannot add ConvTranspose "": result must be [1, 4, 4, 3], got [1, 4, 3, 3]',
  ],
  [
    () => convWeightGrad(x(2, 3, 5, 5), x(1, 4, 5, 5), { ...same, kernel: [3, 3] }),
    'Cannot add ConvWeightGrad "": result must be [2, 4, 5, 5], got [1, 4, 5, 5]',
  ],
  [
    () => maxPool(x(1, 1, 1, 4), { kernel: [2, 2] }, "pool3"),
    'Cannot add MaxPool "pool3": a 2x2 window does not fit in 1x4 padded by [0, 0, 0, 0]',
  ],
  [
    () => makeValue("MaxPoolGrad", [x(1, 1, 4, 4), x(1, 1, 2, 2), x(1, 1, 2, 1)], { kernel: [2, 2] }),
    'Cannot add MaxPoolGrad "": y and dy must be [1, 1, 2, 2]',
  ],
  [
    () => channelAffine(x(1, 3, 4, 4), x(3), x(2)),
    'Cannot add ChannelAffine "": scale and shift must be [3], got [2]',
  ],
  [
    () => norm(x(1, 3, 4, 4), x(1), x(3), instance),
    'Cannot add Norm "": scale and shift must be [3], got [1]',
  ],
  [
    () => makeValue("NormInputGrad", [x(1, 3, 4, 4), x(3), x(1, 3, 4, 3)], instance),
    'Cannot add NormInputGrad "": x [1, 3, 4, 4] and dy [1, 3, 4, 3] differ',
  ],
  [
    () => makeValue("NormInputGrad", [x(1, 3, 4, 4), x(2), x(1, 3, 4, 4)], instance),
    'Cannot add NormInputGrad "": scale must be [3], got [2]',
  ],
  [
    () => makeValue("NormScaleGrad", [x(1, 3, 4, 4), x(1, 3, 4, 3)], instance),
    'Cannot add NormScaleGrad "": x [1, 3, 4, 4] and dy [1, 3, 4, 3] differ',
  ],
  [
    () => makeValue("LeakyReluGrad", [x(2, 3), x(3, 2)], { alpha: 0 }),
    'Cannot add LeakyReluGrad "": y [2, 3] and dy [3, 2] differ',
  ],
  [() => leakyRelu(x(2), -0.1, "a"), 'Cannot add LeakyRelu "a": alpha must lie between 0 and 1, got -0.1'],
  [
    () => makeValue("LeakyReluGrad", [x(2), x(2)], { alpha: 1.5 }),
    'Cannot add LeakyReluGrad "": alpha must lie between 0 and 1, got 1.5',
  ],
];
test.each(refusals.map(([make, message]) => [message, make] as const))("refused: %s", (message, make) => {
  expect(make).toThrow(new RangeError(message));
});

test("broadcastShape() and windowedSize() by hand", () => {
  expect(broadcastShape([], [2, 1])).toEqual([2, 1]);
  expect(broadcastShape([5, 1, 3], [4, 1])).toEqual([5, 4, 3]);
  expect(windowedSize([7, 8], [3, 2], { strides: [2, 3], pads: [1, 0, 0, 1] })).toEqual([3, 3]);
});

test("sizeOf() and isSameShape()", () => {
  expect(sizeOf([])).toBe(1);
  expect(sizeOf([2, 3, 4])).toBe(24);
  expect(isSameShape([2, 3], [2, 3])).toBe(true);
  expect(isSameShape([2, 3], [2, 3, 1])).toBe(false);
  expect(isSameShape([2, 3], [3, 2])).toBe(false);
});

describe("topologicalOrder()", () => {
  test("lists each needed value once, after its inputs", () => {
    const a = x(2);
    const b = add(a, a);
    const c = add(b, a);
    const order = topologicalOrder([c, b]);
    expect(order).toHaveLength(3);
    expect([order[0], order[1], order[2]].map((value, i) => value === [a, b, c][i])).toEqual([
      true,
      true,
      true,
    ]);
  });
  test("is not limited by the depth of the call stack", () => {
    let deep = x(1);
    for (let i = 0; i < 50_000; i++) deep = leakyRelu(deep, 0);
    expect(topologicalOrder([deep])).toHaveLength(50_001);
  });
});
