import { expect, test } from "vitest";
import { makeBatchDice } from "../../src/report/batch-dice.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

test("counts are pooled over the batch's slices, then the labels' Dice are averaged", () => {
  const batches = makeBatchDice([1, 2], 2);
  // Label 1: truth 3, prediction 2, overlap 2; label 2: truth 1, prediction 2, overlap 1.
  batches.add({ truth: bytes(1, 1, 0, 0, 1, 2, 0, 0), prediction: bytes(1, 1, 0, 0, 2, 2, 0, 0), length: 4 });
  expect(batches.points()).toEqual([{ x: 1, value: (4 / 5 + 2 / 3) / 2 }]);
});

test("a batch goes on from one volume to the next, and the last may be smaller", () => {
  const batches = makeBatchDice([1], 2);
  batches.add({ truth: bytes(1, 1, 1), prediction: bytes(1, 0, 1), length: 1 });
  batches.add({ truth: bytes(1, 1), prediction: bytes(0, 1), length: 1 });
  // Slices 1+2, 3+4, 5.
  expect(batches.points()).toEqual([
    { x: 1, value: 2 / 3 },
    { x: 2, value: 2 / 3 },
    { x: 3, value: 1 },
  ]);
});

test("a label in neither mask is left out; in one of them it counts as 0; a batch without labels has no point", () => {
  const batches = makeBatchDice([1, 2], 1);
  batches.add({ truth: bytes(1, 0, 0, 0, 1, 0), prediction: bytes(1, 0, 0, 0, 1, 2), length: 2 });
  expect(batches.points()).toEqual([
    { x: 1, value: 1 },
    { x: 3, value: 0.5 },
  ]);
});

test("points may be asked for twice", () => {
  const batches = makeBatchDice([1], 4);
  batches.add({ truth: bytes(1), prediction: bytes(1), length: 1 });
  expect(batches.points()).toEqual([{ x: 1, value: 1 }]);
  expect(batches.points()).toEqual([{ x: 1, value: 1 }]);
});
