/**
 * How time and memory of a training step grow with width, depth, batch, image and number of labels, one at a time, and how
 * near it comes to what the machine can multiply: node bench/steps/growth.js PLOT.svg [--rounds 5] [--json]
 * Each network has a process of its own. The line at 100 % is a product of two 2048 x 2048 matrices in ONNX Runtime.
 */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { axisFx, barY, dot, line, ruleY, text } from "@observablehq/plot";
import { ensureBuilt } from "../../bin/build.js";
import { median, startSide } from "./side.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    threads: { type: "string", default: "2" },
    json: { type: "boolean", default: false },
  },
});
const [plotPath] = positionals;
if (plotPath === undefined) {
  console.error("Give the plot to write");
  process.exit(2);
}
ensureBuilt();
const load = (path) => import(`../../dist/${path}`);
const { drawChart } = await load("plot/plot-library.js");
const { makeNodeRuntime } = await load("node/runtime.js");
const { input, matMul } = await load("graph/build.js");
const { buildModel } = await load("onnx/model.js");

const BASE = { preset: "pelvis", size: { width: 128, height: 128 }, levels: 4, baseWidth: 16, batch: 4 };
const side = (extent) => ({ size: { width: extent, height: extent } });
const GROWTHS = {
  width: [8, 16, 32, 64].map((at) => ({ at, baseWidth: at })),
  levels: [2, 3, 4, 5].map((at) => ({ at, levels: at })),
  batch: [1, 2, 4, 8, 16].map((at) => ({ at, batch: at })),
  "pixels a side": [64, 128, 256, 512].map((at) => ({ at, ...side(at) })),
  labels: [2, 6, 16, 32].map((at) => ({ at, classes: at })),
};
const WARM_UP = 4;

/** Operations a second of a large product. */
async function measureProduct() {
  const extent = 2048;
  const [a, b] = ["a", "b"].map((name) => input(name, [extent, extent]));
  const program = await makeNodeRuntime({ threads: Number(values.threads) }).load(
    buildModel({ outputs: { product: matMul(a, b) } }),
  );
  const data = Float32Array.from({ length: extent * extent }, (_, i) => Math.sin(i));
  const tensor = { dtype: "float32", shape: [extent, extent], data };
  const times = [];
  for (let round = 0; round < 8; round++) {
    const before = performance.now();
    await program.run({ a: tensor, b: tensor });
    if (round > 1) times.push(performance.now() - before);
  }
  await program.dispose();
  return (2 * extent ** 3) / (median(times) / 1000);
}

async function measure(work) {
  const options = { work, mode: "train", folder: "", threads: Number(values.threads), variant: "ours" };
  const ours = join(import.meta.dirname, "ours.js");
  const step = await startSide(process.execPath, [ours, JSON.stringify(options)], "ours");
  const times = [];
  for (let round = -WARM_UP; round < Number(values.rounds); round++) {
    const { ms } = await step.go();
    if (round >= 0) times.push(ms);
  }
  const { peakMb } = await step.end();
  return { ms: median(times), peakMb, operations: step.operations };
}

const known = new Map();
const rows = [];
const products = [await measureProduct()];
for (const [growth, steps] of Object.entries(GROWTHS)) {
  for (const { at, ...change } of steps) {
    const work = { ...BASE, ...change };
    const key = JSON.stringify(work);
    const measured = known.get(key) ?? (await measure(work));
    known.set(key, measured);
    rows.push({ growth, at, ...measured });
  }
  products.push(await measureProduct());
}
const product = median(products);
const full = rows.map(({ ms, operations, ...row }) => {
  const rate = operations / (ms / 1000);
  return { ...row, ms, gigaflops: rate / 1e9, share: rate / product };
});
if (values.json)
  console.log(
    JSON.stringify({ machine: cpus()[0]?.model, productGigaflops: product / 1e9, rows: full }, null, 1),
  );
else {
  console.log(`A product of 2048 x 2048: ${(product / 1e9).toFixed(0)} GFLOP/s\n`);
  console.log(
    "| | | step | peak memory | GFLOP/s | of the product's |\n| --- | --- | --- | --- | --- | --- |",
  );
  for (const { growth, at, ms, peakMb, gigaflops, share } of full)
    console.log(
      `| ${growth} | ${at} | ${ms.toFixed(0)} ms | ${peakMb.toFixed(0)} MB | ${gigaflops.toFixed(0)} | ${(100 * share).toFixed(0)} % |`,
    );
}

const growths = Object.keys(GROWTHS);
const shown = growths.flatMap((growth) =>
  full.filter((row) => row.growth === growth).map((row, place) => ({ ...row, place })),
);
const panel = (y, mark, title, format) =>
  drawChart(
    { title, width: 940, height: 250 },
    {
      marginLeft: 64,
      marginTop: 30,
      fx: { domain: growths, label: null, padding: 0.14 },
      x: { type: "band", label: null, axis: null },
      y: { grid: true, nice: true, zero: true, tickFormat: format, ticks: 5 },
    },
    [
      axisFx({ anchor: "top", label: null }),
      text(shown, { fx: "growth", x: "place", text: "at", frameAnchor: "bottom", dy: 18 }),
      ...mark(y),
    ],
  );
const curve = (y) => [
  line(shown, { fx: "growth", x: "place", y, stroke: "#0072b2", strokeWidth: 2 }),
  dot(shown, { fx: "growth", x: "place", y, fill: "#0072b2", r: 3.5 }),
];
const bars = (y) => [
  barY(shown, { fx: "growth", x: "place", y, fill: "#0072b2", inset: 2 }),
  ruleY([1], { stroke: "#d55e00", strokeWidth: 2 }),
];
const panels = [
  panel("ms", curve, "Milliseconds a step", (value) => `${value}`),
  panel("peakMb", curve, "Peak memory of the process, MB", (value) => `${value}`),
  panel(
    "share",
    bars,
    "Operations a second, as a share of a large matrix product's (line)",
    (value) => `${Math.round(100 * value)} %`,
  ),
];
// Each panel is a picture of its own, one under the other.
const inner = panels.map(
  (svg, i) => `<g transform="translate(0,${250 * i})">${svg.replace(/<\?xml[^>]*\?>/, "")}</g>`,
);
writeFileSync(
  plotPath,
  `<svg xmlns="http://www.w3.org/2000/svg" width="940" height="750" viewBox="0 0 940 750" font-family="sans-serif">${inner.join("")}</svg>\n`,
);
