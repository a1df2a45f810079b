import { describe, expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import { unbroadcast, vjpRules } from "../../src/autodiff/vjp.ts";
import { input, maxPool, minimum, mul, reduceMax, reduceSum, stopGradient } from "../../src/graph/build.ts";
import type { Op } from "../../src/graph/ops.ts";
import { allCases, cases } from "../support/cases.ts";
import { directionalErrors, drawFeeds, inputsOf, randomProjection } from "../support/check.ts";
import { evaluate } from "../support/evaluate.ts";

/** What the rule of an operation promises; a new operation does not compile without a line here. */
const promises: { readonly [K in Op]: "gradient" | "no rule" | "stops" } = {
  Input: "no rule",
  Constant: "no rule",
  Cast: "no rule",
  OneHot: "no rule",
  GridSample: "no rule",
  DepthToSpace: "no rule",
  FakeQuantise: "no rule",
  MaxPoolGrad: "no rule",
  NormInputGrad: "no rule",
  NormScaleGrad: "no rule",
  StopGradient: "stops",
  Add: "gradient",
  Sub: "gradient",
  Mul: "gradient",
  Div: "gradient",
  Minimum: "gradient",
  Power: "gradient",
  MatMul: "gradient",
  Flip: "gradient",
  LessEqual: "gradient",
  Neg: "gradient",
  Exp: "gradient",
  Log: "gradient",
  Sqrt: "gradient",
  LeakyRelu: "gradient",
  LeakyReluGrad: "gradient",
  ReduceSum: "gradient",
  ReduceMax: "gradient",
  Reshape: "gradient",
  Transpose: "gradient",
  Expand: "gradient",
  Concat: "gradient",
  Slice: "gradient",
  Pad: "gradient",
  Conv: "gradient",
  ConvTranspose: "gradient",
  ConvWeightGrad: "gradient",
  MaxPool: "gradient",
  ChannelAffine: "gradient",
  Norm: "gradient",
};

test.each(Object.keys(cases) as Op[])("%s has cases and keeps its promise of a rule", (op) => {
  expect(Object.keys(cases[op]).length).toBeGreaterThan(0);
  expect(vjpRules[op] === null).toBe(promises[op] === "no rule");
});

test.each(allCases)("the case %s, %s is of that operation", (op, _, value) => {
  expect(value.op).toBe(op);
});

// At ties and at zero a difference across the kink says nothing: those are checked by hand below.
const smooth = allCases.filter(
  ([op, , value]) =>
    promises[op] === "gradient" &&
    value.dtype === "float32" &&
    inputsOf([value]).every(({ attrs }) => !attrs.name.startsWith("tied")),
);
describe("the gradient is the slope in a random direction", () => {
  test.each(smooth)("%s, %s", (_, __, value) => {
    const loss = randomProjection(value);
    const errors = directionalErrors(loss, drawFeeds([loss]));
    expect(Object.keys(errors).length).toBeGreaterThan(0);
    for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThanOrEqual(1e-6);
  });
});

describe("at kinks", () => {
  /** d sum(y * projection) / d x, in float64. */
  const slopes = (
    y: ReturnType<typeof input>,
    x: ReturnType<typeof input>,
    feeds: Record<string, Float64Array>,
  ) => Array.from(evaluate(gradient(randomProjection(y), [x]), feeds)[0]!);

  test("tied maxima of a pooling window share, left-over rows and columns get nothing", () => {
    const x = input("x", [1, 1, 3, 5]);
    const data = Float64Array.of(7, 7, 1, 2, 9, 7, 3, 0, 2, 9, 8, 8, 8, 8, 8);
    const found = slopes(maxPool(x, { kernel: [2, 2] }), x, { x: data, projection: Float64Array.of(6, -4) });
    expect(found).toEqual([2, 2, 0, -2, 0, 2, 0, 0, -2, 0, 0, 0, 0, 0, 0]);
  });
  test("tied maxima of a reduction share", () => {
    const x = input("x", [2, 3]);
    const feeds = { x: Float64Array.of(5, 1, 5, 2, 3, 1), projection: Float64Array.of(8, 3) };
    expect(slopes(reduceMax(x, [1]), x, feeds)).toEqual([4, 0, 4, 0, 3, 0]);
  });
  test("the first of equal operands of a minimum takes all", () => {
    const a = input("a", [3]);
    const b = input("b", [3]);
    const feeds = {
      a: Float64Array.of(1, 2, 3),
      b: Float64Array.of(1, 3, 2),
      projection: Float64Array.of(5, 6, 7),
    };
    expect(slopes(minimum(a, b), a, feeds)).toEqual([5, 6, 0]);
    expect(slopes(minimum(a, b), b, feeds)).toEqual([0, 0, 7]);
  });
});

test("no gradient flows through stopGradient", () => {
  const x = input("x", [2, 3]);
  const loss = reduceSum(mul(x, stopGradient(x)));
  const feeds = drawFeeds([loss]);
  expect(evaluate(gradient(loss, [x]), feeds)[0]).toEqual(feeds.x);
});

test("unbroadcast() gives back the very cotangent where nothing was stretched", () => {
  const g = input("g", [2, 3]);
  expect(unbroadcast(g, [2, 3])).toBe(g);
  expect(unbroadcast(g, [3]).shape).toEqual([3]);
  expect(unbroadcast(g, [2, 1]).shape).toEqual([2, 1]);
  expect(unbroadcast(g, []).shape).toEqual([]);
});
