import { describe, expect, test } from "vitest";
import { learningRateAt, type ScheduleConfig } from "../../src/optimizer/schedule.ts";

const base: ScheduleConfig = { kind: "constant", learningRate: 0.8, warmupSteps: 0, power: 0.9 };
const curve = (config: ScheduleConfig, total: number): number[] =>
  Array.from({ length: total }, (_, step) => learningRateAt(config, step, total));
function expectCurve(found: readonly number[], expected: readonly number[]): void {
  expect(found).toHaveLength(expected.length);
  for (const [step, rate] of expected.entries()) expect(found[step], `step ${step}`).toBeCloseTo(rate, 12);
}

test("constant", () => {
  expect(curve(base, 3)).toEqual([0.8, 0.8, 0.8]);
});

test("poly falls with the share that is done, to the power 0.9", () => {
  expectCurve(curve({ ...base, kind: "poly" }, 4), [
    0.8,
    0.8 * 0.75 ** 0.9,
    0.8 * 0.5 ** 0.9,
    0.8 * 0.25 ** 0.9,
  ]);
});

test("poly of power 1 is a line", () => {
  expectCurve(curve({ ...base, kind: "poly", power: 1 }, 4), [0.8, 0.6, 0.4, 0.2]);
});

test("cosine falls along half a wave", () => {
  // cos 0, 60, 90 and 120 degrees at steps 0, 2, 3 and 4 of 6
  const rates = curve({ ...base, kind: "cosine" }, 6);
  expectCurve([rates[0]!, rates[2]!, rates[3]!, rates[4]!], [0.8, 0.6, 0.4, 0.2]);
});

describe("warm-up", () => {
  test("rises in equal parts to the full rate, which the step after it has", () => {
    expectCurve(curve({ ...base, warmupSteps: 3 }, 5), [0.2, 0.4, 0.6, 0.8, 0.8]);
  });
  test("the fall begins where it ends", () => {
    expectCurve(
      curve({ ...base, kind: "poly", power: 1, warmupSteps: 3 }, 7),
      [0.2, 0.4, 0.6, 0.8, 0.6, 0.4, 0.2],
    );
    expectCurve(
      curve({ ...base, kind: "cosine", warmupSteps: 1 }, 7).filter((_, step) =>
        [0, 1, 3, 4, 5].includes(step),
      ),
      [0.4, 0.8, 0.6, 0.4, 0.2],
    );
  });
  test("longer than the run, it never divides by zero", () => {
    expectCurve(curve({ ...base, kind: "poly", warmupSteps: 3 }, 2), [0.2, 0.4]);
    expect(learningRateAt({ ...base, kind: "poly", warmupSteps: 3 }, 3, 3)).toBe(0.8);
  });
});

test.each(["poly", "cosine"] as const)("%s is 0 from the last step on", (kind) => {
  for (const step of [10, 11, 1000]) expect(learningRateAt({ ...base, kind }, step, 10)).toBe(0);
});
