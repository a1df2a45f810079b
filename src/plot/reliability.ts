/** Whether probabilities are what they claim to be: how often a label is true against how probable it was said to be. */
import { dot, frame, line, link, type Markish, ruleY, text } from "@observablehq/plot";
import { labelHex } from "./colours.ts";
import { drawChart } from "./plot-library.ts";
import { INK } from "./svg.ts";

/** The part of `Calibration` (metrics.json) that is drawn: plot/ knows nothing of metrics/. */
export interface ReliabilityCurves {
  /** Of the most probable label; null where nothing was counted. */
  readonly ece: number | null;
  readonly labels: readonly {
    readonly id: number;
    readonly name: string;
    readonly ece: number | null;
    readonly bins: readonly {
      readonly to: number;
      readonly n: number;
      readonly meanProbability: number | null;
      readonly frequency: number | null;
    }[];
  }[];
}

const COLUMNS = 3;
const PANEL = { width: 210, height: 236 } as const;
const LARGEST_DOT = 7;
const SMALLEST_DOT = 1.6;
/** "1,234,567" on every platform. */
const NUMBER = new Intl.NumberFormat("en-US");

interface Place {
  readonly column: number;
  readonly row: number;
}
interface Point extends Place {
  readonly probability: number;
  readonly frequency: number;
  readonly r: number;
}

type LabelCurve = ReliabilityCurves["labels"][number];

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

const voxelsOf = (bins: LabelCurve["bins"]): number => bins.reduce((sum, { n }) => sum + n, 0);

/** A bin that ends at `leastProbability` counts in no ECE and is told in words: its voxels are nearly all. */
function pointsOf({ bins }: LabelCurve, place: Place, leastProbability: number): Point[] {
  const counting = bins.filter(({ to }) => to > leastProbability);
  const most = counting.reduce((max, { n }) => Math.max(max, n), 0);
  return counting.flatMap(({ n, meanProbability, frequency }) =>
    meanProbability === null || frequency === null
      ? []
      : [
          {
            ...place,
            probability: meanProbability,
            frequency,
            r: Math.max(SMALLEST_DOT, LARGEST_DOT * Math.sqrt(n / most)),
          },
        ],
  );
}

/** "n = 12,345" and what became of the voxels that were hardly given the label at all. */
function countsOf({ bins }: LabelCurve, leastProbability: number): string {
  const low = bins.filter(({ to }) => to <= leastProbability);
  const missed = low.reduce((sum, { n, frequency }) => sum + n * (frequency ?? 0), 0);
  const below = missed === 0 ? "" : `\nbelow ${leastProbability}: ${NUMBER.format(Math.round(missed))} true`;
  return `n = ${NUMBER.format(voxelsOf(bins) - voxelsOf(low))}${below}`;
}

function panelMarks(label: LabelCurve, place: Place, leastProbability: number): Markish[] {
  const points = pointsOf(label, place, leastProbability);
  const facet = { fx: "column", fy: "row" } as const;
  const one = (words: string) => [{ ...place, words }];
  const ece = label.ece === null ? "ECE undefined" : `ECE ${label.ece.toFixed(3)}`;
  const colour = labelHex(label.id);
  const heading = { ...facet, text: "words", frameAnchor: "top-left", lineAnchor: "bottom", dy: -9 } as const;
  return [
    text(one(label.name), { ...heading, textAnchor: "start", dx: 14, fontWeight: "bold" }),
    text(one(ece), { ...heading, frameAnchor: "top-right", textAnchor: "end" }),
    dot([place], { ...facet, frameAnchor: "top-left", dx: 5, dy: -13, r: 5, fill: colour, stroke: INK }),
    text(one(countsOf(label, leastProbability)), {
      ...facet,
      text: "words",
      frameAnchor: "top-left",
      textAnchor: "start",
      lineAnchor: "top",
      dx: 6,
      dy: 5,
      fontSize: 11,
      fill: "#555555",
    }),
    // How far the model is off: from each point straight to the diagonal.
    link(points, {
      ...facet,
      x1: "probability",
      x2: "probability",
      y1: "frequency",
      y2: "probability",
      stroke: INK,
      strokeWidth: 1,
    }),
    line(points, { ...facet, x: "probability", y: "frequency", stroke: colour, strokeWidth: 2 }),
    dot(points, {
      ...facet,
      x: "probability",
      y: "frequency",
      r: "r",
      fill: colour,
      stroke: INK,
      strokeWidth: 0.8,
    }),
  ];
}

/**
 * Reliability of every label as a whole SVG file, one panel each: points on the diagonal are calibrated, at points under
 * it the label is claimed more often than it is true. The area of a point is its bin's number of voxels, against the largest of the panel.
 * @param options.leastProbability bins up to here are not drawn; how many of their voxels bear the label is written.
 */
export function reliabilityFigure(
  calibration: ReliabilityCurves,
  options: { readonly title: string; readonly leastProbability: number },
): string {
  const { labels, ece } = calibration;
  const rows = Math.max(1, Math.ceil(labels.length / COLUMNS));
  const places = labels.map((_, i): Place => ({ column: i % COLUMNS, row: Math.floor(i / COLUMNS) }));
  const all = ece === null ? "" : `; most probable label: ECE ${ece.toFixed(3)}`;
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const tickFormat = (value: number): string => `${value}`;
  return drawChart(
    {
      title: options.title,
      subtitle: `under the diagonal: claimed more often than true; area of a point: its voxels${all}`,
      width: 84 + COLUMNS * PANEL.width,
      height: 46 + 66 + rows * PANEL.height,
    },
    {
      marginTop: 38,
      marginLeft: 60,
      x: { label: "predicted probability", domain: [0, 1], ticks, tickFormat },
      y: {
        label: "share of voxels that are the label",
        labelAnchor: "center",
        labelArrow: "none",
        domain: [0, 1],
        ticks,
        tickFormat,
        grid: true,
      },
      fx: { domain: upTo(COLUMNS), axis: null, padding: 0.1 },
      fy: { domain: upTo(rows), axis: null, padding: 0.14 },
      r: { type: "identity" },
    },
    labels.length === 0
      ? [ruleY([0], { stroke: INK }), text(["no labels"], { frameAnchor: "middle", fill: "#777777" })]
      : [
          frame({ stroke: "#bbbbbb" }),
          line(
            [
              [0, 0],
              [1, 1],
            ],
            { stroke: INK, strokeDasharray: "4,4" },
          ),
          ...labels.flatMap((label, i) => panelMarks(label, places[i]!, options.leastProbability)),
        ],
  );
}
