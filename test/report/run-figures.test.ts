import { describe, expect, test } from "vitest";
import { labelHex } from "../../src/plot/colours.ts";
import {
  curveFigures,
  type FigureContext,
  type RunFigure,
  splitFigures,
} from "../../src/report/run-figures.ts";
import { type LogLine, parseLog } from "../../src/report/run-log.ts";
import { HIPMRI_LABELS } from "../../src/volume/volume.ts";
import { makeMetrics } from "../support/metrics.ts";

const REAL: FigureContext = { labels: HIPMRI_LABELS, provenance: { stamp: "", notice: "" } };
const SYNTHETIC: FigureContext = {
  labels: HIPMRI_LABELS,
  provenance: { stamp: "SYNTHETIC data", notice: "SYNTHETIC images." },
};

const steps: LogLine[] = [1, 2, 3, 4].map((step) => ({
  kind: "step",
  step,
  epoch: step <= 2 ? 1 : 2,
  loss: 2 / step,
  lr: 5e-4 / step,
  gradientNorm: 1,
  seconds: 0.1,
}));
const epochs: LogLine[] = [
  { epoch: 1, step: 2, foregroundDice: 0.25, dice: { body: 0.5, prostate: null }, isBest: true },
  { epoch: 2, step: 4, foregroundDice: 0.75, dice: { body: 0.8, prostate: 0.7 }, isBest: true },
  { epoch: 3, step: 6, foregroundDice: null, dice: { body: null, prostate: null }, isBest: false },
].map((line) => ({ kind: "epoch", loss: 1, validationLoss: 1.5, lr: 0.001, seconds: 1, ...line }));
const log: LogLine[] = [...steps.slice(0, 2), epochs[0]!, ...steps.slice(2), epochs[1]!, epochs[2]!];

const byName = (figures: readonly RunFigure[]): Record<string, RunFigure> =>
  Object.fromEntries(figures.map((figure) => [figure.name, figure]));

describe("parseLog", () => {
  test("steps and epochs apart, others passed over, what is no number as none", () => {
    const parsed = parseLog([...log, { kind: "note", step: 1 }, { kind: "step", step: 9, loss: null }]);
    expect(parsed.steps).toHaveLength(5);
    expect(parsed.steps[0]).toEqual({ kind: "step", step: 1, epoch: 1, loss: 2, lr: 5e-4 });
    expect(parsed.steps[4]).toEqual({
      kind: "step",
      step: 9,
      epoch: Number.NaN,
      loss: Number.NaN,
      lr: Number.NaN,
    });
    expect(parsed.epochs.map(({ foregroundDice, isBest }) => [foregroundDice, isBest])).toEqual([
      [0.25, true],
      [0.75, true],
      [null, false],
    ]);
    expect(parseLog([{ kind: "epoch", dice: "?" }]).epochs[0]).toMatchObject({
      dice: {},
      foregroundDice: null,
    });
  });
});

describe("curveFigures", () => {
  const figures = byName(curveFigures(log, REAL));

  test("one figure for each thing that the log tells of", () => {
    expect(Object.keys(figures)).toEqual(["loss", "learning-rate", "dice", "dice-by-label"]);
    expect(curveFigures([], REAL)).toEqual([]);
    expect(curveFigures(steps, REAL).map(({ name }) => name)).toEqual(["loss", "learning-rate"]);
    expect(curveFigures(epochs, REAL).map(({ name }) => name)).toEqual(["loss", "dice", "dice-by-label"]);
    for (const { svg } of Object.values(figures)) expect(svg).toMatch(/^<svg[\s\S]*<\/svg>\n$/);
  });

  test("Dice over the epochs has its mean and maximum over the defined epochs, and the best epoch is named", () => {
    expect(figures.dice?.svg).toContain(">mean 0.500<");
    expect(figures.dice?.svg).toContain(">max 0.750<");
    expect(figures.dice?.caption).toContain("model.onnx holds the weights of epoch 2.");
  });

  test("each label has its own colour, as everywhere else", () => {
    expect(figures["dice-by-label"]?.svg).toContain(labelHex(5));
    expect(figures["dice-by-label"]?.svg).toContain(">prostate 0.70<");
  });

  test("the loss counts the epochs, and the learning rate is written shortly", () => {
    expect(figures.loss?.svg).toContain("optimiser step (3 epochs)");
    expect(figures["learning-rate"]?.svg).toContain(">5e-4<");
  });

  test("real images have no stamp; synthetic ones have it in picture and caption", () => {
    for (const { svg, caption } of Object.values(figures)) expect(svg + caption).not.toContain("SYNTHETIC");
    for (const { svg, caption } of curveFigures(log, SYNTHETIC)) {
      expect(svg).toMatch(/<text x="510" y="20"[^>]*text-anchor="end"[^>]*>SYNTHETIC data<\/text><\/svg>\n$/);
      expect(caption).toMatch(/^SYNTHETIC images\. [A-Z]/);
    }
  });
});

describe("splitFigures", () => {
  const metrics = makeMetrics({
    split: "test",
    convention: "",
    patients: 1,
    foregroundMean: null,
    labels: [],
    cases: [
      { id: "a", patient: "1", labels: [] },
      { id: "b", patient: "1", labels: [] },
    ],
  });
  const batchDice = [
    { x: 1, value: 0.2 },
    { x: 3, value: 0.6 },
  ];
  const figures = splitFigures("test", { metrics, batchDice, batchSize: 4 }, SYNTHETIC);

  test("Dice over the batches with its mean and maximum, and the number of volumes and patients", () => {
    const [batches, boxes] = figures;
    expect(figures.map(({ name }) => name)).toEqual(["test-dice-by-batch", "test-dice-by-label"]);
    expect(batches?.title).toBe("Test patients: Dice over the batches");
    for (const text of [">mean 0.400<", ">max 0.600<", ">batch of 4 slices<"])
      expect(batches?.svg).toContain(text);
    expect(batches?.caption).toContain("2 volumes of 1 patient, their slices in file order, 4 a batch.");
    expect(boxes?.caption).toMatch(/^SYNTHETIC images\. 2 volumes of 1 patient\./);
    expect(boxes?.svg).toContain(">SYNTHETIC data<");
  });

  test("no batch with a label is no error", () => {
    const none = splitFigures("all", { metrics, batchDice: [], batchSize: 4 }, REAL);
    expect(none[0]?.svg).toContain("no data yet");
    expect(none[0]?.svg).not.toContain("NaN");
    expect(none[0]?.name).toBe("all-dice-by-batch");
  });
});
