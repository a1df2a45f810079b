/** Differences patient by patient between two runs: dots around zero, their mean and its interval. */
import { dot, link, type Markish, ruleX, text } from "@observablehq/plot";
import { labelHex } from "./colours.ts";
import { drawChart } from "./plot-library.ts";
import { INK } from "./svg.ts";

/** The part of a comparison that is drawn: plot/ knows nothing of report/. */
export interface DifferenceRow {
  readonly name: string;
  /** null: the mean over the labels. */
  readonly id: number | null;
  /** Other minus baseline, one a patient. */
  readonly differences: readonly number[];
  readonly mean: number | null;
  readonly ci95: readonly [low: number, high: number] | null;
  /** e.g. "p = 0.003, better". */
  readonly note: string;
}

const WIDTH = 760;
const ROW_HEIGHT = 70;
const MEAN_COLOUR = "#555555";

/** Dots of like differences stand one above another; `lift` is in pixels. */
function spread(values: readonly number[], width: number): { value: number; lift: number }[] {
  const seen = new Map<number, number>();
  return [...values]
    .sort((a, b) => a - b)
    .map((value) => {
      const bin = Math.round(value / width);
      const place = seen.get(bin) ?? 0;
      seen.set(bin, place + 1);
      const side = place % 2 === 0 ? place / 2 : -(place + 1) / 2;
      return { value, lift: (side % 4) * 4.5 };
    });
}

function rowMarks(row: DifferenceRow, span: number): Markish[] {
  const { name, id, differences, mean, ci95 } = row;
  if (differences.length === 0)
    return [text(["no patient to compare"], { x: 0, y: [name], fill: "#777777" })];
  const colour = id === null ? MEAN_COLOUR : labelHex(id);
  const stacked = spread(differences, span / 90);
  const dots = [...new Set(stacked.map(({ lift }) => lift))].map((lift) =>
    dot(
      stacked.filter((each) => each.lift === lift),
      { x: "value", y: () => name, dy: lift, r: 3.2, fill: colour, stroke: INK, strokeWidth: 0.7 },
    ),
  );
  const centre: Markish[] =
    mean === null
      ? []
      : [
          ...(ci95 === null
            ? []
            : [
                link([0], {
                  x1: ci95[0],
                  x2: ci95[1],
                  y1: () => name,
                  y2: () => name,
                  stroke: INK,
                  strokeWidth: 3,
                  dy: 25,
                }),
              ]),
          dot([mean], {
            x: (d: number) => d,
            y: () => name,
            symbol: "diamond",
            r: 6,
            fill: "white",
            stroke: INK,
            strokeWidth: 2,
            dy: 25,
          }),
        ];
  return [...dots, ...centre];
}

/**
 * A whole SVG file: one row for each label, a dot for each patient, beneath them a diamond for the mean and a line for
 * its 95 % interval. Right of zero the figure is larger in the other run.
 * @param options.what the figure with its unit, e.g. "Dice"
 */
export function differencePlot(
  rows: readonly DifferenceRow[],
  options: { readonly title: string; readonly subtitle: string; readonly what: string },
): string {
  const all = rows.flatMap(({ differences, ci95 }) => [...differences, ...(ci95 ?? [])]);
  const reach = 1.08 * Math.max(1e-6, ...all.map(Math.abs));
  const longest = rows.reduce((most, { name }) => Math.max(most, name.length), 0);
  const notes = rows.map(({ name, note }) => ({ name, note }));
  const longestNote = rows.reduce((most, { note }) => Math.max(most, note.length), 0);
  return drawChart(
    {
      title: options.title,
      subtitle: options.subtitle,
      width: WIDTH,
      height: 46 + 14 + 48 + ROW_HEIGHT * Math.max(1, rows.length),
    },
    {
      marginLeft: Math.min(200, 26 + longest * 7.5),
      marginRight: Math.min(240, 26 + longestNote * 6.2),
      x: {
        label: `difference in ${options.what}, one dot a patient`,
        domain: [-reach, reach],
        grid: true,
        ticks: 7,
      },
      y: { label: null, domain: rows.map(({ name }) => name), type: "band", padding: 0.1, tickSize: 0 },
    },
    [
      ruleX([0], { stroke: INK, strokeWidth: 1.5 }),
      ...rows.flatMap((row) => rowMarks(row, 2 * reach)),
      text(notes, {
        y: "name",
        text: "note",
        frameAnchor: "right",
        dx: 10,
        textAnchor: "start",
        fontSize: 11.5,
      }),
    ],
  );
}
