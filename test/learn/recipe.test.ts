import { expect, test } from "vitest";
import { learningConfig } from "../../src/learn/recipe.ts";
import { makeCard } from "../support/model-card.ts";
import { SMALL_UNET } from "./support.ts";

const card = makeCard({ preset: "pelvis", unet: { ...SMALL_UNET, deepSupervision: 1 } });

test("a recipe keeps the model's network, canvas and images, and learns mirrored what is segmented mirrored", () => {
  const inference = { ...card.inference, mirrored: ["width" as const] };
  const config = learningConfig({ ...card, inference }, { seed: 5 }, 80);
  expect(config.unet).toEqual(SMALL_UNET);
  expect(config).toMatchObject({
    seed: 5,
    input: {
      mode: "pad",
      normalise: "zscore",
      size: { width: 12, height: 10 },
      spacingMm: "file",
      neighbours: 0,
    },
    augment: { mirror: { width: true, height: false } },
    keep: "last",
    steps: 80,
    stepsPerEpoch: 20,
    batchSize: 4,
    finetune: { frozen: "none" },
  });
  expect(learningConfig(card, { seed: 5 }, 80).augment.mirror.width).toBe(false);
});

test("a recipe has the loss of the model's preset, where that is known", () => {
  expect(learningConfig({ ...card, preset: "seed" }, { seed: 1 }, 80).loss.dice).toBe(0);
  expect(learningConfig({ ...card, preset: "of another version" }, { seed: 1 }, 80).loss.dice).toBe(1);
});

test("smaller batches take proportionally smaller steps, and large images make small batches", () => {
  const rate = (batchSize: number): number =>
    learningConfig(card, { seed: 1, batchSize }, 80).schedule.learningRate;
  expect(rate(2)).toBeCloseTo(rate(4) / 2, 12);
  expect(rate(16)).toBe(rate(8));
  expect(learningConfig(card, { seed: 1, learningRate: 0.25 }, 80).schedule.learningRate).toBe(0.25);
  const input = { ...card.input, canvas: { width: 512, height: 512 } };
  const wide = { ...card, input, unet: { ...SMALL_UNET, baseWidth: 32, levels: 5 } };
  expect(learningConfig(wide, { seed: 1 }, 80).batchSize).toBe(1);
});
