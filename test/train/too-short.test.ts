import { describe, expect, test } from "vitest";
import { planSteps } from "../../src/train/plan.ts";
import { presetConfig } from "../../src/train/recipes.ts";
import { leastSteps, shortMinutes, tooShort } from "../../src/train/too-short.ts";

// Batches of 8 slices, 4 of them oversampled: of 160 slices a pass is 40 steps.
const config = { ...presetConfig("pelvis"), batchSize: 8, oversample: 0.5 };
const measured = { stepMs: 500, validationMs: 23_000 };

test("leastSteps() is a pass over the slices, within bounds", () => {
  expect([1, 160, 100_000].map((slices) => leastSteps(config, slices))).toEqual([25, 40, 100]);
});

describe("shortMinutes()", () => {
  test("tells of too few steps, and how many minutes would do", () => {
    expect(shortMinutes({ ...config, minutes: 0.4 }, 160, measured)).toBe(
      "too short to learn from: 0.4 minutes leave 2 steps (500 ms each, a validation 23 s), and 40 are the least (one pass over the 160 training slices); give --minutes 0.72 or more",
    );
    expect(shortMinutes({ ...config, minutes: 0.4 }, 4000, measured)).toContain(
      "and 100 are the least (one pass over the 4000 training slices is 1000)",
    );
  });

  test.each([
    [160, 500, 23_000],
    [8, 10, 5000],
    [100_000, 700, 120_000],
    [1, 0.3, 0],
    [4000, 90_000, 2_000_000],
  ])("the minutes that it names do, and a tenth fewer do not (%i slices)", (slices, stepMs, validationMs) => {
    const costs = { stepMs, validationMs };
    const short = shortMinutes({ ...config, minutes: 1e-6 }, slices, costs);
    const minutes = Number(/give --minutes ([\d.e-]+) or more$/.exec(short ?? "")?.[1]);
    const stepsIn = (of: number) => planSteps({ ...config, minutes: of }, slices, costs).steps;
    expect(stepsIn(minutes)).toBeGreaterThanOrEqual(leastSteps(config, slices));
    expect(stepsIn(0.85 * minutes)).toBeLessThan(leastSteps(config, slices));
    expect(shortMinutes({ ...config, minutes }, slices, costs)).toBeUndefined();
  });

  test("says nothing of steps or epochs that were stated", () => {
    expect(shortMinutes({ ...config, epochs: 1 }, 4, measured)).toBeUndefined();
    expect(shortMinutes({ ...config, steps: 1, minutes: 1 }, 4, measured)).toBeUndefined();
  });
});

test("tooShort() tells of a training that is over, the same on every machine", () => {
  expect(tooShort({ ...config, minutes: 0.4, steps: 1 }, 160)).toBe(
    "trained too short to judge the network by: 1 step, and 40 are the least (one pass over the 160 training slices)",
  );
  expect(tooShort({ ...config, minutes: 0.4, steps: 40 }, 160)).toBeUndefined();
  expect(tooShort({ ...config, steps: 1 }, 160)).toBeUndefined();
  // A model that training starts from is good already.
  const finetune = { from: "model.onnx" };
  expect(tooShort({ ...config, minutes: 0.4, steps: 1, finetune }, 160)).toBeUndefined();
  expect(tooShort({ ...config, minutes: 0.4, steps: 1, finetune: { from: null } }, 160)).toBeDefined();
});
