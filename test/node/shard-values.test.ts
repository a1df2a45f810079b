import fc from "fast-check";
import { expect, test } from "vitest";
import { packJson, unpackJson } from "../../src/node/shard-values.ts";

test("gives back every number, and pixels", () => {
  const value = {
    numbers: [0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    nothing: null,
    bytes: Uint8Array.of(0, 255, 3),
    floats: Float32Array.of(1.5, Number.NaN, -0),
    doubles: Float64Array.of(0.1),
    words: ["NaN", ""],
  };
  expect(unpackJson(packJson(value))).toEqual(value);
});

test("gives back a part of a larger array alone", () => {
  expect(unpackJson(packJson(Float32Array.of(1, 2, 3).subarray(1)))).toEqual(Float32Array.of(2, 3));
});

test("gives back whatever JSON can hold", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(unpackJson(packJson(value))).toEqual(value);
    }),
  );
});

test("leaves out what is undefined", () => {
  expect(packJson({ a: undefined, b: 1 })).toBe('{"b":1}');
});
