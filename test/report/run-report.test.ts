import { describe, expect, test } from "vitest";
import type { SheetRow } from "../../src/plot/contact-sheet.ts";
import { toBase64 } from "../../src/plot/png.ts";
import type { Judgement } from "../../src/report/judge.ts";
import { type RunReportInput, runReport } from "../../src/report/run-report.ts";
import { makeSeedRule } from "../../src/report/seed-rule.ts";
import { HIPMRI_LABELS } from "../../src/volume/volume.ts";
import { makeMetrics } from "../support/metrics.ts";
import { makeCard } from "../support/model-card.ts";

const METRICS = makeMetrics({
  split: "validate",
  convention: "Our convention",
  patients: 1,
  foregroundMean: 0.5,
  labels: [],
  cases: [{ id: "a", patient: "a", labels: [] }],
});
const ROW: SheetRow = {
  title: "First: a",
  width: 2,
  height: 2,
  image: Float32Array.of(0, 1, 2, 3),
  truth: Uint8Array.of(0, 1, 5, 5),
  prediction: Uint8Array.of(0, 1, 1, 5),
  spacingMm: [1, 1],
};
const JUDGEMENT: Judgement = {
  metrics: METRICS,
  rows: [ROW],
  batchDice: [{ x: 1, value: 0.5 }],
  batchSize: 4,
  gallery: [],
  seed: makeSeedRule({ labels: HIPMRI_LABELS }).result(),
};
const INPUT: RunReportInput = {
  heading: "Training run",
  card: makeCard({ trainedOn: "11,460 slices" }),
  isSyntheticData: false,
  config: { preset: "seed", schedule: { learningRate: 0.02 } },
  judged: [
    { split: "validate", judgement: JUDGEMENT },
    { split: "test", judgement: { ...JUDGEMENT, metrics: { ...METRICS, split: "test" } } },
  ],
  log: [
    { kind: "step", step: 1, epoch: 1, loss: 2, lr: 0.1 },
    { kind: "step", step: 2, epoch: 1, loss: 1, lr: 0.1 },
    {
      kind: "epoch",
      step: 2,
      epoch: 1,
      loss: 1.5,
      validationLoss: 1,
      foregroundDice: 0.5,
      dice: { body: 0.5 },
    },
  ],
  facts: [{ name: "Time", value: "3 min" }],
  reproduce: ["hipmri train DATA --out RUN"],
};

describe("runReport", () => {
  const report = runReport(INPUT);

  test("has a file for every figure, and every figure in the page", () => {
    expect(report.figures.map(({ name }) => name)).toEqual([
      "loss.svg",
      "learning-rate.svg",
      "dice.svg",
      "dice-by-label.svg",
      "validate-dice-by-batch.svg",
      "validate-dice-by-label.svg",
      "test-dice-by-batch.svg",
      "test-dice-by-label.svg",
      "validate-contact-sheet.png",
      "test-contact-sheet.png",
      "network.svg",
    ]);
    for (const { content } of report.figures) {
      expect(report.html).toContain(typeof content === "string" ? content : toBase64(content));
    }
  });

  test("tells what was done, with what, how well and how to do it again", () => {
    for (const text of [
      "<h1>Training run: seed</h1>",
      "Trained on: 11,460 slices. Tests only.",
      "<dt>Patients: train / validate / test</dt><dd>1 / 1 / 1</dd>",
      "<dt>Time</dt><dd>3 min</dd>",
      "<h2>Validation patients</h2>",
      "<h2>Test patients</h2>",
      "Convention: Our convention",
      "hipmri train DATA --out RUN",
      "schedule.learningRate",
      "Drawn from the training graph, for an input of 10 x 12 pixels (height x width).",
    ]) {
      expect(report.html).toContain(text);
    }
    expect(report.html).not.toContain("SYNTHETIC");
  });

  test("an evaluation has no curves", () => {
    const { figures } = runReport({ ...INPUT, log: [], judged: INPUT.judged.slice(1) });
    expect(figures.map(({ name }) => name)).toEqual([
      "test-dice-by-batch.svg",
      "test-dice-by-label.svg",
      "test-contact-sheet.png",
      "network.svg",
    ]);
  });

  test("a split without rows has no sheet", () => {
    const judged = [{ split: "all" as const, judgement: { ...JUDGEMENT, rows: [] } }];
    expect(runReport({ ...INPUT, judged }).figures.map(({ name }) => name)).not.toContain(
      "all-contact-sheet.png",
    );
  });

  test("synthetic data are called so in title, captions, charts and sheet", () => {
    const synthetic = runReport({ ...INPUT, card: makeCard({ synthetic: true }), isSyntheticData: true });
    expect(synthetic.html).toContain("<h1>Training run: seed (SYNTHETIC data)</h1>");
    expect(synthetic.html).toContain("Trained on: SYNTHETIC nothing.");
    expect(synthetic.html).toContain("<strong>Synthetic data.</strong>");
    const captions = [...synthetic.html.matchAll(/<figcaption>(.*?)<\/figcaption>/g)].map(([, text]) => text);
    expect(captions).toHaveLength(11);
    // All but the network's own.
    expect(captions.filter((text) => text?.startsWith("SYNTHETIC images (digital phantom). "))).toHaveLength(
      10,
    );
    for (const { name, content } of synthetic.figures) {
      if (name === "network.svg") continue;
      const real = report.figures.find((figure) => figure.name === name)?.content;
      if (typeof content === "string") expect(content).toContain(">SYNTHETIC data<");
      else expect(content).not.toEqual(real);
    }
  });

  test("real images judged by a model of synthetic ones are not called synthetic themselves", () => {
    const { html } = runReport({ ...INPUT, card: makeCard({ synthetic: true }) });
    expect(html).toContain("<h1>Training run: seed (SYNTHETIC training)</h1>");
    expect(html).toContain("The model learnt from SYNTHETIC images (digital phantom).");
    expect(html).not.toContain("<strong>Synthetic data.</strong>");
  });

  test("the same input gives the same bytes", () => {
    expect(runReport(INPUT)).toEqual(report);
  });
});
