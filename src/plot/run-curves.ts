/** Several runs laid over each other: one curve a run, told apart by dash, symbol and name as well as by colour. */
import { dot, line, type Markish, ruleY, text } from "@observablehq/plot";
import { drawChart } from "./plot-library.ts";
import { INK } from "./svg.ts";

export interface RunCurve {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** Okabe and Ito's, the darker ones first. */
const COLOURS = ["#0072b2", "#d55e00", "#008a60", "#8a5a9e", "#4a4a4a", "#b8860b"] as const;
const DASHES = ["", "7,4", "2,3", "10,3,2,3", "14,4", "4,2,1,2"] as const;
const SYMBOLS = ["circle", "square", "triangle", "diamond", "star", "cross"] as const;
const MOST_POINTS = 300;
const WIDTH = 520;

function thin(points: RunCurve["points"]): RunCurve["points"] {
  const run = Math.ceil(points.length / MOST_POINTS);
  if (run <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / run) }, (_, i) => {
    const part = points.slice(i * run, (i + 1) * run);
    const mean = (of: "x" | "y"): number => part.reduce((sum, p) => sum + p[of], 0) / part.length;
    return { x: mean("x"), y: mean("y") };
  });
}

function curveMarks({ points }: RunCurve, place: number): Markish[] {
  const stroke = COLOURS[place % COLOURS.length]!;
  const shown = thin(points);
  const every = Math.max(1, Math.ceil(shown.length / 12));
  const marked = shown.filter((_, i) => i % every === 0 || i === shown.length - 1);
  return [
    line(shown, { x: "x", y: "y", stroke, strokeWidth: 2, strokeDasharray: DASHES[place % DASHES.length]! }),
    dot(marked, {
      x: "x",
      y: "y",
      fill: "white",
      stroke,
      strokeWidth: 2,
      symbol: SYMBOLS[place % SYMBOLS.length]!,
      r: 4,
    }),
  ];
}

/** A whole SVG file; runs without a point are left out. The symbol of each run stands before its name under the title. */
export function runCurves(
  curves: readonly RunCurve[],
  options: {
    readonly title: string;
    readonly xLabel: string;
    readonly yLabel: string;
    readonly yDomain?: readonly [number, number];
  },
): string {
  const known = curves.map((curve) => ({
    ...curve,
    points: curve.points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y)),
  }));
  const all = known.flatMap(({ points }) => points);
  // Logs hold a line for each step: too many to be the arguments of one call.
  const domain = options.yDomain ?? [
    all.reduce((least, { y }) => Math.min(least, y), 0),
    1.05 * all.reduce((most, { y }) => Math.max(most, y), 0),
  ];
  const keys = known.flatMap(({ name, points }, place) =>
    points.length === 0 ? [] : [{ name, place, row: 0 }],
  );
  const rows = keys.map((key, row) => ({ ...key, row }));
  return drawChart(
    {
      title: options.title,
      yLabel: options.yLabel,
      width: WIDTH,
      height: 340 + 18 * rows.length,
    },
    {
      marginTop: 40 + 18 * rows.length,
      x: { label: options.xLabel, ticks: 6, tickFormat: "d", grid: false },
      y: { domain, grid: true, ticks: 6 },
    },
    all.length === 0
      ? [ruleY([0], { stroke: INK }), text(["no data"], { frameAnchor: "middle", fill: "#777777" })]
      : [
          ruleY([domain[0]], { stroke: INK }),
          ...known.flatMap((curve, place) => curveMarks(curve, place)),
          ...rows.flatMap(({ name, place, row }): Markish[] => {
            const dy = -26 - 18 * (rows.length - 1 - row);
            const stroke = COLOURS[place % COLOURS.length]!;
            return [
              dot([0], {
                frameAnchor: "top-left",
                dx: 8,
                dy: dy - 4,
                r: 4,
                symbol: SYMBOLS[place % SYMBOLS.length]!,
                fill: "white",
                stroke,
                strokeWidth: 2,
              }),
              text([name], {
                frameAnchor: "top-left",
                textAnchor: "start",
                lineAnchor: "bottom",
                dx: 20,
                dy,
                fontSize: 12,
              }),
            ];
          }),
        ],
  );
}
