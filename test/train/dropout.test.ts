import { expect, it } from "vitest";
import { float32Of } from "../../src/runtime/runtime.ts";
import { drawDropoutMasks } from "../../src/train/dropout.ts";

const specs = [{ name: "encoder0.dropout0", rate: 0.25, shape: [4, 100, 1, 1] }];
const draw = (seed: number, step: number) =>
  float32Of(drawDropoutMasks(specs, { seed, step }), "encoder0.dropout0");

it("drawDropoutMasks() zeros the given share and scales the rest, so that the mean stays", () => {
  const mask = draw(1, 0);
  expect(new Set(mask)).toEqual(new Set([0, Math.fround(4 / 3)]));
  const mean = mask.reduce((sum, value) => sum + value, 0) / mask.length;
  expect(mean).toBeGreaterThan(0.9);
  expect(mean).toBeLessThan(1.1);
});

it("drawDropoutMasks() draws for a part what the whole batch has there", () => {
  const part = specs.map((spec) => ({ ...spec, shape: [1, 100, 1, 1] }));
  const masks = [0, 1, 2, 3].flatMap((at) => [
    ...float32Of(drawDropoutMasks(part, { seed: 1, step: 5, at }), "encoder0.dropout0"),
  ]);
  expect(masks).toEqual([...draw(1, 5)]);
});

it("drawDropoutMasks() is a function of seed and step", () => {
  expect(draw(1, 5)).toEqual(draw(1, 5));
  expect(draw(1, 5)).not.toEqual(draw(1, 6));
  expect(draw(1, 5)).not.toEqual(draw(2, 5));
});
