/** Dice of each trial of a sweep against one of the settings that were varied. */
import { dot, link, type Markish, ruleY, text } from "@observablehq/plot";
import { drawChart } from "./plot-library.ts";
import { INK } from "./svg.ts";

/** A trial as it is drawn: plot/ knows nothing of report/. */
export interface SweepPoint {
  readonly value: unknown;
  /** null of a trial that failed, or that has none. */
  readonly dice: number | null;
  readonly ci95: readonly [low: number, high: number] | null;
  readonly isBest: boolean;
}

const WIDTH = 520;
const HEIGHT = 320;
const COLOUR = "#0072b2";
const FAILED = "#b03a2e";

const textOf = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

/** 1, 2 and 5 times the powers of ten, or these alone over more than two decades: labels of more run into each other. */
function ticksOfLog([low, high]: readonly [number, number]): readonly number[] {
  const factors = high / low > 100 ? [1] : [1, 2, 5];
  const first = Math.floor(Math.log10(low));
  const powers = Array.from({ length: Math.ceil(Math.log10(high)) - first }, (_, i) => first + i);
  return powers
    .flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`)))
    .filter((tick) => tick >= low && tick <= high);
}

/** A whole SVG file. @param options.scale of the setting's axis, where all its values are numbers */
export function sweepPlot(
  points: readonly SweepPoint[],
  options: { readonly key: string; readonly scale: "linear" | "log" },
): string {
  const isNumeric = points.every(({ value }) => typeof value === "number");
  const isLog = isNumeric && options.scale === "log" && points.every(({ value }) => Number(value) > 0);
  const shown = points.map((point) => ({
    ...point,
    x: isNumeric ? Number(point.value) : textOf(point.value),
  }));
  const good = shown.filter(({ dice }) => dice !== null);
  const failed = shown.filter(({ dice }) => dice === null);
  const ends = good.flatMap(({ dice, ci95 }) => [dice!, ...(ci95 ?? [])]);
  const least = Math.max(0, Math.min(...ends, 1) - 0.03);
  const most = Math.min(1, Math.max(...ends, least + 0.05) + 0.03);
  const names = [...new Set(shown.map(({ x }) => x))];
  const values = shown.flatMap(({ x }) => (typeof x === "number" ? [x] : []));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const pad = 0.04 * (high - low || Math.abs(high) || 1);
  const domain: [number, number] = isLog ? [low / 1.15, high * 1.15] : [low - pad, high + pad];
  const x = isNumeric
    ? {
        type: isLog ? ("log" as const) : ("linear" as const),
        domain,
        ticks: isLog ? ticksOfLog(domain) : 6,
        tickFormat: isLog ? "~g" : "~",
      }
    : { type: "point" as const, domain: names, padding: 0.5 };
  const marks: Markish[] = [
    ruleY([least], { stroke: INK }),
    ...good.flatMap(({ x: at, ci95 }): Markish[] =>
      ci95 === null
        ? []
        : [
            link([0], {
              x1: () => at,
              x2: () => at,
              y1: ci95[0],
              y2: ci95[1],
              stroke: COLOUR,
              strokeOpacity: 0.45,
              strokeWidth: 2,
            }),
          ],
    ),
    dot(good, {
      x: "x",
      y: "dice",
      r: (point: SweepPoint) => (point.isBest ? 7 : 4.5),
      symbol: (point: SweepPoint) => (point.isBest ? "star" : "circle"),
      fill: (point: SweepPoint) => (point.isBest ? "#d55e00" : "white"),
      stroke: (point: SweepPoint) => (point.isBest ? "#d55e00" : COLOUR),
      strokeWidth: 2,
    }),
    ...(failed.length === 0
      ? []
      : [
          dot(failed, {
            x: "x",
            y: () => least,
            symbol: "times",
            r: 6,
            stroke: FAILED,
            strokeWidth: 2.5,
            dy: -8,
          }),
        ]),
    ...(shown.length === 0 ? [text(["no trial"], { frameAnchor: "middle", fill: "#777777" })] : []),
  ];
  return drawChart(
    {
      title: options.key,
      subtitle: `star: the best; bars: 95 % intervals${failed.length === 0 ? "" : "; crosses: failed"}`,
      yLabel: "mean Dice on validation patients",
      width: WIDTH,
      height: HEIGHT,
    },
    {
      x: { ...x, label: isLog ? `${options.key} (by the logarithm)` : options.key, grid: isNumeric },
      y: { domain: [least, most], grid: true, ticks: 6 },
      symbol: { type: "identity" },
      color: { type: "identity" },
      r: { type: "identity" },
    },
    marks,
  );
}
