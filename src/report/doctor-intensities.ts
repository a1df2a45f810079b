/** The intensities of every case in one figure: a line from the 0.5th to the 99.5th percentile, a dot at the median. */
import { dot, ruleX } from "@observablehq/plot";
import type { CaseRow } from "../dataset/doctor/types.ts";
import { drawChart } from "../plot/plot-library.ts";

const WIDTH = 900;
const HEIGHT = 340;
const USUAL = "#3d6f9e";
const ODD = "#d55e00";
/** Ranges that differ by more are drawn on a logarithmic axis. */
const WIDE = 30;

interface Line {
  readonly rank: number;
  readonly low: number;
  readonly median: number;
  readonly high: number;
  readonly title: string;
  readonly colour: string;
}

/**
 * @param odd ids of cases that a finding about intensities names
 * @returns an SVG file; undefined where no case has intensities
 */
export function intensityFigure(cases: readonly CaseRow[], odd: ReadonlySet<string>): string | undefined {
  const measured = cases.flatMap(({ id, intensity }) => (intensity === null ? [] : [{ id, ...intensity }]));
  if (measured.length === 0) return undefined;
  const sorted = measured.sort((a, b) => a.high - b.high || a.median - b.median);
  // A constant image says nothing of scales.
  const highs = sorted.filter(({ low, high }) => high > 0 && high > low).map(({ high }) => high);
  const isLog = highs.length > 1 && highs[highs.length - 1]! / highs[0]! > WIDE;
  // A logarithmic axis has no 0: what is less than a thousandth of the least range stands at its foot.
  const foot = isLog ? highs[0]! / 1000 : Number.NEGATIVE_INFINITY;
  const lines = sorted.map(({ id, low, median, high }, i): Line => {
    const colour = odd.has(id) ? ODD : USUAL;
    const clip = (value: number): number => Math.max(foot, value);
    return { rank: i + 1, low: clip(low), median: clip(median), high: clip(high), title: id, colour };
  });
  const stroke = Math.max(1, Math.min(8, (0.55 * WIDTH) / lines.length));
  const usual = lines.filter(({ colour }) => colour === USUAL);
  const unlike = lines.filter(({ colour }) => colour === ODD);
  const marks = [usual, unlike].flatMap((group) => [
    ruleX(group, {
      x: "rank",
      y1: "low",
      y2: "high",
      stroke: "colour",
      strokeWidth: stroke,
      strokeOpacity: 0.5,
      title: "title",
    }),
    dot(group, { x: "rank", y: "median", fill: "colour", r: Math.max(1.5, stroke / 2), title: "title" }),
  ]);
  return drawChart(
    {
      title: "Intensities of each case",
      legend: [
        { name: "usual", colour: USUAL },
        ...(unlike.length === 0 ? [] : [{ name: "named by a finding", colour: ODD }]),
      ],
      yLabel: isLog ? "Intensity (logarithmic)" : "Intensity",
      width: WIDTH,
      height: HEIGHT,
    },
    {
      marginLeft: 70,
      x: {
        label: "Cases, by their 99.5th percentile",
        domain: [0, lines.length + 1],
        ticks: Math.min(8, lines.length),
        tickFormat: "d",
      },
      y: { grid: true, ticks: 6, ...(isLog ? { type: "log", tickFormat: "~g" } : {}) },
    },
    marks,
  );
}
