/** The figures of a run: curves of its log, and of each split it was judged on. Every figure is a whole SVG file. */

import { line, ruleY } from "@observablehq/plot";
import type { Split } from "../core/split.ts";
import { mean } from "../core/statistics.ts";
import { counted } from "../core/text.ts";
import { boxByLabel } from "../plot/boxes.ts";
import { type DiceCurve, diceByLabel, diceCurves, lossCurves } from "../plot/curves.ts";
import { drawChart } from "../plot/plot-library.ts";
import { escapeXml, INK, round } from "../plot/svg.ts";
import type { LabelDefinition } from "../volume/volume.ts";
import type { Judgement } from "./judge.ts";
import { type EpochLine, type LogLine, parseLog, type StepLine } from "./run-log.ts";

export interface RunFigure {
  /** Its file's name without ending, e.g. "loss". */
  readonly name: string;
  readonly title: string;
  readonly caption: string;
  readonly svg: string;
}

export interface FigureContext {
  readonly labels: readonly LabelDefinition[];
  readonly provenance: Provenance;
}

/** What must be said of every figure whose images, or whose model, are synthetic; empty texts otherwise. */
export interface Provenance {
  /** Written into each picture, so that it says so without the page as well. */
  readonly stamp: string;
  /** Set before each caption. */
  readonly notice: string;
}

/** What a split is called in titles; "all" is every case of a data set, whatever its split. */
export const SPLIT_NAMES: Readonly<Record<Split | "all", string>> = {
  train: "Training",
  validate: "Validation",
  test: "Test",
  all: "All",
};

/** "SYNTHETIC images (digital phantom). Mean over …" */
export const withNotice = ({ notice }: Provenance, caption: string): string =>
  notice === "" ? caption : `${notice} ${caption}`;

/** Writes the stamp into the upper right corner of a chart, in the line of its title. */
function stamped(svg: string, { stamp }: Provenance): string {
  if (stamp === "") return svg;
  const width = Number(/^<svg[^>]*? width="([\d.]+)"/.exec(svg)?.[1]);
  const text = `<text x="${round(width - 10)}" y="20" font-size="11" font-weight="bold" text-anchor="end" fill="${STAMP}">`;
  return svg.replace(/<\/svg>\s*$/, `${text}${escapeXml(stamp)}</text></svg>\n`);
}

export const markFigure = (figure: RunFigure, provenance: Provenance): RunFigure => ({
  ...figure,
  caption: withNotice(provenance, figure.caption),
  svg: stamped(figure.svg, provenance),
});

/** A schedule is smooth: more points than this would only make the file large. */
const LEARNING_RATE_POINTS = 200;
const STAMP = "#b3261e";

function lossFigure(steps: readonly StepLine[], epochs: readonly EpochLine[]): RunFigure {
  const validation = epochs.map(({ step, epoch, validationLoss }) => ({ step, epoch, loss: validationLoss }));
  return {
    name: "loss",
    title: "Loss",
    caption:
      "Training: loss of each step's batch (long runs: means of neighbouring steps). Validation: the same loss over " +
      "every pixel of the validation slices, by the real inference path, at each epoch's end.",
    svg: lossCurves({ training: steps.length > 0 ? steps : epochs, validation }),
  };
}

/** A Dice curve with its mean and maximum. */
function meanAndMax(points: DiceCurve["points"]): Pick<DiceCurve, "points" | "mean" | "max"> {
  const values = points.map(({ value }) => value);
  return { points, mean: mean(values), max: values.reduce((most, value) => Math.max(most, value), 0) };
}

function diceFigure(epochs: readonly EpochLine[]): RunFigure {
  const title = "Validation: Dice over the epochs";
  const points = epochs.flatMap(({ epoch, foregroundDice }) =>
    foregroundDice === null ? [] : [{ x: epoch, value: foregroundDice }],
  );
  const best = epochs.findLast(({ isBest }) => isBest);
  const kept = best === undefined ? "" : ` model.onnx holds the weights of epoch ${best.epoch}.`;
  return {
    name: "dice",
    title,
    caption:
      "Mean over the foreground labels of the mean Dice per volume of the validation patients; horizontal lines: mean " +
      `and maximum over the epochs.${kept}`,
    svg: diceCurves({ title, xLabel: "epoch", ...meanAndMax(points) }),
  };
}

function labelFigure(epochs: readonly EpochLine[], labels: readonly LabelDefinition[]): RunFigure {
  const ids = new Map(labels.map(({ id, name }) => [name, id]));
  const byEpoch = epochs.map(({ epoch, dice }) => ({
    epoch,
    labels: Object.entries(dice).map(([name, value]) => {
      const id = ids.get(name);
      return { name, dice: value, ...(id === undefined ? {} : { id }) };
    }),
  }));
  return {
    name: "dice-by-label",
    title: "Validation: Dice by label over the epochs",
    caption:
      "Mean Dice per volume of the validation patients; beside each name its value after the last epoch.",
    svg: diceByLabel({ epochs: byEpoch }),
  };
}

/** "0.02", "5e-4": short enough for the margin. */
const formatRate = (rate: number): string => {
  const rounded = Number(rate.toPrecision(3));
  return rounded === 0 || rounded >= 0.01 ? `${rounded}` : rounded.toExponential();
};

function learningRateFigure(steps: readonly StepLine[]): RunFigure {
  const title = "Learning rate";
  const every = Math.ceil(steps.length / LEARNING_RATE_POINTS);
  const shown = steps.filter(
    ({ lr }, i) => Number.isFinite(lr) && (i % every === 0 || i === steps.length - 1),
  );
  return {
    name: "learning-rate",
    title,
    caption: "The schedule as it was applied, step by step.",
    svg: drawChart(
      { title, yLabel: "learning rate", width: 520, height: 340 },
      {
        marginLeft: 58,
        x: { label: "optimiser step", ticks: 6, tickFormat: "d" },
        y: { grid: true, nice: true, ticks: 5, zero: true, tickFormat: formatRate },
      },
      [ruleY([0], { stroke: INK }), line(shown, { x: "step", y: "lr", stroke: "#0072b2", strokeWidth: 2 })],
    ),
  };
}

/** Loss, Dice, Dice by label and learning rate over a run; what the log says nothing of is left out. */
export function curveFigures(log: readonly LogLine[], context: FigureContext): RunFigure[] {
  const { steps, epochs } = parseLog(log);
  const figures: RunFigure[] = [];
  if (steps.length + epochs.length > 0) figures.push(lossFigure(steps, epochs));
  if (steps.length > 1) figures.push(learningRateFigure(steps));
  if (epochs.length > 0) figures.push(diceFigure(epochs), labelFigure(epochs, context.labels));
  return figures.map((figure) => markFigure(figure, context.provenance));
}

/** Dice over the batches and Dice per patient by label, of one split. */
export function splitFigures(
  split: Split | "all",
  { metrics, batchDice, batchSize }: Pick<Judgement, "metrics" | "batchDice" | "batchSize">,
  { provenance }: Pick<FigureContext, "provenance">,
): RunFigure[] {
  const who = `${SPLIT_NAMES[split]} patients`;
  const volumes = `${counted(metrics.cases.length, "volume")} of ${counted(metrics.patients, "patient")}`;
  const overBatches = `${who}: Dice over the batches`;
  const figures: RunFigure[] = [
    {
      name: `${split}-dice-by-batch`,
      title: overBatches,
      caption:
        `${volumes}, their slices in file order, ${batchSize} a batch. Each point: mean over the foreground labels that ` +
        "the batch has in truth or prediction of the Dice pooled over its pixels; horizontal lines: mean and maximum " +
        "over the batches.",
      svg: diceCurves({
        title: overBatches,
        xLabel: `batch of ${batchSize} slices`,
        ...meanAndMax(batchDice),
      }),
    },
    {
      name: `${split}-dice-by-label`,
      title: `${who}: Dice per patient by label`,
      caption:
        `${volumes}. Hard Dice of the argmax, each patient as a dot, by the mean over his or her volumes; a label that is ` +
        "in neither mask is undefined there and left out.",
      svg: boxByLabel(metrics),
    },
  ];
  return figures.map((figure) => markFigure(figure, provenance));
}
