import { describe, expect, test } from "vitest";
import { holm, pairByPatient, signFlipP, testPairs } from "../../src/metrics/paired.ts";
import type { CaseMetrics } from "../../src/metrics/types.ts";
import { makeCaseLabel } from "../support/metrics.ts";
import fixture from "./fixtures/paired.json" with { type: "json" };

const scored = (id: string, patient: string, dice: number | null): CaseMetrics => ({
  id,
  patient,
  labels: [makeCaseLabel({ dice })],
});
const byDice = (one: CaseMetrics, other: CaseMetrics): readonly [number, number] | null => {
  const [a, b] = [one.labels[0]!.dice, other.labels[0]!.dice];
  return a === null || b === null ? null : [a, b];
};

describe("signFlipP()", () => {
  test.each(fixture.exact)(
    "is scipy's exact p of $differences.length differences: $p",
    ({ differences, p }) => {
      expect(signFlipP(differences, 0)).toBeCloseTo(p, 12);
    },
  );

  test("of many patients is near scipy's p of 200,000 draws", () => {
    for (const { differences, p } of fixture.drawn) {
      // Four standard errors of 20,000 draws.
      expect(Math.abs(signFlipP(differences, 1)! - p)).toBeLessThan(
        4 * Math.sqrt((p * (1 - p)) / 20_000) + 1e-4,
      );
    }
  });

  test("the smallest p of n patients is 2 / 2^n, and no p is 0", () => {
    expect(signFlipP([1, 2, 3, 4, 5], 0)).toBe(2 / 32);
    expect(
      signFlipP(
        Array.from({ length: 40 }, () => 1),
        0,
      ),
    ).toBe(1 / 20_001);
    expect(signFlipP([0.1], 0)).toBe(1);
    expect(signFlipP([0, 0, 0], 0)).toBe(1);
    expect(signFlipP([], 0)).toBeNull();
  });

  test("does not go by the scale of the figures, their order or their sign", () => {
    const differences = [0.1, -0.02, 0.3, 0.07, 0.11, -0.01];
    const p = signFlipP(differences, 0);
    for (const same of [
      differences.map((d) => d * 1000),
      [...differences].reverse(),
      differences.map((d) => -d),
    ])
      expect(signFlipP(same, 0)).toBe(p);
  });

  test("depends on the seed alone where it is drawn", () => {
    const differences = Array.from({ length: 20 }, (_, i) => Math.sin(i) + 0.2);
    expect(signFlipP(differences, 3)).toBe(signFlipP(differences, 3));
    expect(signFlipP(differences, 3)).not.toBe(signFlipP(differences, 4));
  });
});

test.each(fixture.holm)("holm() of $p", ({ p, corrected }) => {
  const found = holm(p);
  expect(found.map((each) => Number(each!.toPrecision(12)))).toEqual(
    corrected.map((each) => Number(each.toPrecision(12))),
  );
  expect(holm([null, ...p])).toEqual([null, ...found]);
});

describe("pairByPatient()", () => {
  test("averages the volumes of a patient first, in any order of the cases; undefined ones are left out", () => {
    const one = [
      scored("a1", "a", 0.5),
      scored("a2", "a", 0.7),
      scored("b1", "b", 0.9),
      scored("b2", "b", null),
    ];
    const other = [
      scored("b2", "b", 0),
      scored("b1", "b", 0.8),
      scored("a2", "a", 0.9),
      scored("a1", "a", 0.7),
    ];
    const { pairs, leftOut } = pairByPatient(one, other, byDice);
    expect(leftOut).toBe(1);
    expect(pairs.map(({ patient, volumes }) => [patient, volumes])).toEqual([
      ["a", 2],
      ["b", 1],
    ]);
    expect(pairs[0]!.baseline).toBeCloseTo(0.6, 12);
    expect(pairs[0]!.other).toBeCloseTo(0.8, 12);
  });

  test("refuses other cases", () => {
    expect(() => pairByPatient([scored("a", "a", 1)], [scored("b", "b", 1)], byDice)).toThrow(RangeError);
    expect(() => pairByPatient([scored("a", "a", 1)], [], byDice)).toThrow(RangeError);
  });
});

describe("testPairs()", () => {
  const pairs = [0.1, 0.2, 0.05, 0, 0.1, -0.02].map((d, i) => ({
    patient: `${i}`,
    baseline: 0.5,
    other: 0.5 + d,
    volumes: 1,
  }));

  test("counts, averages and draws the interval over patients", () => {
    const found = testPairs({ pairs, leftOut: 2 }, { seed: 0 });
    expect(found).toMatchObject({ patients: 6, leftOut: 2, larger: 4, equal: 1, smaller: 1, isExact: true });
    expect(found.difference).toBeCloseTo(0.43 / 6, 12);
    const [low, high] = found.ci95!;
    expect(low).toBeLessThan(found.difference!);
    expect(high).toBeGreaterThan(found.difference!);
    expect(low).toBeGreaterThan(-0.02);
    expect(high).toBeLessThan(0.2);
  });

  test("of no or one patient has no interval", () => {
    expect(testPairs({ pairs: [], leftOut: 3 }, { seed: 0 })).toMatchObject({
      patients: 0,
      difference: null,
      ci95: null,
      p: null,
    });
    expect(testPairs({ pairs: pairs.slice(0, 1), leftOut: 0 }, { seed: 0 })).toMatchObject({
      ci95: null,
      p: 1,
    });
  });
});
