import { expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import {
  add,
  concat,
  conv,
  convTranspose,
  input,
  mul,
  neg,
  reduceSum,
  slice,
} from "../../src/graph/build.ts";
import { rewrite, splitConvolutions } from "../../src/graph/rewrite.ts";
import { topologicalOrder, type Value } from "../../src/graph/value.ts";
import { drawFeeds, relativeError } from "../support/check.ts";
import { evaluate } from "../support/evaluate.ts";

const WINDOW = { strides: [1, 1], pads: [1, 1, 1, 1] } as const;
const BLOCK = 4;

/** A convolution of two images joined by their channels, and its gradients in both and in the weight. */
function joinedConvolution({ channels = 4, extent = 24 } = {}): Value[] {
  const images = [input("a", [2, channels, extent, extent]), input("b", [2, 8, extent, extent])];
  const weight = input("w", [4, channels + 8, 3, 3]);
  const bias = input("bias", [4]);
  const result = conv(concat(images, 1), weight, WINDOW, bias);
  const loss = reduceSum(mul(result, input("projection", result.shape)));
  return [result, ...gradient(loss, [...images, weight, bias])];
}

const opsOf = (outputs: readonly Value[]): readonly string[] => topologicalOrder(outputs).map(({ op }) => op);
const count = (outputs: readonly Value[], op: string): number =>
  opsOf(outputs).filter((each) => each === op).length;

test("a convolution of joined images becomes a sum of convolutions, with the same numbers", () => {
  const before = joinedConvolution();
  const after = splitConvolutions(before, BLOCK);
  expect([count(before, "Conv"), count(before, "ConvTranspose"), count(before, "ConvWeightGrad")]).toEqual([
    1, 1, 1,
  ]);
  expect([count(after, "Conv"), count(after, "ConvTranspose"), count(after, "ConvWeightGrad")]).toEqual([
    2, 2, 2,
  ]);
  // Only gradients of weights are joined, and only weights are cut.
  const whole = (op: string): readonly Value[] =>
    topologicalOrder(after).filter((value) => value.op === op && value.shape.at(-1) === 24);
  expect(whole("Concat")).toEqual([]);
  expect(whole("Slice")).toEqual([]);
  const feeds = drawFeeds(before);
  const found = evaluate(after, feeds);
  for (const [i, expected] of evaluate(before, feeds).entries()) {
    expect(after[i]!.shape).toEqual(before[i]!.shape);
    expect(relativeError(found[i]!, expected)).toBeLessThan(1e-12);
  }
});

test("nothing changes where the images that are cut were made with a bias", () => {
  const y = input("y", [1, 4, 24, 24]);
  const whole = convTranspose(y, input("w", [4, 8, 3, 3]), { ...WINDOW, size: [24, 24] }, input("bias", [8]));
  const before = [slice(whole, [0, 4, 0, 0], [0, 0, 0, 0])];
  expect(splitConvolutions(before, BLOCK)).toEqual(before);
});

test.each([
  ["channels do not fill whole blocks", { channels: 6 }],
  ["images are hardly larger than the weight", { extent: 6 }],
])("nothing changes where %s", (_, options) => {
  const before = joinedConvolution(options);
  expect(opsOf(splitConvolutions(before, BLOCK))).toEqual(opsOf(before));
});

test("rewriting keeps what no rule touches, and follows what one does", () => {
  const [a, b] = [input("a", [2]), input("b", [2])];
  const sum = add(a, b);
  const outputs = [neg(sum), mul(a, b)];
  const [first, second] = rewrite(outputs, (value) => (value === sum ? a : undefined));
  expect(first!.inputs).toEqual([a]);
  expect(second).toBe(outputs[1]);
});
