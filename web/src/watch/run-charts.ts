/** The four charts of the runs that are shown, from their points. */
import { labelColour } from "../../../src/browser/index.ts";
import type { RunLabel } from "../../../src/server/api.ts";
import type { ThemeName } from "../state/theme.svelte.ts";
import { WATCH } from "../text-watch.ts";
import type { Buckets, RunCurves, Values } from "./buckets.ts";
import type { Chart, Curve } from "./chart.ts";
import { formatDice, formatLoss, formatPower, formatRate } from "./format.ts";

/** By slot: apart in hue and in lightness from each other and from the ground. */
const RUN_COLOURS: Readonly<Record<ThemeName, readonly string[]>> = {
  light: ["#0a6b57", "#c2410c", "#2557b5", "#8b2a91"],
  dark: ["#5fd3b8", "#ff9d66", "#82b4ff", "#e293e8"],
};
/** So that runs are told apart without colours, too. */
const RUN_DASHES: readonly (readonly number[] | undefined)[] = [undefined, [8, 4], [2, 3], [10, 3, 2, 3]];
const MEAN_COLOUR: Readonly<Record<ThemeName, string>> = { light: "#16211f", dark: "#e8f0ee" };

export const runColour = (slot: number, theme: ThemeName): string =>
  RUN_COLOURS[theme][slot % RUN_COLOURS[theme].length]!;

export interface ChartedRun {
  readonly name: string;
  readonly slot: number;
  readonly isFocus: boolean;
  readonly labels: readonly RunLabel[];
}

export interface ChartSettings {
  readonly theme: ThemeName;
  readonly isLogLoss: boolean;
}

interface Drawn {
  readonly run: ChartedRun;
  readonly curves: RunCurves;
  readonly colour: string;
  readonly dash: { readonly dash: readonly number[] } | Record<never, never>;
}

/** Logarithms have none of zero and below. */
const isAbove = (values: Values): boolean => values.every((value) => value === null || value > 0);

function lossCurves(
  { run, curves, colour, dash }: Drawn,
  isAlone: boolean,
  theme: ThemeName,
): readonly Curve[] {
  const { train, validation, ofRun } = WATCH.curves;
  const name = (what: string): string => (isAlone ? what : ofRun(run.name, what));
  const isThinned = curves.lossMin.some((low, i) => low !== null && low < curves.lossMax[i]!);
  const hasBand = isThinned && (isAlone || run.isFocus);
  return [
    {
      label: name(train),
      colour,
      widthPx: 1.25,
      isFaint: !isAlone,
      ...dash,
      values: curves.loss,
      ...(hasBand ? { band: { low: curves.lossMin, high: curves.lossMax } } : {}),
    },
    {
      label: name(validation),
      colour: isAlone ? runColour(run.slot + 1, theme) : colour,
      widthPx: 2.25,
      ...dash,
      hasPoints: true,
      values: curves.validationLoss,
    },
  ];
}

const hex = (id: number): string =>
  `#${(labelColour(id) ?? [136, 136, 136]).map((part) => part.toString(16).padStart(2, "0")).join("")}`;

/** As the run tells them; before it does, in the order of its log. */
function labelsOf({ run, curves }: Drawn): readonly Pick<RunLabel, "name" | "colour">[] {
  if (run.labels.length > 0) return run.labels;
  return [...curves.dice.keys()].map((name, i) => ({ name, colour: hex(i + 1) }));
}

/** Labels of the run in focus in their own colours; means of all. */
function diceCurves(drawn: readonly Drawn[], theme: ThemeName): readonly Curve[] {
  const { mean, ofRun } = WATCH.curves;
  const isAlone = drawn.length === 1;
  const focus = drawn.find(({ run }) => run.isFocus);
  const labels = (focus === undefined ? [] : labelsOf(focus)).flatMap(
    ({ name, colour }): readonly Curve[] => {
      const values = focus?.curves.dice.get(name);
      return values === undefined ? [] : [{ label: name, colour, widthPx: 2, hasPoints: true, values }];
    },
  );
  const means = drawn.map(
    ({ run, curves, colour, dash }): Curve => ({
      label: isAlone ? mean : ofRun(run.name, mean),
      colour: isAlone ? MEAN_COLOUR[theme] : colour,
      widthPx: 2.5,
      ...(isAlone ? { dash: [6, 4] } : dash),
      values: curves.meanDice,
    }),
  );
  return [...labels, ...means];
}

export interface RunCharts {
  readonly loss: Chart;
  readonly dice: Chart;
  readonly learningRate: Chart;
  readonly pace: Chart;
}

export function makeRunCharts(
  runs: readonly ChartedRun[],
  buckets: Buckets,
  { theme, isLogLoss }: ChartSettings,
): RunCharts {
  const isAlone = runs.length === 1;
  const drawn = runs.map((run, i): Drawn => {
    const line = RUN_DASHES[run.slot % RUN_DASHES.length];
    return {
      run,
      curves: buckets.runs[i]!,
      colour: runColour(run.slot, theme),
      dash: isAlone || line === undefined ? {} : { dash: line },
    };
  });
  const each = (values: (curves: RunCurves) => Values): readonly Curve[] =>
    drawn.map(({ run, curves, colour, dash }) => ({
      label: run.name,
      colour,
      widthPx: 1.75,
      ...dash,
      values: values(curves),
    }));
  const losses = drawn.flatMap((one) => lossCurves(one, isAlone, theme));
  const canBeLog = losses.every(
    ({ values, band }) => isAbove(values) && (band === undefined || isAbove(band.low)),
  );
  const { curves: text } = WATCH;
  return {
    loss: {
      title: text.loss,
      scale: isLogLoss && canBeLog ? "log" : "linear",
      format: formatLoss,
      curves: losses,
    },
    dice: { title: text.dice, scale: "dice", format: formatDice, curves: diceCurves(drawn, theme) },
    learningRate: {
      title: text.learningRate,
      scale: "log",
      format: formatPower,
      curves: each(({ learningRate }) => learningRate),
    },
    pace: {
      title: text.pace,
      unit: text.paceUnit,
      scale: "linear",
      format: formatRate,
      curves: each(({ stepsPerSecond }) => stepsPerSecond),
    },
  };
}
