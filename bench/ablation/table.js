/**
 * The table and the plot of an ablation: node bench/ablation/table.js RESULTS.json [PLOT.svg]
 * Each factor beside the base, volume by volume: per patient the mean over volumes and seeds, then the mean over patients
 * with a 95 % interval by bootstrap over patients. Prints Markdown.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { dot, link, ruleX } from "@observablehq/plot";
import { ensureBuilt } from "../../bin/build.js";
import { FACTORS, SETS } from "./factors.js";

ensureBuilt();
const { makePatientBootstrap } = await import("../../dist/metrics/bootstrap.js");
const { drawChart } = await import("../../dist/plot/plot-library.js");

const [path, plotPath] = process.argv.slice(2);
if (path === undefined) {
  console.error("Give the results.json of bench/ablation/run.js");
  process.exit(2);
}
const { about, runs } = JSON.parse(readFileSync(path, "utf8"));
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const of = (set, factor) => runs.filter((run) => run.set === set && run.factor === factor);

/** Mean Dice by patient over his volumes and the seeds given. */
function byPatient(some) {
  const all = new Map();
  for (const { volumes } of some) {
    for (const { patient, dice } of volumes) all.set(patient, [...(all.get(patient) ?? []), dice]);
  }
  return new Map(
    [...all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([patient, dice]) => [patient, mean(dice)]),
  );
}

function compare(set, factor) {
  const [base, other] = [of(set, "base"), of(set, factor)];
  // Seeds that both have.
  const seeds = base.map(({ seed }) => seed).filter((seed) => other.some((run) => run.seed === seed));
  const chosen = (some) => some.filter(({ seed }) => seeds.includes(seed));
  if (seeds.length === 0) return undefined;
  const [before, after] = [byPatient(chosen(base)), byPatient(chosen(other))];
  const differences = [...before].map(([patient, dice]) => after.get(patient) - dice);
  const interval = makePatientBootstrap(differences.length, { seed: 0 }).ratio({
    sums: differences,
    counts: differences.map(() => 1),
  });
  const bySeed = seeds.map((seed) => {
    const at = (some) => some.find((run) => run.seed === seed).foregroundMean;
    return at(other) - at(base);
  });
  return { set, factor, mean: mean(differences), interval, bySeed, patients: differences.length };
}

const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
const sets = SETS.filter((set) => of(set, "base").length > 0);
const factors = Object.keys(FACTORS).filter((factor) => runs.some((run) => run.factor === factor));
const rows = factors
  .flatMap((factor) => sets.map((set) => compare(set, factor)))
  .filter((row) => row !== undefined);

console.log(`| | ${sets.join(" | ")} |\n| --- |${sets.map(() => " --- |").join("")}`);
for (const factor of factors) {
  const cells = sets.map((set) => {
    const some = of(set, factor);
    if (some.length === 0) return "";
    const dice = mean(some.map(({ foregroundMean }) => foregroundMean)).toFixed(3);
    const row = rows.find((each) => each.set === set && each.factor === factor);
    const steps = `${some[0].steps} steps`;
    if (factor === "base" || row === undefined) return `${dice} (${steps})`;
    const [low, high] = row.interval;
    return `${dice}, ${signed(row.mean)} (${signed(low)} to ${signed(high)}), ${steps}`;
  });
  console.log(`| ${factor} | ${cells.join(" | ")} |`);
}
console.log(
  `\n${runs.length} runs of ${about.minutes} minutes on one core each, ${about.jobs} at a time; patients who judged: ${sets
    .map((set) => `${set} ${byPatient(of(set, "base")).size}`)
    .join(", ")}.`,
);

if (plotPath !== undefined) {
  const shown = rows.filter(({ factor }) => factor !== "base");
  const order = factors.filter((factor) => factor !== "base");
  const ends = shown.map(({ set, factor, interval: [low, high] }) => ({ set, factor, low, high }));
  const seeds = shown.flatMap(({ set, factor, bySeed }) => bySeed.map((value) => ({ set, factor, value })));
  const svg = drawChart(
    {
      title: "One factor at a time: change of the mean Dice against the base",
      subtitle: "Bar: 95 % interval over patients; diamond: mean; dots: the seeds by themselves",
      width: 860,
      height: 150 + 46 * order.length,
    },
    {
      marginLeft: 220,
      marginTop: 34,
      fx: { domain: sets, label: null, padding: 0.14 },
      x: { label: "difference in Dice", grid: true, ticks: 3, nice: true },
      y: { domain: order, type: "band", padding: 0.2, tickSize: 0 },
    },
    [
      ruleX([0], { stroke: "#222222" }),
      link(ends, {
        fx: "set",
        x1: "low",
        x2: "high",
        y1: "factor",
        y2: "factor",
        stroke: "#222222",
        strokeWidth: 3,
      }),
      dot(seeds, { fx: "set", x: "value", y: "factor", r: 3, fill: "#0072b2", dy: -9 }),
      dot(shown, {
        fx: "set",
        x: "mean",
        y: "factor",
        symbol: "diamond",
        r: 6,
        fill: "white",
        stroke: "#222222",
        strokeWidth: 2,
      }),
    ],
  );
  writeFileSync(plotPath, svg);
}
