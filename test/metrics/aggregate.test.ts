import { describe, expect, it } from "vitest";
import { aggregate } from "../../src/metrics/aggregate.ts";
import { scoreCase } from "../../src/metrics/score-case.ts";
import { formatMetricsTable } from "../../src/metrics/table.ts";
import type { CaseMetrics } from "../../src/metrics/types.ts";
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
    expect(metrics.labels[1]).toEqual({
      id: 5,
      name: "prostate",
      dice: { perVolume: nothing, perPatient: nothing, pooled: nothing, perSlicePresent: nothing },
      iou: nothing,
      hd95Mm: { ...nothing, infinite: 0 },
      assdMm: { ...nothing, infinite: 0 },
      nsd: { toleranceMm: 3, ...nothing },
      volumeErrorMl: nothing,
      missed: 0,
      falseAlarms: 0,
      undefined: 1,
      ci95: { dicePerPatient: null },
    });
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

describe("formatMetricsTable", () => {
  it("aligns a row per label, and states the rules and the number of patients", () => {
    const lines = formatMetricsTable(METRICS).split("\n");
    expect(lines.slice(0, 6)).toEqual([
      "label     Dice/volume  Dice/patient [95 % CI]  pooled  Dice/slice  HD95 mm  ASSD mm  missed  false alarms",
      "bladder         0.333    0.250 [0.000, 0.500]   0.842       0.500     0.00     0.00       1             1",
      "prostate        0.556    0.667 [0.333, 1.000]   0.750       0.556     0.47     0.17       1             0",
      "",
      "Foreground mean (Dice per volume): 0.444",
      'Split "test": 3 patients, 4 volumes',
    ]);
    expect(lines[6]).toBe(`Convention: ${METRICS.convention}`);
    expect(lines[7]).toBe("Warning: only 3 patients; with fewer than 10 the figures and intervals are rough");
    expect(lines).toHaveLength(8);
  });

  it("writes a dash where there is no value", () => {
    const metrics = aggregate([row("a", 0, "33", "33")], { split: "test", labels: BLADDER_AND_PROSTATE });
    const lines = formatMetricsTable(metrics).split("\n");
    expect(lines[2]!.split(/ {2,}/)).toEqual(["prostate", "-", "- [-]", "-", "-", "-", "-", "0", "0"]);
    expect(lines.at(-1)).toBe(
      "Warning: only 1 patient; with fewer than 10 the figures and intervals are rough",
    );
  });

  it("does not warn from ten patients on", () => {
    const cases = Array.from({ length: 10 }, (_, k) => row(`p${k}`, 0, "33", "33"));
    const table = formatMetricsTable(aggregate(cases, { split: "test", labels: BLADDER_AND_PROSTATE }));
    expect(table).not.toContain("Warning");
  });
});
