/** The figures of a comparison: differences patient by patient, and the curves of the runs laid over each other. */
import { differencePlot } from "../plot/paired.ts";
import { type RunCurve, runCurves } from "../plot/run-curves.ts";
import { type ComparedPair, type ComparedRun, type Comparison, isLargerBetter } from "./comparison.ts";
import { METRIC_TEXT, pText } from "./comparison-text.ts";
import type { ReportFigure } from "./report.ts";
import { parseLog } from "./run-log.ts";

export interface ComparisonFigure extends ReportFigure {
  /** Its file's name without ending. */
  readonly name: string;
  readonly svg: string;
}

function pairFigure(pair: ComparedPair, place: number, comparison: Comparison): ComparisonFigure {
  const { name } = METRIC_TEXT[comparison.metric];
  const title = `${pair.other} minus ${pair.baseline}`;
  const side = isLargerBetter(comparison.metric) ? "right" : "left";
  const svg = differencePlot(
    pair.figures.map((figure) => ({
      name: figure.name,
      id: figure.id,
      differences: figure.pairs.map(({ baseline, other }) => other - baseline),
      mean: figure.difference,
      ci95: figure.ci95,
      note: `Holm p ${pText(figure.pHolm)}: ${figure.verdict}`,
    })),
    {
      title,
      subtitle: `${side} of zero "${pair.other}" is better; diamond: mean, line beneath: 95 % interval`,
      what: name,
    },
  );
  return {
    name: `differences-${place + 1}`,
    title: `Patient by patient: ${title}`,
    caption: `Each dot is one patient: his or her mean ${name} in "${pair.other}" minus that in "${pair.baseline}".`,
    svg,
  };
}

function curvesOf(
  runs: readonly ComparedRun[],
  points: (log: ReturnType<typeof parseLog>) => RunCurve["points"],
): readonly RunCurve[] {
  return runs.flatMap(({ name, training }) =>
    training === null ? [] : [{ name, points: points(parseLog(training.log)) }],
  );
}

function curveFigures(runs: readonly ComparedRun[]): readonly ComparisonFigure[] {
  const loss = curvesOf(runs, ({ steps }) => steps.map(({ step, loss }) => ({ x: step, y: loss })));
  const dice = curvesOf(runs, ({ epochs }) =>
    epochs.flatMap(({ step, foregroundDice }) =>
      foregroundDice === null ? [] : [{ x: step, y: foregroundDice }],
    ),
  );
  const hasAny = (curves: readonly RunCurve[]): boolean => curves.some(({ points }) => points.length > 0);
  const xLabel = "optimiser step";
  const figures: ComparisonFigure[] = [];
  if (hasAny(dice))
    figures.push({
      name: "validation-dice",
      title: "Validation Dice over training",
      caption: "Mean over the foreground labels of the mean Dice per volume of the validation patients.",
      svg: runCurves(dice, { title: "Validation Dice", xLabel, yLabel: "Dice", yDomain: [0, 1] }),
    });
  if (hasAny(loss))
    figures.push({
      name: "training-loss",
      title: "Training loss",
      caption:
        "Loss of each step's batch, long runs as means of neighbouring steps. Losses of runs with other loss weights are not comparable.",
      svg: runCurves(loss, { title: "Training loss", xLabel, yLabel: "loss" }),
    });
  return figures;
}

/** Differences of each pair first, then curves where runs have a log. */
export function comparisonFigures(
  runs: readonly ComparedRun[],
  comparison: Comparison,
): readonly ComparisonFigure[] {
  return [
    ...comparison.comparisons.map((pair, place) => pairFigure(pair, place, comparison)),
    ...curveFigures(runs),
  ];
}
