import { describe, expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import {
  add,
  cast,
  concat,
  conv,
  convTranspose,
  exp,
  input,
  leakyRelu,
  lessEqual,
  logSoftmax,
  makeValue,
  maxPool,
  mul,
  norm,
  oneHot,
  reduceSum,
  slice,
} from "../../src/graph/build.ts";
import type { Normalisation, Window } from "../../src/graph/ops.ts";
import { type Shape, topologicalOrder, type Value } from "../../src/graph/value.ts";
import { float32Of } from "../../src/runtime/runtime.ts";
import {
  directionalErrors,
  drawFeeds,
  inputsOf,
  relativeError,
  runModel,
  toTensors,
} from "../support/check.ts";
import { evaluate, type Feeds } from "../support/evaluate.ts";

const x = input("x", [3]);
const feeds = { x: Float64Array.of(1, -2, 0.5) };
const slopes = (loss: Value, target: Value, of: Feeds = feeds): number[] =>
  Array.from(evaluate(gradient(loss, [target]), of)[0]!);

describe("where paths meet, cotangents add", () => {
  test("a value used twice by one operation", () => {
    expect(slopes(reduceSum(mul(x, x)), x)).toEqual([2, -4, 1]);
  });
  test("a value on a long and a short path", () => {
    // x³ + x
    expect(slopes(reduceSum(add(mul(mul(x, x), x), x)), x)).toEqual([4, 13, 1.75]);
  });
  test("a value with three consumers", () => {
    expect(slopes(reduceSum(add(add(mul(x, 2), mul(x, 3)), mul(x, 5))), x)).toEqual([10, 10, 10]);
  });
});

describe("targets", () => {
  test("may lie inside the graph, one behind another, twice, or be the loss itself", () => {
    const y = mul(x, x);
    const loss = reduceSum(mul(y, 3));
    const found = evaluate(gradient(loss, [x, y, x, loss]), feeds).map((values) => Array.from(values));
    expect(found).toEqual([[6, -12, 3], [3, 3, 3], [6, -12, 3], [1]]);
  });
  test("each gradient has its target's shape", () => {
    const scalar = input("scalar", []);
    const [d] = gradient(reduceSum(mul(input("matrix", [2, 3]), scalar)), [scalar]);
    expect(d!.shape).toEqual([]);
  });
  test("a loss may have any rank, as long as it has one element", () => {
    const loss = reduceSum(mul(input("image", [2, 1, 2, 2]), 3));
    expect(loss.shape).toEqual([1, 1, 1, 1]);
    expect(gradient(loss, [inputsOf([loss])[0]!])[0]!.shape).toEqual([2, 1, 2, 2]);
  });
});

describe("what leads to no target is not computed", () => {
  const weight = input("weight", [2, 1, 3, 3]);
  const image = input("image", [1, 1, 4, 5]);
  const loss = reduceSum(conv(image, weight, { strides: [1, 1], pads: [1, 1, 1, 1] }));
  const opsOf = (values: readonly Value[]): string[] => topologicalOrder(values).map(({ op }) => op);

  test("no gradient of the image when only the weight is asked for", () => {
    const ops = opsOf(gradient(loss, [weight]));
    expect(ops).toContain("ConvWeightGrad");
    expect(ops).not.toContain("ConvTranspose");
  });
  test("no gradient of the weight when only the image is asked for", () => {
    const ops = opsOf(gradient(loss, [image]));
    expect(ops).toContain("ConvTranspose");
    expect(ops).not.toContain("ConvWeightGrad");
  });
  test("a branch without a target is not entered, even where it has no rule", () => {
    const labels = input("labels", [3], "uint8");
    const total = reduceSum(add(mul(x, 2), exp(cast(labels))));
    expect(opsOf(gradient(total, [x]))).toEqual(["Constant", "Expand", "Expand", "Constant", "Mul"]);
  });
  test("a linear loss needs no forward value", () => {
    expect(opsOf(gradient(reduceSum(mul(x, 2)), [x]))).not.toContain("Input");
  });
});

describe("errors", () => {
  test("a loss with several elements", () => {
    expect(() => gradient(leakyRelu(x, 0, "hidden"), [x])).toThrow(
      new RangeError('Cannot differentiate "hidden": a loss has one element, got [3]'),
    );
  });
  test("a target that the loss does not use", () => {
    expect(() => gradient(reduceSum(x), [x, input("other", [1])])).toThrow(
      new RangeError('The loss does not depend on "other"'),
    );
  });
  test("a target behind a step function", () => {
    expect(() => gradient(reduceSum(lessEqual(x, 0)), [x])).toThrow(
      new RangeError('The loss does not depend on "x"'),
    );
  });
  test("a target of integers", () => {
    const labels = input("labels", [3], "uint8");
    expect(() => gradient(reduceSum(cast(labels)), [labels])).toThrow(
      new RangeError('Cannot differentiate through Cast ""'),
    );
  });
  test("an operation of first derivatives only", () => {
    const image = input("image", [1, 1, 2, 2]);
    const pooled = maxPool(image, { kernel: [2, 2] });
    const back = makeValue("MaxPoolGrad", [image, pooled, pooled], { kernel: [2, 2] }, "pool0");
    expect(() => gradient(reduceSum(back), [image])).toThrow(
      new RangeError('Cannot differentiate through MaxPoolGrad "pool0"'),
    );
  });
});

/** The loss of a one-level U-Net on images of an odd width, with labels to ignore. */
function networkLoss(over: Normalisation["over"], alpha: number): Value {
  const same: Window = { strides: [1, 1], pads: [1, 1, 1, 1] };
  const none: Window = { strides: [1, 1], pads: [0, 0, 0, 0] };
  const parameter = (name: string, ...shape: Shape): Value => input(name, shape);
  const image = input("image", [2, 1, 6, 7]);
  const skip = leakyRelu(
    norm(
      conv(image, parameter("first.weight", 3, 1, 3, 3), same, parameter("first.bias", 3)),
      parameter("scale", 3),
      parameter("shift", 3),
      { over, epsilon: 1e-5 },
    ),
    alpha,
  );
  const inner = leakyRelu(
    conv(
      maxPool(skip, { kernel: [2, 2] }),
      parameter("inner.weight", 5, 3, 3, 3),
      same,
      parameter("inner.bias", 5),
    ),
    alpha,
  );
  const up = convTranspose(
    inner,
    parameter("up.weight", 5, 3, 2, 2),
    { ...none, strides: [2, 2], size: [6, 6] },
    parameter("up.bias", 3),
  );
  const joined = concat([slice(skip, [0, 0, 0, 0], [0, 0, 0, 1]), up], 1);
  const logits = conv(joined, parameter("last.weight", 4, 6, 1, 1), none, parameter("last.bias", 4));
  const truth = oneHot(input("labels", [2, 6, 6], "uint8"), 4);
  return mul(reduceSum(mul(logSoftmax(logits), truth)), -1 / 72);
}

describe.each([
  ["instance", 0.01],
  ["batch", 0],
] as const)("a whole network, norm over %s, alpha %d", (over, alpha) => {
  const loss = networkLoss(over, alpha);
  const data = drawFeeds([loss]);

  test("its gradient is the slope in a random direction", () => {
    const { "first.bias": _, ...errors } = directionalErrors(loss, data);
    expect(Object.keys(errors)).toHaveLength(10);
    for (const [name, error] of Object.entries(errors)) expect(error, name).toBeLessThanOrEqual(1e-6);
  });

  test("a bias before a normalisation has no influence", () => {
    const bias = inputsOf([loss]).find(({ attrs }) => attrs.name === "first.bias")!;
    for (const value of evaluate(gradient(loss, [bias]), data)[0]!)
      expect(Math.abs(value)).toBeLessThan(1e-12);
  });

  test("ONNX Runtime computes loss and gradients alike", async () => {
    const targets = inputsOf([loss]).filter(({ dtype }) => dtype === "float32");
    const names = targets.map(({ attrs }) => attrs.name);
    const gradients = gradient(loss, targets);
    const outputs: Record<string, Value> = { loss };
    for (const [i, name] of names.entries()) outputs[`d ${name}`] = gradients[i]!;
    const found = await runModel({ outputs }, toTensors([loss], data));
    const expected = evaluate(Object.values(outputs), data);
    const largest = Math.max(...expected.flatMap((values) => Array.from(values, Math.abs)));
    for (const [i, name] of Object.keys(outputs).entries()) {
      const result = float32Of(found, name);
      if (name === "d first.bias") {
        for (const value of result) expect(Math.abs(value)).toBeLessThanOrEqual(1e-5 * largest);
      } else expect(relativeError(result, expected[i]!), name).toBeLessThanOrEqual(1e-4);
    }
  });
});
