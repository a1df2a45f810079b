import { describe, expect, test } from "vitest";
import { drawnSlices, whyNothing } from "../../../web/src/state/drawn-slices.ts";

describe("slices that hold a label", () => {
  test("are found along each axis", () => {
    const mask = new Uint8Array(4 * 3 * 2);
    mask[1 + 4 * (0 + 3 * 0)] = 5;
    mask[3 + 4 * (2 + 3 * 0)] = 5;
    mask[0] = 2;
    expect(drawnSlices(mask, [4, 3, 2], 5, 0)).toEqual([1, 3]);
    expect(drawnSlices(mask, [4, 3, 2], 5, 1)).toEqual([0, 2]);
    expect(drawnSlices(mask, [4, 3, 2], 5, 2)).toEqual([0]);
    expect(drawnSlices(mask, [4, 3, 2], 1, 2)).toEqual([]);
  });
});

test("why nothing was filled", () => {
  expect(whyNothing([])).toEqual({ why: "none" });
  expect(whyNothing([4])).toEqual({ why: "one" });
  expect(whyNothing([4, 5, 6])).toEqual({ why: "no gap", first: 4, last: 6 });
  expect(whyNothing([4, 8])).toEqual({ why: "no overlap" });
});
