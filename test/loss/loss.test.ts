import { describe, expect, test } from "vitest";
import { gradient } from "../../src/autodiff/gradient.ts";
import { input } from "../../src/graph/build.ts";
import type { Shape } from "../../src/graph/value.ts";
import { IGNORE_LABEL, type LossWeights, segmentationLoss } from "../../src/loss/loss.ts";
import { float32Of } from "../../src/runtime/runtime.ts";
import { runModel } from "../support/check.ts";

const onlyCrossEntropy: LossWeights = { crossEntropy: 1, dice: 0 };
const onlyDice: LossWeights = { crossEntropy: 0, dice: 1 };
const both: LossWeights = { crossEntropy: 1, dice: 1 };

interface Data {
  readonly shape: Shape;
  readonly logits: readonly number[];
  readonly labels: readonly number[];
}

/** The loss and d loss / d logits, by ONNX Runtime. */
async function run({ shape, logits, labels }: Data, weights: LossWeights) {
  const [n, , height, width] = shape as readonly [number, number, number, number];
  const x = input("logits", shape);
  const loss = segmentationLoss(x, input("labels", [n, height, width], "uint8"), weights);
  const slope = gradient(loss, [x])[0]!;
  const results = await runModel(
    { outputs: { loss, slope } },
    {
      logits: { dtype: "float32", shape, data: Float32Array.from(logits) },
      labels: { dtype: "uint8", shape: [n, height, width], data: Uint8Array.from(labels) },
    },
  );
  expect(results.loss!.shape).toEqual([1]);
  return { loss: float32Of(results, "loss")[0]!, slope: Array.from(float32Of(results, "slope")) };
}

/** Pixel 0: probabilities 1/4 and 3/4, truth 1. Pixel 1: 1/2 and 1/2, truth 0. */
const twoPixels: Data = { shape: [1, 2, 1, 2], logits: [0, 0, Math.log(3), 0], labels: [1, 0] };

describe("by hand, on 1x2x1x2 logits", () => {
  test("cross-entropy is the mean of -log p(truth); its slope is (p - truth) / pixels", async () => {
    const { loss, slope } = await run(twoPixels, onlyCrossEntropy);
    // (-ln 3/4 - ln 1/2) / 2
    expect(loss).toBeCloseTo(Math.log(8 / 3) / 2, 6);
    // Label 0: (1/4 - 0) / 2, (1/2 - 1) / 2. Label 1: (3/4 - 1) / 2, (1/2 - 0) / 2.
    for (const [i, expected] of [1 / 8, -1 / 4, -1 / 8, 1 / 4].entries())
      expect(slope[i]).toBeCloseTo(expected, 6);
  });
  test("soft Dice leaves the background out and adds 1 above and below", async () => {
    const { loss, slope } = await run(twoPixels, onlyDice);
    // Overlap 3/4, sum of p 5/4, of truth 1: 1 - (2 * 3/4 + 1) / (5/4 + 1 + 1)
    expect(loss).toBeCloseTo(1 - 10 / 13, 6);
    // d loss / d p: (dice - 2 truth) / 3.25, here -16/13 and 10/13 over 3.25; d p / d logit 1 is p (1 - p), of logit 0 minus that.
    const first = ((-16 / 13 / 3.25) * 3) / 16;
    const second = 10 / 13 / 3.25 / 4;
    for (const [i, expected] of [-first, -second, first, second].entries())
      expect(slope[i]).toBeCloseTo(expected, 6);
  });
  test("their weighted sum", async () => {
    const { loss } = await run(twoPixels, { crossEntropy: 2, dice: 0.5 });
    expect(loss).toBeCloseTo(Math.log(8 / 3) + 0.5 * (3 / 13), 6);
  });
  test("a pixel labelled 255 counts for nothing", async () => {
    const data: Data = { ...twoPixels, labels: [1, IGNORE_LABEL] };
    const { loss, slope } = await run(data, onlyCrossEntropy);
    expect(loss).toBeCloseTo(Math.log(4 / 3), 6);
    expect([slope[1]!, slope[3]!].map(Math.abs)).toEqual([0, 0]);
    const dice = await run(data, onlyDice);
    // Overlap 3/4, sum of p 3/4, of truth 1
    expect(dice.loss).toBeCloseTo(1 - 2.5 / 2.75, 6);
    expect([dice.slope[1]!, dice.slope[3]!].map(Math.abs)).toEqual([0, 0]);
  });
});

test("Dice sums over the batch, not image by image", async () => {
  // The two pixels above as two images. By image it would be 1 - (10/11 + 2/3) / 2.
  const { loss } = await run(
    { shape: [2, 2, 1, 1], logits: [0, Math.log(3), 0, 0], labels: [1, 0] },
    onlyDice,
  );
  expect(loss).toBeCloseTo(3 / 13, 6);
});

test("Dice is the mean over foreground labels, and one that is nowhere scores 1", async () => {
  // Label 1 is right at pixel 0 of 2, label 2 neither there nor predicted; background elsewhere.
  const data: Data = { shape: [1, 3, 1, 2], logits: [-60, 60, 60, -60, -60, -60], labels: [1, 1] };
  const { loss } = await run(data, onlyDice);
  // Label 1: (2 * 1 + 1) / (1 + 2 + 1) = 3/4; label 2: 1 / 1
  expect(loss).toBeCloseTo(1 - (3 / 4 + 1) / 2, 6);
});

test("a perfect prediction has no loss, the worst nearly all of it", async () => {
  const truth = Array.from({ length: 16 }, (_, i) => i % 2);
  const scores = (sign: number): number[] =>
    [0, 1].flatMap((k) => truth.map((t) => (t === k ? 60 : -60) * sign));
  const shape = [1, 2, 4, 4];
  expect((await run({ shape, logits: scores(1), labels: truth }, both)).loss).toBeCloseTo(0, 6);
  const worst = { shape, logits: scores(-1), labels: truth };
  // Overlap 0, sums 8 and 8
  expect((await run(worst, onlyDice)).loss).toBeCloseTo(1 - 1 / 17, 6);
  expect((await run(worst, onlyCrossEntropy)).loss).toBeCloseTo(120, 4);
});

test("a batch without any truth has loss 0 and gradient 0", async () => {
  const data: Data = { ...twoPixels, labels: [IGNORE_LABEL, IGNORE_LABEL] };
  for (const weights of [onlyCrossEntropy, onlyDice, both]) {
    const { loss, slope } = await run(data, weights);
    expect(loss).toBeCloseTo(0, 6);
    expect(slope.map(Math.abs)).toEqual([0, 0, 0, 0]);
  }
});

test("scores of any size give finite losses and gradients", async () => {
  const data: Data = { shape: [1, 2, 1, 2], logits: [3e4, -3e4, -3e4, 3e4], labels: [1, 1] };
  const { loss, slope } = await run(data, both);
  // Cross-entropy 6e4 and 0; Dice overlap 1, sums 1 and 2
  expect(loss).toBeCloseTo(3e4 + 0.25, 1);
  for (const each of slope) expect(Number.isFinite(each)).toBe(true);
});

test("a loss of nothing is refused", () => {
  const logits = input("logits", [1, 2, 1, 2]);
  const labels = input("labels", [1, 1, 2], "uint8");
  expect(() => segmentationLoss(logits, labels, { crossEntropy: 0, dice: 0 })).toThrow(
    new RangeError("A loss needs a weight above 0 for cross-entropy or Dice"),
  );
});
