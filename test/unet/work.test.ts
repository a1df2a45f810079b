import { expect, test } from "vitest";
import { presets } from "../../src/unet/presets.ts";
import { inferenceOperations } from "../../src/unet/work.ts";

test("inferenceOperations() of the seed's network at 256 x 256: a third of the 219 GFLOP of a training step", () => {
  const operations = inferenceOperations(presets.seed, { width: 256, height: 256 });
  expect(operations / 1e9).toBeCloseTo(219 / 3, 0);
});

test("inferenceOperations() of one level, by hand", () => {
  const config = { ...presets.seed, levels: 1, baseWidth: 2, classes: 3 };
  const [full, half] = [8 * 8, 4 * 4];
  const by3x3 = (pixels: number, from: number, to: number) => 2 * 9 * pixels * from * to;
  const expected =
    by3x3(full, 1, 2) +
    by3x3(full, 2, 2) +
    by3x3(half, 2, 4) +
    by3x3(half, 4, 4) +
    // The up-convolution: each pixel below gives a square of two by two.
    2 * half * 4 * (2 * 2 * 2) +
    by3x3(full, 4, 2) +
    by3x3(full, 2, 2) +
    2 * full * 2 * 3;
  expect(inferenceOperations(config, { width: 8, height: 8 })).toBe(expected);
});
