/** Dice of every patient, by label: quartiles as a box and each patient as a dot. */
import { barX, dot, type Markish, ruleX, ruleY, text, tickX } from "@observablehq/plot";
import { mean, percentile } from "../core/statistics.ts";
import { labelHex } from "./colours.ts";
import { drawChart } from "./plot-library.ts";
import { INK } from "./svg.ts";

/** The part of `Metrics` (metrics.json) that is drawn: plot/ knows nothing of metrics/. */
export interface DiceCases {
  readonly patients: number;
  readonly labels: readonly { readonly id: number; readonly name: string }[];
  readonly cases: readonly {
    readonly patient: string;
    readonly labels: readonly { readonly id: number; readonly dice: number | null }[];
  }[];
}

/** Fewer dots are shown without a box: quartiles of three patients would pretend to a distribution. */
const LEAST_FOR_BOX = 4;
const ROW_HEIGHT = 58;
const WIDTH = 520;

interface Row {
  readonly name: string;
  readonly colour: string;
  readonly values: readonly number[];
}

/** Patients with the same Dice, to 0.01, stand one above another; `lift` is in pixels. */
function stackDots(values: readonly number[]): { value: number; lift: number }[] {
  const seen = new Map<number, number>();
  return [...values]
    .sort((a, b) => a - b)
    .map((value) => {
      const bin = Math.floor(value * 80);
      const place = seen.get(bin) ?? 0;
      seen.set(bin, place + 1);
      // 0, -1, +1, -2, +2 … and round again past the height of the row.
      const side = place % 2 === 0 ? place / 2 : -(place + 1) / 2;
      return { value, lift: (side % 5) * 5 };
    });
}

function rowMarks({ name, colour, values }: Row): Markish[] {
  if (values.length === 0) {
    return [text(["undefined in every patient"], { x: 0.5, y: [name], fill: "#777777" })];
  }
  const at = (p: number): number => percentile(values, p);
  const one = [{ name, q0: at(0), q1: at(25), q2: at(50), q3: at(75), q4: at(100) }];
  const box: Markish[] =
    values.length < LEAST_FOR_BOX
      ? []
      : [
          ruleY(one, { y: "name", x1: "q0", x2: "q4", stroke: INK }),
          barX(one, {
            y: "name",
            x1: "q1",
            x2: "q3",
            fill: colour,
            fillOpacity: 0.45,
            stroke: INK,
            insetTop: 9,
            insetBottom: 9,
          }),
        ];
  const stacked = stackDots(values);
  const dots = [...new Set(stacked.map((d) => d.lift))].map((lift) =>
    dot(
      stacked.filter((d) => d.lift === lift),
      { x: "value", y: () => name, dy: lift, r: 3.2, fill: colour, stroke: INK, strokeWidth: 0.8 },
    ),
  );
  return [
    ...box,
    ...dots,
    tickX(one, { y: "name", x: "q2", stroke: INK, strokeWidth: 3, insetTop: 6, insetBottom: 6 }),
  ];
}

/** The mean over each patient's volumes; null where the label is undefined in all of them. */
function byPatient(cases: DiceCases["cases"], id: number): readonly (number | null)[] {
  const patients = new Map<string, number[]>();
  for (const { patient, labels } of cases) {
    const values = patients.get(patient) ?? [];
    patients.set(patient, values);
    for (const label of labels) if (label.id === id && label.dice !== null) values.push(label.dice);
  }
  return [...patients.values()].map((values) => (values.length === 0 ? null : mean(values)));
}

/**
 * Dice per patient by label, as a whole SVG file: of several volumes of a patient the mean. Box: quartiles (from four
 * patients on); thin line: range; thick tick: median; dots: patients. Patients in whom Dice is undefined are left out and
 * counted beside the name.
 */
export function boxByLabel(metrics: DiceCases): string {
  const rows = metrics.labels.map(({ id, name }): Row & { undefinedCount: number } => {
    const all = byPatient(metrics.cases, id);
    const values = all.filter((dice) => dice !== null);
    return { name, colour: labelHex(id), values, undefinedCount: all.length - values.length };
  });
  const longest = rows.reduce((most, row) => Math.max(most, row.name.length), 0);
  const counts = rows.map((row) => ({
    name: row.name,
    text:
      row.undefinedCount === 0
        ? `n=${row.values.length}`
        : `n=${row.values.length}, ${row.undefinedCount} undef.`,
  }));
  const patients = `${metrics.patients} patient${metrics.patients === 1 ? "" : "s"}`;
  return drawChart(
    {
      title: "Dice per patient by label",
      subtitle: `${patients}; dots: patients, tick: median, box: quartiles, line: range`,
      width: WIDTH,
      height: 46 + 14 + 48 + ROW_HEIGHT * Math.max(1, rows.length),
    },
    {
      marginLeft: Math.min(200, 26 + longest * 7.5),
      marginRight: rows.some((row) => row.undefinedCount > 0) ? 104 : 60,
      x: { label: "Dice", domain: [0, 1], grid: true, ticks: 6, tickFormat: ".1f" },
      y: { label: null, domain: rows.map((row) => row.name), type: "band", padding: 0.1, tickSize: 0 },
    },
    [
      ruleX([0], { stroke: INK }),
      ...rows.flatMap(rowMarks),
      text(counts, {
        y: "name",
        text: "text",
        frameAnchor: "right",
        dx: 10,
        textAnchor: "start",
        fontSize: 11,
      }),
    ],
  );
}
