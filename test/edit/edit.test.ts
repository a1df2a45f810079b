import { describe, expect, test } from "vitest";
import { applyRuns, editBytes, invertRuns } from "../../src/edit/edit.ts";

// 30 voxels: one of 1 becomes 2, twenty of 0 become 1.
const runs = {
  starts: Uint32Array.of(1, 5),
  lengths: Uint32Array.of(1, 20),
  before: Uint8Array.of(1, 0),
  after: Uint8Array.of(2, 1),
};
const start = (): Uint8Array => new Uint8Array(30).with(1, 1);
const countsOf = (mask: Uint8Array): Uint32Array => {
  const counts = new Uint32Array(256);
  for (const value of mask) counts[value]!++;
  return counts;
};

describe("applyRuns()", () => {
  test("writes what came after, short runs and long ones, and keeps the counts", () => {
    const mask = start();
    const counts = countsOf(mask);
    applyRuns(mask, runs, counts);
    expect(mask).toEqual(Uint8Array.from({ length: 30 }, (_, i) => (i === 1 ? 2 : i >= 5 && i < 25 ? 1 : 0)));
    expect(counts).toEqual(countsOf(mask));
  });

  test("goes back with the inverse", () => {
    const mask = start();
    const counts = countsOf(mask);
    applyRuns(mask, runs, counts);
    applyRuns(mask, invertRuns(runs), counts);
    expect(mask).toEqual(start());
    expect(counts).toEqual(countsOf(mask));
  });
});

test("editBytes() counts ten for a run", () => {
  expect(editBytes(runs)).toBe(220);
});
