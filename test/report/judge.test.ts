import { expect, test } from "vitest";
import type { CaseEntry, DecodedCase } from "../../src/dataset/types.ts";
import { makeAffine } from "../../src/nifti/affine.ts";
import type { Predictor } from "../../src/predict/predictor.ts";
import { judge } from "../../src/report/judge.ts";
import { makeCard } from "../support/model-card.ts";

const LABELS = [
  { id: 0, name: "background" },
  { id: 1, name: "gland" },
];

function entryOf(id: string): CaseEntry {
  return { id, patient: id, split: "test", files: [{ name: id, image: id, mask: id }] };
}

/** Three slices of 2 x 1 pixels; the intensities are the labels that the predictor below gives. */
function decodedOf(entry: CaseEntry, mask: number[], predicted: number[]): DecodedCase {
  return {
    entry,
    width: 2,
    height: 1,
    depth: 3,
    spacingMm: [1, 1, 1],
    image: Float32Array.from(predicted),
    mask: Uint8Array.from(mask),
    grid: {
      shape: [2, 1, 3],
      spacingMm: [1, 1, 1],
      affine: makeAffine([1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 1, 0]),
    },
    orientation: "LPS",
    hasSpacing: true,
    isReversed: false,
    warnings: [],
  };
}

const predictor: Predictor = {
  card: makeCard({ labels: LABELS }),
  predict: async (stack) => Uint8Array.from(stack.image),
  dispose: async () => undefined,
};

test("metrics, rows and batches come from one pass over the cases", async () => {
  const [good, bad] = [entryOf("good"), entryOf("bad")];
  const loads: string[] = [];
  const progress: unknown[] = [];
  const cases = new Map([
    [good, decodedOf(good, [0, 0, 1, 1, 0, 1], [0, 0, 1, 1, 0, 1])],
    [bad, decodedOf(bad, [0, 1, 1, 1, 0, 0], [0, 0, 1, 0, 0, 0])],
  ]);
  const data = {
    labels: LABELS,
    load: async (entry: CaseEntry) => {
      loads.push(entry.id);
      return cases.get(entry)!;
    },
  };
  const judgement = await judge(predictor, [good, bad], data, {
    split: "test",
    seed: 1,
    batchSize: 2,
    distances: false,
    onCase: (now) => progress.push(now),
  });
  expect(loads).toEqual(["good", "bad"]);
  expect(progress).toEqual([
    { done: 1, total: 2, id: "good" },
    { done: 2, total: 2, id: "bad" },
  ]);
  expect(judgement.metrics.split).toBe("test");
  expect(judgement.metrics.labels[0]?.dice.perVolume).toEqual({ mean: 0.75, n: 2 });
  expect(judgement.metrics.cases[0]?.labels[0]?.hd95Mm).toBeNull();
  expect(judgement.rows.map(({ title }) => title)).toEqual([
    "First, best: good, slice 1, volume's mean Dice 1.000",
    "Worst: bad, slice 1, volume's mean Dice 0.500",
  ]);
  // Slices of both volumes in one row of batches: 1+2, 3+4, 5+6.
  expect(judgement.batchDice).toEqual([
    { x: 1, value: 1 },
    { x: 2, value: 2 / 3 },
    { x: 3, value: 2 / 3 },
  ]);
  expect(judgement.batchSize).toBe(2);
});

test("distances are measured where they are asked for", async () => {
  const entry = entryOf("a");
  const data = { labels: LABELS, load: async () => decodedOf(entry, [0, 1, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0]) };
  const { metrics } = await judge(predictor, [entry], data, {
    split: "validate",
    seed: 1,
    batchSize: 1,
    distances: true,
  });
  expect(metrics.cases[0]?.labels[0]?.hd95Mm).toBe(1);
});
