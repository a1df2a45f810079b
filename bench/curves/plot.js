/**
 * Dice of the validation patients against minutes of training (validation itself left out of the clock), several
 * trainings in one plot: node bench/curves/plot.js PLOT.svg NAME=RUN_FOLDER|TORCH.json …
 * TORCH.json is what train_torch.py writes. Prints the points as well.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dot, line } from "@observablehq/plot";
import { ensureBuilt } from "../../bin/build.js";

ensureBuilt();
const { drawChart } = await import("../../dist/plot/plot-library.js");
const COLOURS = ["#0072b2", "#d55e00", "#008a60", "#aa3377", "#555555"];

function pointsOf(path) {
  if (path.endsWith(".json"))
    return JSON.parse(readFileSync(path, "utf8")).points.map(({ minutes, step, mean }) => ({
      minutes,
      step,
      dice: mean,
    }));
  let seconds = 0;
  const points = [];
  for (const text of readFileSync(join(path, "log.jsonl"), "utf8").trim().split("\n")) {
    const entry = JSON.parse(text);
    if (entry.kind === "step") seconds += entry.seconds;
    else if (entry.kind === "epoch")
      points.push({ minutes: seconds / 60, step: entry.step, dice: entry.foregroundDice });
  }
  return points;
}

const [plotPath, ...given] = process.argv.slice(2);
if (given.length === 0) {
  console.error("Give the plot to write, and NAME=FOLDER or NAME=FILE.json for each training");
  process.exit(2);
}
const curves = given.map((each, i) => {
  const at = each.indexOf("=");
  return {
    name: each.slice(0, at),
    colour: COLOURS[i % COLOURS.length],
    points: pointsOf(each.slice(at + 1)),
  };
});
for (const { name, points } of curves) {
  console.log(
    `${name}: ${points.map(({ minutes, dice, step }) => `${minutes.toFixed(1)} min ${dice.toFixed(3)} (${step})`).join(", ")}`,
  );
}
const bestOf = ({ points }) => Math.max(...points.map((point) => point.dice));
const best = Math.max(...curves.map(bestOf));
/** A training that never gets near the others would flatten what they do: it is told in words. */
const isFarBelow = (curve) => bestOf(curve) < best / 2;
const shown = curves.filter((curve) => !isFarBelow(curve));
const dice = shown.flatMap(({ points }) => points.map((point) => point.dice)).sort((a, b) => a - b);
// So would the first points of a slow starter.
const low = Math.max(0, Math.floor(20 * dice[Math.floor(dice.length / 8)]) / 20);
const legendOf = (curve) =>
  isFarBelow(curve)
    ? `${curve.name}: ${bestOf(curve).toFixed(3)} at most in ${curve.points.at(-1).minutes.toFixed(0)} minutes, below this plot`
    : curve.name;
const svg = drawChart(
  {
    title: "Hippocampus: Dice of patients not learnt from, against minutes of training",
    legend: curves.map((curve) => ({ name: legendOf(curve), colour: curve.colour })),
    yLabel: "mean Dice per volume",
    width: 720,
    height: 420,
  },
  {
    x: {
      label: "minutes on 2 cores",
      domain: [0, Math.max(...curves.map(({ points }) => points.at(-1).minutes))],
    },
    y: { domain: [low, 0.9], grid: true, clamp: true },
  },
  shown.flatMap(({ points, colour }) => [
    line(points, { x: "minutes", y: "dice", stroke: colour, strokeWidth: 2 }),
    dot(points, { x: "minutes", y: "dice", fill: colour, r: 3 }),
  ]),
);
writeFileSync(plotPath, svg);
