import { describe, expect, test } from "vitest";
import { constant, conv, input } from "../../src/graph/build.ts";
import { buildModel } from "../../src/onnx/model.ts";
import { structureSize } from "../../src/onnx/structure-size.ts";

function modelOf(channels: number): Uint8Array {
  const weight = constant(new Float32Array(channels * 9), [channels, 1, 3, 3], "weight");
  const y = conv(input("x", [1, 1, 8, 8]), weight, { strides: [1, 1], pads: [1, 1, 1, 1] });
  return buildModel({ outputs: { y } });
}

describe("structureSize()", () => {
  test("counts all but raw weights", () => {
    const bytes = modelOf(1000);
    const size = structureSize(bytes, 1e6)!;
    expect(size).toBeLessThan(500);
    expect(bytes.length - size).toBe(36_000);
  });
  test("stops soon after there is more than allowed", () => {
    expect(structureSize(modelOf(1), 10)).toBeGreaterThan(10);
    // Two bytes a field: field 1, a varint of 0.
    const many = new Uint8Array(2e6).map((_, i) => (i % 2 === 0 ? 8 : 0));
    expect(structureSize(many, 1000)).toBe(1002);
  });
  test.each([
    ["a message cut short", modelOf(3).subarray(0, 100)],
    ["a length beyond the end", Uint8Array.of(0x3a, 0x7f, 1)],
    ["text", new TextEncoder().encode("not a model")],
  ])("is undefined of %s", (_, bytes) => {
    expect(structureSize(bytes, 1e6)).toBeUndefined();
  });
});
