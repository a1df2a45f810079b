import { describe, expect, test } from "vitest";
import { makeCleanUpMeter } from "../../src/metrics/clean-up.ts";

const LABELS = [
  { id: 0, name: "background" },
  { id: 1, name: "organ" },
  { id: 2, name: "pair" },
];
const SHAPE = [8, 2, 2] as const;
const volume = (rows: readonly string[]): Uint8Array => Uint8Array.from(rows.join(""), Number);
const TRUTH = volume(["11100022", "11100000", "11100022", "00000000"]);

describe("makeCleanUpMeter()", () => {
  test("keeps the largest component of a label where specks are wrong, and leaves an organ in two parts whole", () => {
    const meter = makeCleanUpMeter(LABELS);
    const prediction = volume(["11100122", "11100000", "11100022", "22000000"]);
    const before = prediction.slice();
    meter.add({ truth: TRUTH, prediction, shape: SHAPE });
    expect(meter.result()).toEqual([1, 2]);
    expect(prediction).toEqual(before);
    // In another man both parts of the pair are true.
    const two = volume(["22000022", "22000022", "00000000", "00000000"]);
    meter.add({ truth: two, prediction: two, shape: SHAPE });
    expect(meter.result()).toEqual([1]);
  });

  test("does nothing where there is nothing to gain", () => {
    const meter = makeCleanUpMeter(LABELS);
    expect(meter.result()).toEqual([]);
    meter.add({ truth: TRUTH, prediction: TRUTH, shape: SHAPE });
    expect(meter.result()).toEqual([]);
  });
});
