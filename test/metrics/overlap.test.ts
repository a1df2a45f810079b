import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countOverlap, diceOf, iouOf } from "../../src/metrics/overlap.ts";
import { drawSlice } from "./masks.ts";

describe("countOverlap", () => {
  it("counts every label in one pass", () => {
    // truth      prediction
    // 1122       1222
    // 1.22       11.2
    const truth = drawSlice("1122", "1.22");
    const prediction = drawSlice("1222", "11.2");
    const [one, two, three] = countOverlap(truth, prediction, 8, [1, 2, 3]);
    expect(one!.counts).toEqual({ truth: 3, prediction: 3, overlap: 2 });
    expect(two!.counts).toEqual({ truth: 4, prediction: 4, overlap: 3 });
    expect(three!.counts).toEqual({ truth: 0, prediction: 0, overlap: 0 });
    expect(diceOf(one!.counts)).toBeCloseTo(4 / 6, 12);
    expect(iouOf(one!.counts)).toBe(2 / 4);
    expect(iouOf(two!.counts)).toBe(3 / 5);
  });

  it("takes the slices' Dice only where the truth has the label", () => {
    // slice 0: 11 against 1. -> 2/3; slice 1: .. against 11, not present; slice 2: 1. against .. -> 0
    const truth = drawSlice("11", "..", "1.");
    const prediction = drawSlice("1.", "11", "..");
    const [one] = countOverlap(truth, prediction, 2, [1]);
    expect(one!.slicesPresent.n).toBe(2);
    expect(one!.slicesPresent.diceSum).toBeCloseTo(2 / 3, 12);
    expect(one!.counts).toEqual({ truth: 3, prediction: 3, overlap: 1 });
  });

  it("counts a voxel with truth 255 nowhere", () => {
    const [one] = countOverlap(drawSlice("1??."), drawSlice("111."), 4, [1]);
    expect(one!.counts).toEqual({ truth: 1, prediction: 1, overlap: 1 });
    const [none] = countOverlap(drawSlice("??"), drawSlice("11"), 2, [1]);
    expect(none!.counts).toEqual({ truth: 0, prediction: 0, overlap: 0 });
    expect(none!.slicesPresent).toEqual({ diceSum: 0, n: 0 });
  });

  it("rejects arrays that do not fit together", () => {
    expect(() => countOverlap(new Uint8Array(4), new Uint8Array(5), 2, [1])).toThrow(
      new RangeError("Truth has 4 voxels, but the prediction 5"),
    );
    expect(() => countOverlap(new Uint8Array(4), new Uint8Array(4), 3, [1])).toThrow(
      new RangeError("4 voxels are no whole number of slices of 3"),
    );
  });

  it("gives the same Dice and IoU with truth and prediction swapped, within [0, 1]", () => {
    const mask = fc.uint8Array({ minLength: 12, maxLength: 12, max: 3 });
    fc.assert(
      fc.property(mask, mask, (truth, prediction) => {
        const ids = [1, 2, 3];
        const there = countOverlap(truth, prediction, 4, ids);
        const back = countOverlap(prediction, truth, 4, ids);
        for (const k of ids.keys()) {
          const dice = diceOf(there[k]!.counts);
          const iou = iouOf(there[k]!.counts);
          expect(diceOf(back[k]!.counts)).toBe(dice);
          expect(iouOf(back[k]!.counts)).toBe(iou);
          if (dice === null || iou === null) {
            expect(iou).toBe(dice);
            continue;
          }
          expect(dice).toBeGreaterThanOrEqual(0);
          expect(dice).toBeLessThanOrEqual(1);
          expect(iou).toBeCloseTo(dice / (2 - dice), 12);
        }
      }),
      { seed: 4 },
    );
  });
});

describe("diceOf and iouOf", () => {
  it("are null of two empty masks and 0 of one", () => {
    expect(diceOf({ truth: 0, prediction: 0, overlap: 0 })).toBeNull();
    expect(iouOf({ truth: 0, prediction: 0, overlap: 0 })).toBeNull();
    expect(diceOf({ truth: 3, prediction: 0, overlap: 0 })).toBe(0);
    expect(iouOf({ truth: 0, prediction: 3, overlap: 0 })).toBe(0);
  });
});
