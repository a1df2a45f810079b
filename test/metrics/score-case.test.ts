import { describe, expect, it } from "vitest";
import { type ScoreCaseInput, scoreCase } from "../../src/metrics/score-case.ts";
import { drawSlice } from "./masks.ts";

const LABELS = [
  { id: 0, name: "background" },
  { id: 5, name: "prostate" },
];

/** One row of voxels, 2 mm wide, 1 x 5 mm across: 0.01 ml each. */
function scoreRow(truth: string, prediction: string, more: Partial<ScoreCaseInput> = {}) {
  const scored = scoreCase({
    id: "case_004_week_0",
    patient: "case_004",
    truth: drawSlice(truth),
    prediction: drawSlice(prediction),
    shape: [truth.length, 1, 1],
    spacingMm: [2, 1, 5],
    labels: LABELS,
    ...more,
  });
  return scored.labels[0]!;
}

describe("scoreCase", () => {
  it("scores a label that both have", () => {
    // truth 55..., prediction .555.: two of truth, three predicted, one in both
    // truth -> prediction 2, 0 mm; prediction -> truth 0, 2, 4 mm
    const label = scoreRow("55...", ".555.");
    expect(label.id).toBe(5);
    expect(label.state).toBe("scored");
    expect(label.dice).toBe(2 / 5);
    expect(label.iou).toBe(1 / 4);
    expect(label.hdMm).toBe(4);
    expect(label.hd95Mm).toBeCloseTo(3.8, 12);
    expect(label.assdMm).toBeCloseTo(8 / 5, 12);
    expect(label.nsd).toBe(4 / 5); // within 2 mm: all but the 4
    expect(label.masdMm).toBeCloseTo((1 + 2) / 2, 12); // truth to prediction: mean of 2, 0; back: of 0, 2, 4
    expect(label.sensitivity).toBe(1 / 2);
    expect(label.precision).toBe(1 / 3);
    expect(label.volumeErrorMl).toBeCloseTo(0.01, 12);
    expect(label.volumeErrorPercent).toBe(50);
    expect(label.components).toEqual({ truth: 1, prediction: 1 });
    expect(label.counts).toEqual({ truth: 2, prediction: 3, overlap: 1 });
    expect(label.slicesPresent).toEqual({ diceSum: 2 / 5, n: 1 });
  });

  it("takes the tolerance given", () => {
    expect(scoreRow("55...", ".555.", { toleranceMm: 4 }).nsd).toBe(1);
    expect(scoreRow("55...", ".555.", { toleranceMm: 0 }).nsd).toBe(2 / 5);
  });

  it("calls a label that neither has undefined", () => {
    expect(scoreRow("...", "...")).toEqual({
      id: 5,
      dice: null,
      iou: null,
      sensitivity: null,
      precision: null,
      masdMm: null,
      volumeErrorPercent: null,
      components: { truth: 0, prediction: 0 },
      hdMm: null,
      hd95Mm: null,
      assdMm: null,
      nsd: null,
      volumeErrorMl: 0,
      state: "undefined",
      counts: { truth: 0, prediction: 0, overlap: 0 },
      slicesPresent: { diceSum: 0, n: 0 },
    });
  });

  it("calls a label that only the truth has missed: overlap 0, distance infinite", () => {
    expect(scoreRow("55.", "...")).toEqual({
      id: 5,
      dice: 0,
      iou: 0,
      sensitivity: 0,
      precision: null,
      masdMm: null,
      volumeErrorPercent: -100,
      components: { truth: 1, prediction: 0 },
      hdMm: null,
      hd95Mm: null,
      assdMm: null,
      nsd: 0,
      volumeErrorMl: -0.02,
      state: "missed",
      counts: { truth: 2, prediction: 0, overlap: 0 },
      slicesPresent: { diceSum: 0, n: 1 },
    });
  });

  it("calls a label that only the prediction has a false alarm", () => {
    expect(scoreRow("...", "5..")).toEqual({
      id: 5,
      dice: 0,
      iou: 0,
      sensitivity: null,
      precision: 0,
      masdMm: null,
      volumeErrorPercent: null,
      components: { truth: 0, prediction: 1 },
      hdMm: null,
      hd95Mm: null,
      assdMm: null,
      nsd: 0,
      volumeErrorMl: 0.01,
      state: "falseAlarm",
      counts: { truth: 0, prediction: 1, overlap: 0 },
      slicesPresent: { diceSum: 0, n: 0 },
    });
  });

  it("leaves voxels with truth 255 out of both masks", () => {
    const label = scoreRow("55.??", "55.55");
    expect(label.dice).toBe(1);
    expect(label.hdMm).toBe(0);
    expect(label.volumeErrorMl).toBe(0);
    expect(scoreRow("...?", "...5").state).toBe("undefined");
    expect(scoreRow("5..?", "...5").state).toBe("missed");
  });

  it("leaves the distances null when they are not wanted", () => {
    const label = scoreRow("55...", ".555.", { distances: false });
    expect(label.dice).toBe(2 / 5);
    expect([label.hdMm, label.hd95Mm, label.assdMm, label.nsd]).toEqual([null, null, null, null]);
    expect(label.components).toBeNull();
    expect(scoreRow("55.", "...", { distances: false }).state).toBe("missed");
  });

  it("scores foreground labels only, in the order given, and takes other values for background", () => {
    const scored = scoreCase({
      id: "a",
      patient: "p",
      truth: drawSlice("1127"),
      prediction: drawSlice("1177"),
      shape: [4, 1, 1],
      spacingMm: [1, 1, 1],
      labels: [{ id: 2, name: "bone" }, LABELS[0]!, { id: 1, name: "body" }],
    });
    expect(scored.id).toBe("a");
    expect(scored.patient).toBe("p");
    expect(scored.labels.map(({ id, dice, state }) => [id, dice, state])).toEqual([
      [2, 0, "missed"],
      [1, 1, "scored"],
    ]);
  });

  it("rejects what does not fit, saying where", () => {
    const thrown = (more: Partial<ScoreCaseInput>) => () => scoreRow("5.", "5.", more);
    expect(thrown({ prediction: new Uint8Array(3) })).toThrow(
      new RangeError(
        'Truth and prediction of shape 2x1x1 need 2 voxels, got 2 and 3 in case "case_004_week_0"',
      ),
    );
    expect(thrown({ shape: [2, 0, 1] })).toThrow(
      new RangeError('Shape must be three integers > 0, got 2x0x1 in case "case_004_week_0"'),
    );
    expect(thrown({ spacingMm: [1, 0, 1] })).toThrow(
      new RangeError('Spacing must be three numbers > 0, got 1, 0, 1 in case "case_004_week_0"'),
    );
    expect(thrown({ toleranceMm: Number.NaN })).toThrow(new RangeError("Tolerance must be >= 0 mm, got NaN"));
    expect(thrown({ labels: [{ id: 255, name: "ignore" }] })).toThrow(
      new RangeError("A label must be an integer from 0 to 254, got 255"),
    );
  });
});
