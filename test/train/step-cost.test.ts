import { describe, expect, test } from "vitest";
import type { FittedConfig } from "../../src/train/config.ts";
import { mergeConfig, resolveConfig } from "../../src/train/recipes.ts";
import { stepCost } from "../../src/train/step-cost.ts";

/** As prepare() fits it. */
function fitted(changes: Readonly<Record<string, unknown>> = {}): FittedConfig {
  const planned = {
    unet: { levels: 3, baseWidth: 16, classes: 4 },
    input: { size: { width: 64, height: 64 }, neighbours: 0 },
    batchSize: 8,
    oversample: 0.5,
    augment: { strength: 1, mirror: { width: true, height: false } },
    schedule: { learningRate: 0.005 },
  };
  return resolveConfig(mergeConfig(planned, changes), "test") as FittedConfig;
}
const cost = stepCost(fitted());

describe("stepCost()", () => {
  test.each([
    { seed: 5 },
    { schedule: { learningRate: 0.1, kind: "cosine" } },
    { loss: { crossEntropy: 0.5, dice: 2 } },
    { optimizer: { weightDecay: 0.3, beta1: 0.8 } },
    { averageDecay: 0.9 },
    { clipNorm: 0 },
    { oversample: 0.25 },
    { augment: { strength: 0.4, noise: { probability: 0.7 } } },
    { unet: { negativeSlope: 0.2, initialisation: "pytorch" } },
    { minutes: 3, keep: "last", split: { seed: 9 } },
  ])("is the same whatever does not bear on a step's time: %j", (changes) => {
    expect(stepCost(fitted(changes))).toBe(cost);
  });

  test.each([
    { unet: { baseWidth: 8 } },
    { unet: { dropout: 0.1 } },
    { unet: { attention: true } },
    { input: { size: { width: 64, height: 32 } } },
    { batchSize: 4 },
    { microBatch: 2 },
    { threads: 1 },
    { loss: { dice: 0 } },
    { loss: { labelSmoothing: 0.1 } },
    { optimizer: { kind: "sgd" } },
    { optimizer: { weightDecay: 0 } },
    { averageDecay: 0 },
    { augment: { strength: 0 } },
    { augment: { elastic: { probability: 0.2, pixels: 3 } } },
    { inference: { mirror: false } },
    { finetune: { from: "model.onnx", frozen: "encoder" } },
  ])("differs with what does: %j", (changes) => {
    expect(stepCost(fitted(changes))).not.toBe(cost);
  });

  test("does not know a preset by its name", () => {
    expect(stepCost({ ...fitted(), preset: "seed" })).toBe(cost);
  });
});
