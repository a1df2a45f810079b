import { expect, test } from "vitest";
import { cardMetrics } from "../../src/report/card-metrics.ts";
import { makeLabelMetrics, makeMetrics } from "../support/metrics.ts";

test("takes the figures of each label with their counts and intervals, to six digits", () => {
  const nothing = { mean: null, n: 0 };
  const label = makeLabelMetrics({
    name: "rectum",
    dice: {
      perVolume: { mean: 2 / 3, n: 3 },
      perPatient: { mean: 0.5, n: 2 },
      pooled: nothing,
      perSlicePresent: nothing,
    },
    hd95Mm: { mean: 4.12345678, n: 2, infinite: 1 },
    missed: 1,
    falseAlarms: 2,
    ci95: { dicePerPatient: [1 / 3, 1], dicePerVolume: [0, 2 / 3] },
  });
  const metrics = makeMetrics({
    split: "validate",
    convention: "By the book",
    patients: 2,
    foregroundMean: 2 / 3,
    ci95: { foregroundMean: [0.1, 0.2] },
    labels: [label, makeLabelMetrics()],
    cases: ["a", "b", "c"].map((id) => ({ id, patient: "p", labels: [] })),
  });
  expect(cardMetrics(metrics, "validate")).toEqual({
    split: "validate",
    patients: 2,
    volumes: 3,
    convention: "By the book",
    foregroundMeanDice: 0.666667,
    ci95: [0.1, 0.2],
    labels: [
      {
        name: "rectum",
        dicePerVolume: 0.666667,
        ci95DicePerVolume: [0, 0.666667],
        ci95DicePerPatient: [0.333333, 1],
        hd95Mm: 4.123457,
        missed: 1,
        falseAlarms: 2,
      },
      {
        name: "prostate",
        dicePerVolume: null,
        ci95DicePerVolume: null,
        ci95DicePerPatient: null,
        hd95Mm: null,
        missed: 0,
        falseAlarms: 0,
      },
    ],
  });
});
