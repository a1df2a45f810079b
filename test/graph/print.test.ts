import { expect, test } from "vitest";
import { add, constant, conv, input, leakyRelu, maxPool, oneHot, reduceSum } from "../../src/graph/build.ts";
import { printGraph } from "../../src/graph/print.ts";

test("a graph prints one line a value, in order of use, without a constant's numbers", () => {
  const x = input("image", [2, 1, 5, 6]);
  const weight = constant(new Float32Array(27), [3, 1, 3, 3]);
  const hidden = leakyRelu(
    conv(x, weight, { strides: [1, 1], pads: [1, 1, 1, 1] }, input("bias", [3]), "encoder0.conv0"),
    0.01,
    "encoder0.relu0",
  );
  const pooled = maxPool(hidden, { kernel: [2, 2] });
  const labels = oneHot(input("labels", [2, 2, 3], "uint8"), 3);
  const both = add(pooled, labels);
  expect(printGraph([reduceSum(both), hidden])).toMatchInlineSnapshot(`
    "%0 = Input() {name: "image", shape: [2,1,5,6], dtype: "float32"} : float32[2,1,5,6]  # image
    %1 = Constant() {shape: [3,1,3,3]} : float32[3,1,3,3]
    %2 = Input() {name: "bias", shape: [3], dtype: "float32"} : float32[3]  # bias
    %3 = Conv(%0, %1, %2) {strides: [1,1], pads: [1,1,1,1]} : float32[2,3,5,6]  # encoder0.conv0
    %4 = LeakyRelu(%3) {alpha: 0.01} : float32[2,3,5,6]  # encoder0.relu0
    %5 = MaxPool(%4) {kernel: [2,2]} : float32[2,3,2,3]
    %6 = Input() {name: "labels", shape: [2,2,3], dtype: "uint8"} : uint8[2,2,3]  # labels
    %7 = OneHot(%6) {depth: 3} : float32[2,3,2,3]
    %8 = Add(%5, %7) : float32[2,3,2,3]
    %9 = ReduceSum(%8) {axes: [0,1,2,3]} : float32[1,1,1,1]
    return %9, %4"
  `);
});

test("equal graphs print alike, and a value used twice is printed once", () => {
  const build = () => {
    const x = input("x", [2]);
    return add(x, x);
  };
  expect(printGraph([build()])).toBe(printGraph([build()]));
  expect(printGraph([build()])).toMatchInlineSnapshot(`
    "%0 = Input() {name: "x", shape: [2], dtype: "float32"} : float32[2]  # x
    %1 = Add(%0, %0) : float32[2]
    return %1"
  `);
});
