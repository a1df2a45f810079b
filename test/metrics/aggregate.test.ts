import { describe, expect, it, test } from "vitest";
import { aggregate } from "../../src/metrics/aggregate.ts";
import { scoreCase } from "../../src/metrics/score-case.ts";
import { formatMetricsTable, formatMetricsTables, formatRescoredTable } from "../../src/metrics/table.ts";
import type { CaseMetrics } from "../../src/metrics/types.ts";
import { makeLabelMetrics } from "../support/metrics.ts";
import { drawSlice } from "./masks.ts";

const BLADDER_AND_PROSTATE = [
  { id: 0, name: "background" },
  { id: 3, name: "bladder" },
  { id: 5, name: "prostate" },
];

function row(patient: string, week: number, truth: string, prediction: string): CaseMetrics {
  return scoreCase({
    id: `${patient}_week_${week}`,
    patient,
    truth: drawSlice(truth),
    prediction: drawSlice(prediction),
    shape: [truth.length, 1, 1],
    spacingMm: [1, 1, 1],
    labels: BLADDER_AND_PROSTATE,
  });
}

// patient 41 week 0   bladder: 8 of 8, Dice 1   prostate: 1 of 2, Dice 2/3
//            week 1   bladder: missed           prostate: missed
// patient 40          bladder: false alarm      prostate: Dice 1
// patient 42          bladder: undefined        prostate: undefined
const CASES = [
  row("case_041", 0, "3333333355", "33333333.5"),
  row("case_041", 1, "33......5.", ".........."),
  row("case_040", 0, "55........", "55......3."),
  row("case_042", 0, "..........", ".........."),
];

const METRICS = aggregate(CASES, { split: "test", labels: BLADDER_AND_PROSTATE, seed: 1 });

describe("aggregate", () => {
  const [bladder, prostate] = METRICS.labels;

  it("has a row per foreground label and never one for background", () => {
    expect(METRICS.labels.map(({ id, name }) => [id, name])).toEqual([
      [3, "bladder"],
      [5, "prostate"],
    ]);
  });

  it("averages over the volumes where the label is defined", () => {
    expect(bladder!.dice.perVolume).toEqual({ mean: 1 / 3, n: 3 });
    expect(prostate!.dice.perVolume.n).toBe(3);
    expect(prostate!.dice.perVolume.mean).toBeCloseTo((2 / 3 + 0 + 1) / 3, 12);
    expect(prostate!.iou.mean).toBeCloseTo((1 / 2 + 0 + 1) / 3, 12);
  });

  it("averages each patient first, so that weekly scans do not count twice", () => {
    expect(bladder!.dice.perPatient).toEqual({ mean: (1 / 2 + 0) / 2, n: 2 });
    expect(prostate!.dice.perPatient.n).toBe(2);
    expect(prostate!.dice.perPatient.mean).toBeCloseTo((1 / 3 + 1) / 2, 12);
  });

  it("pools the voxels, where large volumes weigh more", () => {
    // bladder: 2 * 8 / (8 + 2 + 8 + 1); prostate: 2 * 3 / ((2 + 1 + 2) + (1 + 0 + 2))
    expect(bladder!.dice.pooled).toEqual({ mean: 16 / 19, n: 3 });
    expect(prostate!.dice.pooled).toEqual({ mean: 6 / 8, n: 3 });
    expect(bladder!.dice.pooled.mean).not.toBe(bladder!.dice.perVolume.mean);
  });

  it("averages slices only where the truth has the label", () => {
    expect(bladder!.dice.perSlicePresent).toEqual({ mean: 1 / 2, n: 2 }); // not the false alarm's
  });

  it("counts missed, false alarms and undefined, and takes infinite distances out of the mean", () => {
    expect([bladder!.missed, bladder!.falseAlarms, bladder!.undefined]).toEqual([1, 1, 1]);
    expect([prostate!.missed, prostate!.falseAlarms, prostate!.undefined]).toEqual([1, 0, 1]);
    expect(bladder!.hd95Mm).toEqual({ mean: 0, n: 1, infinite: 2 });
    expect(prostate!.hd95Mm.n).toBe(2);
    expect(prostate!.hd95Mm.infinite).toBe(1);
    // week 0: truth -> prediction 1, 0: the 95th percentile is 0.95; the other case 0
    expect(prostate!.hd95Mm.mean).toBeCloseTo(0.95 / 2, 12);
    expect(prostate!.assdMm.mean).toBeCloseTo(1 / 3 / 2, 12);
    expect(prostate!.nsd).toEqual({ toleranceMm: 2, mean: 2 / 3, n: 3 }); // a missed one has 0
  });

  it("gives the bias of the volume, prediction minus truth", () => {
    expect(bladder!.volumeErrorMl.n).toBe(3);
    expect(bladder!.volumeErrorMl.mean).toBeCloseTo((0 - 0.002 + 0.001) / 3, 12);
  });

  it("has an interval over patients, the same for any order of the cases", () => {
    expect(bladder!.ci95.dicePerPatient).toEqual([0, 0.5]);
    const reversed = aggregate([...CASES].reverse(), {
      split: "test",
      labels: BLADDER_AND_PROSTATE,
      seed: 1,
    });
    expect(reversed.labels.map(({ ci95 }) => ci95)).toEqual(METRICS.labels.map(({ ci95 }) => ci95));
  });

  it("means the foreground over labels", () => {
    expect(METRICS.foregroundMean).toBeCloseTo((1 / 3 + 5 / 9) / 2, 12);
    expect(METRICS.patients).toBe(3);
    expect(METRICS.split).toBe("test");
  });

  it("leaves a label without any defined case out of the foreground mean", () => {
    const metrics = aggregate([row("a", 0, "33", "33")], {
      split: "validate",
      labels: BLADDER_AND_PROSTATE,
      toleranceMm: 3,
    });
    expect(metrics.foregroundMean).toBe(1);
    const nothing = { mean: null, n: 0 };
    expect(metrics.labels[1]).toEqual(
      makeLabelMetrics({ nsd: { toleranceMm: 3, ...nothing }, undefined: 1 }),
    );
    expect(metrics.convention).toContain("NSD at 3 mm");
  });

  it("of no cases is null everywhere", () => {
    const metrics = aggregate([], { split: "train", labels: BLADDER_AND_PROSTATE });
    expect(metrics.foregroundMean).toBeNull();
    expect(metrics.patients).toBe(0);
  });

  it("survives JSON unchanged: no NaN and no infinity", () => {
    expect(JSON.parse(JSON.stringify(METRICS))).toEqual(METRICS);
  });

  it("says which case lacks a label", () => {
    expect(() => aggregate(CASES, { split: "test", labels: [{ id: 4, name: "rectum" }] })).toThrow(
      new RangeError('Label 4 "rectum" is not scored in case "case_041_week_0"'),
    );
  });
});

describe("warnings", () => {
  it("tell few patients, misses and false alarms", () => {
    expect(METRICS.warnings).toEqual([
      "Only 3 patients: with fewer than 10 the means depend on who was scanned, and the intervals are rough",
      "bladder was missed altogether in 1 of 4 volumes",
      "bladder was found in 1 of 4 volumes where there is none",
      "prostate was missed altogether in 1 of 4 volumes",
    ]);
  });

  it("are none from ten patients on where all was found", () => {
    const cases = Array.from({ length: 10 }, (_, k) => row(`p${k}`, 0, "33", "33"));
    expect(aggregate(cases, { split: "test", labels: BLADDER_AND_PROSTATE }).warnings).toEqual([]);
  });
});

describe("rescored", () => {
  const byName = Object.fromEntries(METRICS.rescored.map((each) => [each.convention, each]));

  it("has the same masks by every tool's rules", () => {
    // bladder: 1, missed, false alarm, neither
    const bladderDice = Object.entries(byName).map(([name, { labels }]) => [name, labels[0]!.dice]);
    expect(bladderDice).toEqual([
      ["hipmri", { mean: 1 / 3, n: 3 }],
      ["monai", { mean: 1 / 2, n: 2 }], // a false alarm costs nothing
      ["nnunet", { mean: 1 / 3, n: 3 }],
      ["medpy", { mean: 1 / 2, n: 4 }], // an empty pair is a full success
      ["deepmind", { mean: 1 / 3, n: 3 }],
    ]);
  });

  it("averages as each tool does", () => {
    // MONAI: each case's labels first: (1 + 2/3) / 2, 0, 1; the fourth case has no value
    expect(byName.monai!.foregroundMean).toBeCloseTo((5 / 6 + 0 + 1) / 3, 12);
    expect(byName.nnunet!.foregroundMean).toBeCloseTo((1 / 3 + 5 / 9) / 2, 12);
    const noProstate = aggregate([row("a", 0, "33", "33")], { split: "test", labels: BLADDER_AND_PROSTATE });
    const meanBy = (name: string) =>
      noProstate.rescored.find((each) => each.convention === name)?.foregroundMean;
    expect(meanBy("nnunet")).toBeNull(); // np.mean over labels, one of them NaN
    expect(meanBy("hipmri")).toBe(1);
  });
});

describe("formatMetricsTable", () => {
  it("has overlap and distances by label, each mean with its number and interval, and the rules", () => {
    const lines = formatMetricsTable(METRICS).split("\n");
    expect(lines.slice(0, 10)).toEqual([
      "label     Dice/volume (n)  Dice/patient (n) [95 % CI]  pooled  Dice/slice  sens.  prec.",
      "bladder         0.333 (3)    0.250 (2) [0.000, 0.500]   0.842       0.500  0.500  0.500",
      "prostate        0.556 (3)    0.667 (2) [0.333, 1.000]   0.750       0.556  0.500  1.000",
      "",
      "label     HD95 mm (n) [95 % CI]  ASSD mm    NSD  volume error ml      %  missed  false alarms",
      "bladder            0.00 (1) [-]     0.00  0.333             0.00  -50.0       1             1",
      "prostate    0.47 (2) [0.0, 0.9]     0.17  0.667             0.00  -50.0       1             0",
      "",
      "Foreground mean (Dice per volume): 0.444 [0.417, 0.500]",
      'Split "test": 3 patients, 4 volumes',
    ]);
    expect(lines.filter((line) => line.startsWith("Warning"))).toHaveLength(4);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    const rules = lines.slice(lines.findIndex((line) => line.startsWith("Convention:")));
    expect(rules.map((line) => line.trim()).join(" ")).toBe(`Convention: ${METRICS.convention}`);
  });

  it("writes a dash where there is no value", () => {
    const metrics = aggregate([row("a", 0, "33", "33")], { split: "test", labels: BLADDER_AND_PROSTATE });
    const lines = formatMetricsTable(metrics).split("\n");
    expect(lines[2]!.split(/ {2,}/)).toEqual(["prostate", "- (0)", "- (0) [-]", "-", "-", "-", "-"]);
    expect(lines[6]!.split(/ {2,}/)).toEqual(["prostate", "- (0) [-]", "-", "-", "-", "-", "0", "0"]);
  });
});

test("formatMetricsTables() states the rules of several tables once, unless they differ", () => {
  const count = (text: string): number => text.split("Convention:").length - 1;
  expect(count(formatMetricsTables([METRICS, METRICS]))).toBe(1);
  expect(count(formatMetricsTables([METRICS, { ...METRICS, convention: "another" }]))).toBe(2);
  expect(formatMetricsTables([METRICS])).toBe(formatMetricsTable(METRICS));
  expect(formatMetricsTables([METRICS, METRICS]).split("Foreground mean")).toHaveLength(3);
});

describe("formatRescoredTable", () => {
  it("has a row per tool and its rule", () => {
    const lines = formatRescoredTable(METRICS).split("\n");
    expect(lines.slice(1, 4)).toEqual([
      "rules of    bladder   prostate   mean",
      "hipmri    0.333 (3)  0.556 (3)  0.444",
      "monai     0.500 (2)  0.556 (3)  0.611",
    ]);
    expect(lines).toContain(
      "medpy: both empty: 1; one empty: 0; the tool does not average: mean over labels of the mean per",
    );
  });
});
