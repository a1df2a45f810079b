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
  /** Values are few, and each is marked. */
  readonly hasPoints?: boolean;
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

/** Ten to the power of the log axis' marks would crowd: the others are left blank. */
const isPowerOfTen = (value: number): boolean => Math.abs(Math.log10(value) % 1) < 1e-9;

/** Whether the marks of a log axis are within so few decades that others than powers of ten must be named. */
const isNarrow = (marks: readonly number[]): boolean => {
  const known = marks.filter((mark) => mark > 0);
  return known.length > 0 && Math.max(...known) / Math.min(...known) < 50;
};

function diceRange(_: uPlot, min: number | null): [number, number] {
  const least = Math.floor((min ?? 0) * 10 - 0.2) / 10;
  return [Math.min(0.9, Math.max(0, least)), 1];
}

/** From zero, where that wastes little. */
function linearRange(_: uPlot, min: number | null, max: number | null): [number, number] {
  if (min === null || max === null) return [0, 1];
  const margin = (max - min) * 0.05 || Math.abs(max) * 0.1 || 1;
  const low = min >= 0 && min < max / 2 ? 0 : min - margin;
  return [min >= 0 ? Math.max(0, low) : low, max + margin];
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

const faint = (colour: string): string => `${colour}38`;

function seriesOf({ label, colour, widthPx, dash, hasPoints, band }: Curve): readonly uPlot.Series[] {
  const edge: uPlot.Series = { stroke: "transparent", width: 0, points: { show: false }, spanGaps: true };
  const line: uPlot.Series = {
    label,
    stroke: colour,
    width: widthPx,
    spanGaps: true,
    points: { show: hasPoints === true, size: 6, width: 1, fill: colour, stroke: colour },
    ...(dash === undefined ? {} : { dash: [...dash] }),
  };
  return band === undefined ? [line] : [line, edge, edge];
}

function axisOf(format: Chart["format"], scale: ScaleKind): Partial<uPlot.Axis> {
  if (scale !== "log") return { values: (_, marks) => marks.map((mark) => axisNumber(mark)) };
  return {
    filter: (_, marks) => (isNarrow(marks) ? marks : marks.map((mark) => (isPowerOfTen(mark) ? mark : null))),
    values: (_, marks) =>
      marks.map((mark) =>
        mark === null ? null : format === formatPower ? formatPower(mark) : axisNumber(mark),
      ),
  };
}

const axisNumber = (value: number): string => value.toLocaleString("en", { maximumSignificantDigits: 3 });
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
    padding: [8, 12, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: false },
      y: { range: RANGES[scale], ...(scale === "log" ? { distr: 3, log: 10 } : {}) },
    },
    axes: [
      { ...axis, size: 26, space: 70, values: (_, marks) => marks.map(axisStep) },
      { ...axis, size: 54, space: 28, ...axisOf(format, scale) },
    ],
    series: [{}, ...curves.flatMap(seriesOf)],
    bands: curves.flatMap(({ band, colour }, i) =>
      band === undefined ? [] : [{ series: [lines[i]! + 1, lines[i]! + 2], fill: faint(colour) }],
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
