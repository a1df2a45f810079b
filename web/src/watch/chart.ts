/** A chart as data: what is drawn, how it is named, and uPlot's options for it. */
import type uPlot from "uplot";
import type { Values } from "./buckets.ts";
import { formatPower } from "./format.ts";

export interface Curve {
  /** For the legend. */
  readonly label: string;
  /** "#rrggbb". */
  readonly colour: string;
  readonly widthPx: number;
  /** Lengths in pixels; undefined: a whole line. */
  readonly dash?: readonly number[];
  /** Values are few, and each is marked where there is room. */
  readonly hasPoints?: boolean;
  /** Behind the others. */
  readonly isFaint?: boolean;
  readonly values: Values;
  /** What lies behind means: an area from the least to the largest. */
  readonly band?: { readonly low: Values; readonly high: Values };
}

export type ScaleKind = "linear" | "log" | "dice";

export interface Chart {
  readonly title: string;
  /** Behind values. */
  readonly unit?: string;
  readonly scale: ScaleKind;
  readonly format: (value: number | null | undefined) => string;
  readonly curves: readonly Curve[];
}

export interface ChartColours {
  readonly text: string;
  readonly grid: string;
}

/** First digits of the marks that a log axis names: fewer, the more decades it spans. */
function namedDigits(decades: number): readonly number[] {
  if (decades < 1.3) return [1, 2, 3, 5, 7];
  return decades < 2.2 ? [1, 2, 5] : decades < 3.2 ? [1, 3] : [1];
}

/** Marks of a log axis with those left blank that would crowd it. */
function logMarks({ scales }: uPlot, marks: readonly number[]): (number | null)[] {
  const { min, max } = scales.y ?? {};
  const digits = namedDigits(Math.log10((max ?? 1) / (min ?? 1)));
  // The first mark is the scale's own end, whatever that is.
  return marks.map((mark) => (digits.includes(Number(mark.toExponential(4).split("e")[0])) ? mark : null));
}

function diceRange(_: uPlot, min: number | null): [number, number] {
  const least = Math.floor((min ?? 0) * 10 - 0.2) / 10;
  return [Math.min(0.9, Math.max(0, least)), 1];
}

/** From zero, unless there are values below. */
function linearRange(_: uPlot, min: number | null, max: number | null): [number, number] {
  if (min === null || max === null) return [0, 1];
  const margin = (max - min) * 0.05 || Math.abs(max) * 0.1 || 1;
  return [min >= 0 ? 0 : min - margin, max + margin];
}

function logRange(_: uPlot, min: number | null, max: number | null): [number, number] {
  if (min === null || max === null || min <= 0) return [0.1, 1];
  return [min / 1.15, max * 1.15];
}

const RANGES = { dice: diceRange, linear: linearRange, log: logRange } as const;

/** Axis, then for each curve its line and, where it has one, the two edges of its band. */
export function chartData(steps: readonly number[], { curves }: Chart): uPlot.AlignedData {
  return [
    [...steps],
    ...curves.flatMap(({ values, band }) => (band === undefined ? [values] : [values, band.high, band.low])),
  ];
}

/** Where each curve's line is among the series. */
export function lineIndexes({ curves }: Chart): readonly number[] {
  let next = 1;
  return curves.map(({ band }) => {
    const index = next;
    next += band === undefined ? 1 : 3;
    return index;
  });
}

/** What must be the same for a chart to go on with new data. */
export const chartShape = ({ title, scale, curves }: Chart): string =>
  JSON.stringify([title, scale, curves.map(({ values: _, band, ...rest }) => [rest, band !== undefined])]);

const bandColour = (colour: string): string => `${colour}38`;
/** As drawn, in the chart and in the legend. */
export const lineColour = ({ colour, isFaint }: Curve): string => (isFaint === true ? `${colour}99` : colour);

const LEAST_PLACES_A_POINT = 12;

/** Whether points would not run into each other. */
function isSparse(values: Values): boolean {
  let known = 0;
  for (const value of values) if (value !== null) known++;
  return known <= Math.max(12, values.length / LEAST_PLACES_A_POINT);
}

function seriesOf(curve: Curve): readonly uPlot.Series[] {
  const { label, colour, widthPx, dash, hasPoints, band } = curve;
  const edge: uPlot.Series = { stroke: "transparent", width: 0, points: { show: false }, spanGaps: true };
  const line: uPlot.Series = {
    label,
    stroke: lineColour(curve),
    width: widthPx,
    spanGaps: true,
    points: {
      show: (plot, index) => hasPoints === true && isSparse(plot.data[index] as Values),
      size: 6,
      width: 1,
      fill: colour,
      stroke: colour,
    },
    ...(dash === undefined ? {} : { dash: [...dash] }),
  };
  return band === undefined ? [line] : [line, edge, edge];
}

function axisOf(format: Chart["format"], scale: ScaleKind): Partial<uPlot.Axis> {
  if (scale !== "log")
    return { values: (_, marks, __, ___, step) => marks.map((mark) => axisNumber(mark, step)) };
  const name = format === formatPower ? axisPower : axisNumber;
  return { filter: logMarks, values: (_, marks) => marks.map((mark) => (mark === null ? null : name(mark))) };
}

/** There is little room. */
const axisPower = (value: number): string => formatPower(value).replace(" × ", "·");
/** @param step between marks: as many decimals as tell them apart */
function axisNumber(value: number, step = value): string {
  const decimals = Math.max(0, -Math.floor(Math.log10(Math.abs(step) || 1) + 1e-9));
  return value.toLocaleString("en", { maximumFractionDigits: decimals });
}
const axisStep = (value: number): string => value.toLocaleString("en");

export interface ChartHooks {
  readonly moved: (place: number | undefined) => void;
  readonly chosen: (from: number, to: number) => void;
  readonly reset: () => void;
}

export function chartOptions(
  chart: Chart,
  size: { readonly width: number; readonly height: number },
  colours: ChartColours,
  hooks: ChartHooks,
): uPlot.Options {
  const { curves, scale, format } = chart;
  const lines = lineIndexes(chart);
  const axis: uPlot.Axis = {
    stroke: colours.text,
    font: '12px system-ui, "Segoe UI", Roboto, sans-serif',
    grid: { stroke: colours.grid, width: 1 },
    ticks: { stroke: colours.grid, width: 1, size: 4 },
    gap: 4,
  };
  return {
    ...size,
    padding: [8, 22, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: false },
      y: { range: RANGES[scale], ...(scale === "log" ? { distr: 3, log: 10 } : {}) },
    },
    axes: [
      { ...axis, size: 26, space: 70, values: (_, marks) => marks.map(axisStep) },
      {
        ...axis,
        size: 54,
        space: 26,
        ...axisOf(format, scale),
        ...(scale === "log"
          ? { grid: { ...axis.grid, filter: logMarks }, ticks: { ...axis.ticks, filter: logMarks } }
          : {}),
      },
    ],
    series: [{}, ...curves.flatMap(seriesOf)],
    bands: curves.flatMap(({ band, colour }, i) =>
      band === undefined ? [] : [{ series: [lines[i]! + 1, lines[i]! + 2], fill: bandColour(colour) }],
    ),
    cursor: {
      sync: { key: "hipmri-watch" },
      drag: { x: true, y: false, setScale: false },
      y: false,
      points: { show: false },
      bind: {
        dblclick: () => () => {
          hooks.reset();
          return null;
        },
      },
    },
    hooks: {
      setCursor: [({ cursor }) => hooks.moved(cursor.idx ?? undefined)],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 4) return;
          hooks.chosen(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}
