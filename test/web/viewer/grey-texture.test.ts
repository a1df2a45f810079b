import { describe, expect, test } from "vitest";
import { greyBytes, slabsOf } from "../../../web/src/viewer/grey-texture.ts";

describe("greys", () => {
  test("run from black to white over the window, opacity to a half", () => {
    const out = new Uint8Array(12);
    greyBytes(Float32Array.from([-5, 10, 10.001, 61, 110, Number.NaN]), { low: 10, high: 110 }, out);
    expect([...out].filter((_, i) => i % 2 === 0)).toEqual([0, 0, 2, 130, 255, 0]);
    expect([...out].filter((_, i) => i % 2 === 1)).toEqual([0, 0, 1, 65, 128, 0]);
  });

  test("of a window without width are black and white", () => {
    const out = new Uint8Array(4);
    greyBytes(Float32Array.from([3, 4]), { low: 3, high: 3 }, out);
    expect([out[0], out[2]]).toEqual([0, 255]);
  });
});

describe("slabs", () => {
  test("cover the volume, a slice at least each", () => {
    for (const shape of [
      [256, 256, 128],
      [5, 4, 3],
      [2048, 2048, 7],
    ] as const) {
      const { slices, count } = slabsOf(shape);
      expect(slices).toBeGreaterThanOrEqual(1);
      expect(slices * count).toBeGreaterThanOrEqual(shape[2]);
      expect(slices * (count - 1)).toBeLessThan(shape[2]);
    }
  });
});
