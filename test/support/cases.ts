/** Small graphs for every operation, shared by the tests of gradients and of emission. Inputs' names choose their data (check.ts). */
import {
  channelAffine,
  concat,
  constant,
  conv,
  convTranspose,
  convWeightGrad,
  depthToSpace,
  expand,
  fakeQuantise,
  flip,
  gridSample,
  input,
  leakyRelu,
  makeValue,
  matMul,
  maxPool,
  norm,
  oneHot,
  pad,
  reduceMax,
  reduceSum,
  reshape,
  slice,
  transpose,
} from "../../src/graph/build.ts";
import type { Normalisation, Op, Pair, Window } from "../../src/graph/ops.ts";
import { windowedSize } from "../../src/graph/shapes.ts";
import type { Shape, Value } from "../../src/graph/value.ts";

/** By what is special about them; each makes a value of the operation. */
type Cases = Readonly<Record<string, () => Value>>;

const x = (...shape: Shape): Value => input("x", shape);
const positive = (...shape: Shape): Value => input("positive", shape);
const tied = (...shape: Shape): Value => input("tied", shape);

type Elementwise = "Add" | "Sub" | "Mul" | "Div" | "Minimum" | "LessEqual";
const operandShapes: readonly (readonly [string, Shape, Shape])[] = [
  ["same shapes", [2, 3, 4, 5], [2, 3, 4, 5]],
  ["broadcast right", [2, 3, 4, 5], [1, 3, 1, 1]],
  ["broadcast left, lower rank", [3, 1, 1], [2, 3, 4, 5]],
  ["broadcast both ways", [2, 1, 4], [3, 1]],
  ["by a scalar", [2, 3], []],
  ["two scalars", [], []],
];
function binary(op: Elementwise, second = "b"): Cases {
  return Object.fromEntries(
    operandShapes.map(([name, a, b]) => [name, () => makeValue(op, [input("a", a), input(second, b)], {})]),
  );
}

const unary = (
  op: "Neg" | "Exp" | "Log" | "Sqrt" | "StopGradient",
  of: (...shape: Shape) => Value,
): Cases => ({
  image: () => makeValue(op, [of(2, 3, 4, 5)], {}),
  scalar: () => makeValue(op, [of()], {}),
});

type WindowCase = Window & { readonly kernel: Pair; readonly size: Pair };
const windows: Readonly<Record<string, WindowCase>> = {
  "3x3 same": { kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], size: [5, 7] },
  "3x3 valid": { kernel: [3, 3], strides: [1, 1], pads: [0, 0, 0, 0], size: [6, 5] },
  "3x3 asymmetric pads": { kernel: [3, 3], strides: [1, 1], pads: [0, 2, 1, 0], size: [5, 4] },
  "3x3 stride 2, even": { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], size: [6, 8] },
  "3x3 stride 2, odd": { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], size: [7, 5] },
  "3x3 stride 3, not dividing": { kernel: [3, 3], strides: [3, 3], pads: [0, 0, 0, 0], size: [8, 10] },
  "3x3 stride 3, asymmetric pads": { kernel: [3, 3], strides: [3, 3], pads: [1, 0, 0, 2], size: [7, 6] },
  "2x2": { kernel: [2, 2], strides: [1, 1], pads: [0, 0, 0, 0], size: [4, 5] },
  "2x2 pads behind": { kernel: [2, 2], strides: [1, 1], pads: [0, 0, 1, 1], size: [4, 5] },
  "2x2 stride 2": { kernel: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0], size: [6, 4] },
  "2x2 stride 2, not dividing": { kernel: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0], size: [5, 7] },
  "2x2 stride 3": { kernel: [2, 2], strides: [3, 3], pads: [0, 1, 0, 0], size: [7, 7] },
  "2x2 padded by more than it": { kernel: [2, 2], strides: [1, 1], pads: [2, 0, 0, 3], size: [3, 4] },
  "2x3 strides 1 and 2": { kernel: [2, 3], strides: [1, 2], pads: [0, 1, 1, 0], size: [5, 8] },
  "1x1": { kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], size: [3, 5] },
  "1x1 padded": { kernel: [1, 1], strides: [1, 1], pads: [1, 0, 0, 1], size: [3, 4] },
  "1x1 stride 2": { kernel: [1, 1], strides: [2, 2], pads: [0, 0, 0, 0], size: [4, 5] },
  "whole image": { kernel: [3, 2], strides: [1, 1], pads: [0, 0, 0, 0], size: [3, 2] },
};
/** Batch 2, 3 channels of x, 4 of y. */
function convCases(
  make: (shapes: { readonly x: Shape; readonly w: Shape; readonly y: Shape }, w: WindowCase) => Value,
): Cases {
  return Object.fromEntries(
    Object.entries(windows).map(([name, window]) => {
      const y = [2, 4, ...windowedSize(window.size, window.kernel, window)];
      return [name, () => make({ x: [2, 3, ...window.size], w: [4, 3, ...window.kernel], y }, window)];
    }),
  );
}
const windowOf = ({ strides, pads }: WindowCase): Window => ({ strides, pads });

const poolings: Readonly<Record<string, readonly [Pair, Pair]>> = {
  "2x2": [
    [4, 6],
    [2, 2],
  ],
  "2x2 with a row and a column left": [
    [5, 7],
    [2, 2],
  ],
  "3x3 with two columns left": [
    [6, 5],
    [3, 3],
  ],
  "2x3": [
    [5, 6],
    [2, 3],
  ],
  "1x2": [
    [3, 5],
    [1, 2],
  ],
  "whole image": [
    [3, 4],
    [3, 4],
  ],
};
function poolCases(of: (...shape: Shape) => Value, make: (x: Value, kernel: Pair) => Value): Cases {
  return Object.fromEntries(
    Object.entries(poolings).map(([name, [size, kernel]]) => [name, () => make(of(2, 3, ...size), kernel)]),
  );
}
function maxPoolGrad(from: Value, kernel: Pair): Value {
  const y = maxPool(from, { kernel });
  return makeValue("MaxPoolGrad", [from, y, input("dy", y.shape)], { kernel });
}

function normCases(make: (x: Value, attrs: Normalisation) => Value): Cases {
  return {
    "over instance": () => make(x(2, 3, 4, 5), { over: "instance", epsilon: 1e-5 }),
    "over batch": () => make(x(2, 3, 4, 5), { over: "batch", epsilon: 1e-5 }),
    "over a batch of one": () => make(x(1, 2, 3, 5), { over: "batch", epsilon: 1e-3 }),
    "over instances of one channel": () => make(x(3, 1, 2, 3), { over: "instance", epsilon: 0.1 }),
    "over pixels of a batch": () => make(x(5, 3, 1, 1), { over: "batch", epsilon: 1e-5 }),
  };
}
const channels = (from: Value): Shape => [from.shape[1]!];

export const cases: { readonly [K in Op]: Cases } = {
  Input: { float32: () => x(2, 3), uint8: () => input("labels", [2, 3, 4], "uint8"), scalar: () => x() },
  Constant: {
    scalar: () => constant(0.1),
    vector: () => constant(Float32Array.of(1, -2, 3)),
    matrix: () => constant(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]),
  },
  Add: binary("Add"),
  Sub: binary("Sub"),
  Mul: binary("Mul"),
  Div: binary("Div", "positive b"),
  Minimum: binary("Minimum"),
  Power: Object.fromEntries(
    operandShapes.map(([name, a, b]) => [
      name,
      () => makeValue("Power", [input("positive a", a), input("positive b", b)], {}),
    ]),
  ),
  LessEqual: { ...binary("LessEqual"), ties: () => makeValue("LessEqual", [tied(4, 5), constant(0)], {}) },
  Neg: unary("Neg", x),
  Exp: unary("Exp", x),
  Log: unary("Log", positive),
  Sqrt: unary("Sqrt", positive),
  LeakyRelu: {
    "alpha 0": () => leakyRelu(x(2, 3, 4, 5), 0),
    "alpha 0.01": () => leakyRelu(x(2, 3, 4, 5), 0.01),
    "at zero": () => leakyRelu(tied(4, 5), 0.2),
  },
  LeakyReluGrad: {
    "alpha 0": () => makeValue("LeakyReluGrad", [x(2, 3, 4, 5), input("dy", [2, 3, 4, 5])], { alpha: 0 }),
    "alpha 0.01": () =>
      makeValue("LeakyReluGrad", [x(2, 3, 4, 5), input("dy", [2, 3, 4, 5])], { alpha: 0.01 }),
    "alpha 0 at zero": () => makeValue("LeakyReluGrad", [tied(4, 5), input("dy", [4, 5])], { alpha: 0 }),
    "alpha 0.2 at zero": () => makeValue("LeakyReluGrad", [tied(4, 5), input("dy", [4, 5])], { alpha: 0.2 }),
  },
  Cast: { labels: () => makeValue("Cast", [input("labels", [2, 3, 4], "uint8")], {}) },
  StopGradient: unary("StopGradient", x),
  ReduceSum: {
    "over all": () => reduceSum(x(2, 3, 4)),
    "over channels": () => reduceSum(x(2, 3, 4, 5), [1]),
    "over all but channels": () => reduceSum(x(2, 3, 4, 5), [0, 2, 3]),
    "over no axis": () => reduceSum(x(2, 3), []),
    "of a scalar": () => reduceSum(x()),
  },
  ReduceMax: {
    "over channels": () => reduceMax(x(2, 3, 4, 5), [1]),
    "over two axes": () => reduceMax(x(2, 3, 4), [0, 2]),
    "over no axis": () => reduceMax(x(2, 3), []),
    ties: () => reduceMax(tied(2, 3, 4), [1]),
  },
  Reshape: {
    "other rank": () => reshape(x(2, 3, 4), [4, 6]),
    "to a scalar": () => reshape(x(1, 1), []),
    "from a scalar": () => reshape(x(), [1, 1, 1]),
    "of labels": () => reshape(input("labels", [2, 3, 4], "uint8"), [6, 4]),
  },
  Transpose: {
    "rotates axes": () => transpose(x(2, 3, 4), [2, 0, 1]),
    "swaps two": () => transpose(x(2, 3, 4, 5), [1, 0, 2, 3]),
  },
  Expand: {
    "to a higher rank": () => expand(x(3, 1), [2, 3, 4]),
    "channels to images": () => expand(x(1, 3, 1, 1), [2, 3, 4, 5]),
    "of a scalar": () => expand(x(), [2, 3]),
    "to a scalar": () => expand(x(), []),
  },
  Concat: {
    channels: () => concat([x(2, 1, 3, 4), input("b", [2, 3, 3, 4]), input("c", [2, 2, 3, 4])], 1),
    rows: () => concat([x(2, 1, 3, 4), input("b", [2, 1, 2, 4])], 2),
    "one input": () => concat([x(2, 3)], 0),
    "one value twice": () => {
      const twice = x(2, 3);
      return concat([twice, twice], 1);
    },
  },
  Slice: {
    crop: () => slice(x(2, 3, 6, 7), [0, 0, 1, 2], [0, 0, 2, 1]),
    "first rows": () => slice(x(5, 4), [0, 0], [3, 0]),
    "last columns": () => slice(x(5, 4), [0, 3], [0, 0]),
    "all axes": () => slice(x(3, 4, 5), [1, 1, 2], [1, 2, 1]),
    "all of it": () => slice(x(3, 4), [0, 0], [0, 0]),
  },
  Pad: {
    asymmetric: () => pad(x(2, 3, 2, 4), [0, 0, 1, 2], [0, 1, 3, 0]),
    nothing: () => pad(x(2, 3), [0, 0], [0, 0]),
  },
  Flip: {
    columns: () => flip(x(2, 3, 4, 5), [3]),
    "rows and columns": () => flip(x(2, 1, 3, 4), [2, 3]),
    "no axis": () => flip(x(2, 3), []),
  },
  MatMul: {
    matrices: () => matMul(x(3, 4), input("b", [4, 2])),
    "stacks of matrices": () => matMul(x(2, 3, 4, 5), input("b", [2, 3, 5, 2])),
    "one matrix from the left": () => matMul(x(3, 4), input("b", [2, 3, 4, 2])),
    "one matrix from the right": () => matMul(x(2, 3, 4), input("b", [4, 2])),
    "broadcast over channels": () => matMul(x(2, 1, 3, 4), input("b", [2, 3, 4, 5])),
  },
  GridSample: {
    linear: () => gridSample(x(2, 3, 4, 5), input("grid", [2, 3, 6, 2]), "linear"),
    nearest: () => gridSample(x(2, 3, 4, 5), input("grid", [2, 3, 6, 2]), "nearest"),
  },
  DepthToSpace: {
    "blocks of 2": () => depthToSpace(x(2, 12, 3, 5), 2),
    "blocks of 3": () => depthToSpace(x(1, 9, 2, 2), 3),
  },
  FakeQuantise: {
    // Powers of two, so that float32 and float64 divide alike.
    "an image as uint8": () =>
      fakeQuantise(x(2, 3, 4, 5), { type: "uint8", scales: Float32Array.of(1 / 128), zeroPoint: 100 }),
    "a weight as int8, a scale for each result": () =>
      fakeQuantise(constant(Float32Array.of(0.3, -0.7, 0.1, 2, -3, 1.1), [3, 2, 1, 1]), {
        type: "int8",
        scales: Float32Array.of(1 / 64, 1 / 32, 1 / 16),
        zeroPoint: 0,
      }),
    "a bias as int32": () =>
      fakeQuantise(constant(Float32Array.of(100, -0.3)), {
        type: "int32",
        scales: Float32Array.of(2 ** -20, 2 ** -10),
        zeroPoint: 0,
      }),
    halves: () =>
      fakeQuantise(constant(Float32Array.of(0.5, 1.5, 2.5, -0.5, -1.5), [1, 5]), {
        type: "int8",
        scales: Float32Array.of(1),
        zeroPoint: 0,
      }),
  },
  OneHot: {
    "of whole floats": () => oneHot(tied(2, 3, 3), 2),
    "some labels to ignore": () => oneHot(input("labels", [2, 4, 5], "uint8"), 6),
    "one class": () => oneHot(input("labels", [2, 3, 3], "uint8"), 1),
  },
  Conv: {
    ...convCases((shapes, window) => conv(input("x", shapes.x), input("w", shapes.w), windowOf(window))),
    "3x3 stride 2 with a bias": () =>
      conv(
        x(2, 3, 5, 7),
        input("w", [4, 3, 3, 3]),
        { strides: [2, 2], pads: [1, 1, 1, 1] },
        input("bias", [4]),
      ),
    "1x1 with a bias": () =>
      conv(
        x(2, 3, 5, 7),
        input("w", [4, 3, 1, 1]),
        { strides: [1, 1], pads: [0, 0, 0, 0] },
        input("bias", [4]),
      ),
  },
  ConvTranspose: {
    ...convCases((shapes, window) =>
      convTranspose(input("y", shapes.y), input("w", shapes.w), { ...windowOf(window), size: window.size }),
    ),
    "2x2 stride 2 with a bias": () =>
      convTranspose(
        input("y", [2, 4, 3, 5]),
        input("w", [4, 3, 2, 2]),
        { strides: [2, 2], pads: [0, 0, 0, 0], size: [6, 10] },
        input("bias", [3]),
      ),
    "3x3 with a bias": () =>
      convTranspose(
        input("y", [2, 4, 3, 5]),
        input("w", [4, 3, 3, 3]),
        { strides: [1, 1], pads: [1, 1, 1, 1], size: [3, 5] },
        input("bias", [3]),
      ),
  },
  ConvWeightGrad: {
    ...convCases((shapes, window) =>
      convWeightGrad(input("x", shapes.x), input("y", shapes.y), {
        ...windowOf(window),
        kernel: window.kernel,
      }),
    ),
    // The thinner of the two is moved by columns: here y, of one image and of two.
    ...Object.fromEntries(
      [1, 2].map((n) => [
        `5 to 2 channels, batch ${n}, uneven padding`,
        () =>
          convWeightGrad(input("x", [n, 5, 6, 7]), input("y", [n, 2, 7, 5]), {
            strides: [1, 1],
            pads: [2, 0, 1, 1],
            kernel: [3, 4],
          }),
      ]),
    ),
  },
  MaxPool: poolCases(x, (from, kernel) => maxPool(from, { kernel })),
  MaxPoolGrad: {
    ...poolCases(x, maxPoolGrad),
    ties: () => maxPoolGrad(tied(2, 3, 5, 6), [2, 2]),
    "3x3 ties": () => maxPoolGrad(tied(2, 3, 7, 6), [3, 3]),
  },
  ChannelAffine: {
    image: () => channelAffine(x(2, 3, 4, 5), input("scale", [3]), input("shift", [3])),
    "one channel": () => channelAffine(x(2, 1, 3, 2), input("scale", [1]), input("shift", [1])),
  },
  Norm: {
    ...normCases((from, attrs) =>
      norm(from, input("scale", channels(from)), input("shift", channels(from)), attrs),
    ),
    // ORT adds x * a and shift - mean * a: with a small epsilon their rounding would drown the comparison.
    "over instances of one pixel": () =>
      norm(x(2, 3, 1, 1), input("scale", [3]), input("shift", [3]), { over: "instance", epsilon: 1e-2 }),
  },
  NormInputGrad: normCases((from, attrs) =>
    makeValue("NormInputGrad", [from, input("scale", channels(from)), input("dy", from.shape)], attrs),
  ),
  NormScaleGrad: normCases((from, attrs) =>
    makeValue("NormScaleGrad", [from, input("dy", from.shape)], attrs),
  ),
};

/** Every case as [operation, what is special, value], for test.each. */
export const allCases: readonly (readonly [Op, string, Value])[] = (Object.keys(cases) as Op[]).flatMap(
  (op) => Object.entries(cases[op]).map(([name, make]) => [op, name, make()] as const),
);
