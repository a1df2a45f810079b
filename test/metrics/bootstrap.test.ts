import { describe, expect, it } from "vitest";
import { makeRandom } from "../../src/core/random.ts";
import { mean } from "../../src/core/statistics.ts";
import { type BootstrapOptions, makePatientBootstrap } from "../../src/metrics/bootstrap.ts";

/** Of one value per patient. */
const bootstrapMean = (values: readonly number[], options: BootstrapOptions) =>
  makePatientBootstrap(values.length, options).ratio({ sums: values, counts: values.map(() => 1) });

describe("the interval of a mean", () => {
  it("is null for fewer than two values", () => {
    expect(bootstrapMean([], { seed: 1 })).toBeNull();
    expect(bootstrapMean([0.8], { seed: 1 })).toBeNull();
  });

  it("depends on the seed and on nothing else", () => {
    const values = [0.5, 0.6, 0.9, 0.7, 0.81];
    expect(bootstrapMean(values, { seed: 3 })).toEqual(bootstrapMean(values, { seed: 3 }));
    expect(bootstrapMean(values, { seed: 3 })).not.toEqual(bootstrapMean(values, { seed: 4 }));
  });

  it("is a point where all values agree", () => {
    expect(bootstrapMean([0.5, 0.5, 0.5], { seed: 0 })).toEqual([0.5, 0.5]);
  });

  it("of two values spans them: each end has a quarter of the draws", () => {
    expect(bootstrapMean([0, 1], { seed: 0 })).toEqual([0, 1]);
  });

  it("comes near the normal interval for many values", () => {
    const random = makeRandom(7, "test");
    const values = Array.from({ length: 400 }, () => random.normal());
    const [low, high] = bootstrapMean(values, { seed: 5 })!;
    // Standard error 1 / sqrt(400) = 0.05, so the interval is 2 * 1.96 * 0.05 = 0.196 wide.
    expect(high - low).toBeGreaterThan(0.17);
    expect(high - low).toBeLessThan(0.22);
    expect((low + high) / 2).toBeCloseTo(mean(values), 1);
  });

  it("rejects a number of resamples that is none", () => {
    expect(() => bootstrapMean([1, 2], { seed: 0, resamples: 0 })).toThrow(
      new RangeError("resamples must be an integer >= 1, got 0"),
    );
  });
});
