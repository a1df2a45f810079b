import { describe, expect, it } from "vitest";
import { estimateMs, planSteps } from "../../src/train/plan.ts";
import { presetConfig } from "../../src/train/recipes.ts";

// Batches of 8 slices, 4 of them oversampled.
const config = { ...presetConfig("pelvis"), batchSize: 8, oversample: 0.5 };
const measured = { stepMs: 100, validationMs: 1000 };

describe("planSteps()", () => {
  it("turns epochs into passes over the slices", () => {
    expect(planSteps({ ...config, epochs: 3 }, 20, measured)).toEqual({ steps: 15, stepsPerEpoch: 5 });
    expect(planSteps({ ...config, epochs: 3, oversample: 0 }, 20, measured)).toEqual({
      steps: 9,
      stepsPerEpoch: 3,
    });
    expect(planSteps(config, 4, measured)).toEqual({ steps: 30, stepsPerEpoch: 1 });
  });
  it("obeys steps that are given, or were stored by an earlier session", () => {
    expect(planSteps({ ...config, steps: 7, minutes: 5 }, 800, measured)).toEqual({
      steps: 7,
      stepsPerEpoch: 7,
    });
    expect(planSteps({ ...config, steps: 70, stepsPerEpoch: 20 }, 8, measured)).toEqual({
      steps: 70,
      stepsPerEpoch: 20,
    });
  });
  it("fits steps and validations into the minutes", () => {
    const plan = planSteps({ ...config, minutes: 2 }, 400, measured);
    expect(plan.stepsPerEpoch).toBe(100);
    const ms = estimateMs(plan, 0, measured);
    expect(ms).toBeLessThanOrEqual(120_000);
    expect(ms).toBeGreaterThan(115_000);
  });
  it("validates more rarely where validation is slow", () => {
    const plan = planSteps({ ...config, minutes: 10 }, 8, { stepMs: 10, validationMs: 5000 });
    expect(plan.stepsPerEpoch * 10).toBeGreaterThanOrEqual(7 * 5000);
  });
  it("validates eight times at least, where an epoch would be longer", () => {
    const { stepsPerEpoch } = planSteps({ ...config, minutes: 2 }, 8000, measured);
    expect(stepsPerEpoch).toBe(150);
  });
  it("takes at least one step", () => {
    expect(planSteps({ ...config, minutes: 0.001 }, 800, { stepMs: 9000, validationMs: 90_000 })).toEqual({
      steps: 1,
      stepsPerEpoch: 1,
    });
  });
});

it("estimateMs() of a resumed run counts what is left", () => {
  expect(estimateMs({ steps: 100, stepsPerEpoch: 50 }, 50, measured)).toBe(50 * 100 + 1000);
});
