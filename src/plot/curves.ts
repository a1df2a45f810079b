/** Curves over training: loss, Dice over the batches, Dice by label. Every function returns a whole SVG file. */

import { dot, line, type Markish, ruleY, text } from "@observablehq/plot";
import { mean as meanOf } from "../core/statistics.ts";
import { counted } from "../core/text.ts";
import { labelHex } from "./colours.ts";
import { drawChart } from "./plot-library.ts";
import { INK, textWidth } from "./svg.ts";

export interface LossPoint {
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
}
export interface LossCurves {
  readonly training: readonly LossPoint[];
  readonly validation: readonly LossPoint[];
}

export interface DiceCurve {
  readonly title: string;
  readonly points: readonly { readonly x: number; readonly value: number }[];
  readonly xLabel: string;
  readonly mean: number;
  readonly max: number;
}

export interface LabelDice {
  /** Where absent, the place in the list, from 1. */
  readonly id?: number;
  readonly name: string;
  /** null where undefined: the curve has a gap there. */
  readonly dice: number | null;
}
export interface DiceByLabel {
  readonly epochs: readonly { readonly epoch: number; readonly labels: readonly LabelDice[] }[];
}

const WIDTH = 520;
const HEIGHT = 340;
const TRAINING = "#0072b2";
const VALIDATION = "#d55e00";
const MAXIMUM = "#008a60";
/** More points than pixels help nobody and make the file large. */
const MAX_POINTS = 300;
/** The least distance between two names beside a chart of Dice, in Dice: 16 px of about 260. */
const NAME_GAP = 0.062;

interface XY {
  readonly x: number;
  readonly y: number;
}

/** Means of equal runs of points, at most `MAX_POINTS` of them. */
function thin(points: readonly XY[]): XY[] {
  const run = Math.ceil(points.length / MAX_POINTS);
  if (run <= 1) return [...points];
  return Array.from({ length: Math.ceil(points.length / run) }, (_, i) => {
    const part = points.slice(i * run, (i + 1) * run);
    return { x: meanOf(part.map((p) => p.x)), y: meanOf(part.map((p) => p.y)) };
  });
}

const finite = (points: readonly XY[]): XY[] =>
  points.filter((p) => Number.isFinite(p.x) && Number.isFinite(p.y));

/** A curve of a single point would be invisible. */
function curve(points: readonly XY[], stroke: string, strokeWidth: number): Markish[] {
  const marks: Markish[] = [line(points, { x: "x", y: "y", stroke, strokeWidth })];
  if (points.length <= 40) marks.push(dot(points, { x: "x", y: "y", fill: stroke, r: 3 }));
  return marks;
}

function noData(): Markish {
  return text(["no data yet"], { frameAnchor: "middle", fill: "#777777", fontSize: 16 });
}

/** "1 epoch", "12 epochs". */

/** Training and validation loss over optimiser steps; long runs are drawn as means of neighbouring steps. */
export function lossCurves(input: LossCurves): string {
  const toXY = (p: LossPoint): XY => ({ x: p.step, y: p.loss });
  const training = thin(finite(input.training.map(toXY)));
  const validation = finite(input.validation.map(toXY));
  const epochs = [...input.training, ...input.validation].reduce((most, p) => Math.max(most, p.epoch), 0);
  const lowest = [...training, ...validation].reduce((least, p) => Math.min(least, p.y), 0);
  const steps = [...training, ...validation].map((p) => p.x);
  const span = [Math.min(...steps), Math.max(...steps)] as const;
  const empty = training.length + validation.length === 0;
  return drawChart(
    {
      title: "Loss",
      yLabel: "loss",
      width: WIDTH,
      height: HEIGHT,
      legend: [
        { name: "training", colour: TRAINING },
        { name: "validation", colour: VALIDATION },
      ],
    },
    {
      x: {
        label: epochs > 0 ? `optimiser step (${counted(epochs, "epoch")})` : "optimiser step",
        ...(empty ? { domain: [0, 1], ticks: 0 } : { ticks: wholeTicks(...span) }),
      },
      y: { grid: true, nice: true, ticks: 6, ...(empty ? { domain: [0, 1] } : {}) },
    },
    empty
      ? [ruleY([0], { stroke: INK }), noData()]
      : [
          ruleY([lowest], { stroke: INK }),
          ...curve(training, TRAINING, 1.3),
          ...curve(validation, VALIDATION, 2.8),
        ],
  );
}

/** Places for names as near their values as `NAME_GAP` allows, inside [0, 1]; order is kept. */
export function spreadNames(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]! || b - a);
  const places = values.map((v) => Math.min(1, Math.max(0, v)));
  for (let k = 1; k < order.length; k++) {
    const at = order[k]!;
    places[at] = Math.max(places[at]!, places[order[k - 1]!]! + NAME_GAP);
  }
  let ceiling = 1;
  for (let k = order.length - 1; k >= 0; k--) {
    const at = order[k]!;
    places[at] = Math.min(places[at]!, ceiling);
    ceiling = places[at]! - NAME_GAP;
  }
  return places;
}

interface Named {
  readonly name: string;
  readonly value: number;
  readonly colour: string;
}

/** The right margin that the names need. */
function marginFor(named: readonly Named[]): number {
  const widest = named.reduce((most, n) => Math.max(most, textWidth(n.name, 13)), 0);
  return Math.min(WIDTH / 2, 34 + widest * 1.1);
}

/** Names in the right margin, each beside a dot in the colour of what it names. */
function names(named: readonly Named[], x: number): Markish[] {
  const places = spreadNames(named.map((n) => n.value));
  const rows = named.map((n, i) => ({ ...n, x, place: places[i]! }));
  return [
    dot(rows, { x: "x", y: "place", fill: "colour", r: 4, dx: 12, stroke: "white", strokeWidth: 0.5 }),
    text(rows, { x: "x", y: "place", text: "name", dx: 20, textAnchor: "start", fill: INK }),
  ];
}

const DICE_AXIS = { domain: [0, 1], grid: true, ticks: 6, tickFormat: ".1f" } as const;

/** Steps and batches are whole: no tick between two of them. */
function wholeTicks(low: number, high: number): number {
  return Math.max(1, Math.min(6, Math.floor(high - low)));
}

function lastX(points: readonly XY[]): number {
  return points.reduce((most, p) => Math.max(most, p.x), Number.NEGATIVE_INFINITY);
}

/** The seed project's figures "Dice over the batches": the curve, and its mean and maximum drawn and named. */
export function diceCurves(input: DiceCurve): string {
  const all = finite(input.points.map((p) => ({ x: p.x, y: p.value })));
  const points = thin(all);
  const frame = { title: input.title, yLabel: "Dice", width: WIDTH, height: HEIGHT };
  if (points.length === 0) {
    return drawChart(frame, { x: { label: input.xLabel, domain: [0, 1], ticks: 0 }, y: DICE_AXIS }, [
      ruleY([0], { stroke: INK }),
      noData(),
    ]);
  }
  const first = all.reduce((least, p) => Math.min(least, p.x), Number.POSITIVE_INFINITY);
  const last = lastX(all);
  const domain = first === last ? [first - 1, first + 1] : [first, last];
  const named = [
    { name: `mean ${input.mean.toFixed(3)}`, value: input.mean, colour: VALIDATION },
    { name: `max ${input.max.toFixed(3)}`, value: input.max, colour: MAXIMUM },
  ];
  return drawChart(
    frame,
    {
      marginRight: marginFor(named),
      x: { label: input.xLabel, domain, ticks: wholeTicks(first, last) },
      y: DICE_AXIS,
    },
    [
      ruleY([0], { stroke: INK }),
      ruleY([input.mean], { stroke: VALIDATION, strokeWidth: 2 }),
      ruleY([input.max], { stroke: MAXIMUM, strokeWidth: 2, strokeDasharray: "6,4" }),
      ...curve(points, TRAINING, 1.5),
      ...names(named, domain[1]!),
    ],
  );
}

const SYMBOLS = ["circle", "square", "triangle", "diamond", "star", "wye", "cross"] as const;

/** Dice of each label over the epochs, each curve named at its end; symbols differ as well as colours. */
export function diceByLabel(input: DiceByLabel): string {
  const title = "Dice by label over the epochs";
  const byName = new Map<string, { id: number; points: XY[] }>();
  for (const { epoch, labels } of input.epochs) {
    labels.forEach((label, place) => {
      const entry = byName.get(label.name) ?? { id: label.id ?? place + 1, points: [] };
      entry.points.push({ x: epoch, y: label.dice ?? Number.NaN });
      byName.set(label.name, entry);
    });
  }
  const curves = [...byName].filter(([, { points }]) => finite(points).length > 0);
  const frame = { title, yLabel: "Dice", width: WIDTH, height: HEIGHT };
  if (curves.length === 0) {
    return drawChart(frame, { x: { label: "epoch", domain: [0, 1], ticks: 0 }, y: DICE_AXIS }, [
      ruleY([0], { stroke: INK }),
      noData(),
    ]);
  }
  const xs = curves.flatMap(([, { points }]) => points.map((p) => p.x));
  const low = Math.min(...xs);
  const high = Math.max(...xs);
  const domain = low === high ? [low - 1, low + 1] : [low, high];
  const marks = curves.flatMap(([, { id, points }], i): Markish[] => {
    const stroke = labelHex(id);
    const symbol = SYMBOLS[i % SYMBOLS.length] ?? "circle";
    const shown =
      points.length <= 40 ? points : points.filter((_, k) => k % Math.ceil(points.length / 20) === 0);
    return [
      line(points, { x: "x", y: "y", stroke, strokeWidth: 2.2 }),
      dot(finite(shown), { x: "x", y: "y", fill: stroke, symbol, r: 4, stroke: "white", strokeWidth: 0.5 }),
    ];
  });
  const named = curves.map(([name, { id, points }]) => {
    const value = finite(points).at(-1)?.y ?? 0;
    return { name: `${name} ${value.toFixed(2)}`, value, colour: labelHex(id) };
  });
  return drawChart(
    frame,
    {
      marginRight: marginFor(named),
      x: { label: "epoch", domain, ticks: low === high ? [low] : Math.min(8, high - low), tickFormat: "d" },
      y: DICE_AXIS,
    },
    [ruleY([0], { stroke: INK }), ...marks, ...names(named, domain[1]!)],
  );
}
