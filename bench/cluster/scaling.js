/**
 * How a training grows with the machines that share its batches: node bench/cluster/scaling.js PLOT.svg
 *   [--rounds 9] [--repeats 3] [--json] [--from EARLIER.json]
 * --from takes what an earlier run measured from its --json.
 * Measured: steps of one rank and of two on this machine, each with one thread and an image or more of its own, by turns.
 * Predicted: 8, 64 and 256 machines at 10 and 100 Gbit/s, by a model of what a step is made of (stepMs below), every
 * machine being as fast as one core here. The share of each machine's batch is kept, so that the whole batch grows.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { axisFx, dot, line, ruleY } from "@observablehq/plot";
import { ensureBuilt } from "../../bin/build.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "9" },
    repeats: { type: "string", default: "3" },
    from: { type: "string" },
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
const { median } = await load("core/statistics.js");

const WORKS = [
  {
    name: "pelvis, base 16, 256 x 128, 4 images",
    ...{ preset: "pelvis", size: { width: 256, height: 128 }, levels: 5, baseWidth: 16, batch: 4 },
  },
  {
    name: "seed, base 64, 256 x 256, 1 image",
    ...{ preset: "seed", size: { width: 256, height: 256 }, batch: 1 },
  },
  {
    name: "sakboonyara, base 64, 256 x 256, 1 image",
    ...{ preset: "sakboonyara", size: { width: 256, height: 256 }, batch: 1 },
  },
];
const NODES = [1, 2, 8, 64, 256];
/** Of a link's rate, what sums of 10 MB and more reached at 1 Gbit/s here (bench/RESULTS.md). */
const REACHED = 0.5;
/** Time for a message to go from one machine to the next: TCP over Ethernet, and a fabric with RDMA; assumed, not measured. */
const LINKS = [
  { name: "10 Gbit/s, 30 µs", bytesPerMs: (REACHED * 10e9) / 8 / 1000, latencyMs: 0.03 },
  { name: "100 Gbit/s, 3 µs", bytesPerMs: (REACHED * 100e9) / 8 / 1000, latencyMs: 0.003 },
];
/** Numbers that ranks sum at once (src/node/mpi/communicator.ts). */
const PIECE = 2 ** 20;

const CHILD_ENV = { ...process.env, OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };

function measure(work, ranks) {
  const argument = JSON.stringify({ work, rounds: Number(values.rounds), threads: 1 });
  const program = [process.execPath, join(import.meta.dirname, "rank-step.js"), argument];
  const { status, stdout, stderr } = spawnSync(
    "mpirun",
    ["-n", `${ranks}`, "--bind-to", "none", ...program],
    {
      encoding: "utf8",
      env: CHILD_ENV,
    },
  );
  if (status !== 0) throw new Error(`${work.name} on ${ranks} ranks: ${stderr}`);
  return JSON.parse(stdout);
}

const spreadOf = (times) => {
  const middle = median(times);
  // Robust: a busy moment of a shared machine is no property of the work.
  return 1.4826 * median(times.map((ms) => Math.abs(ms - middle)));
};

function measureAll(work) {
  const runs = { 1: [], 2: [] };
  for (let i = 0; i < Number(values.repeats); i++) {
    for (const ranks of [1, 2]) runs[ranks].push(measure(work, ranks));
  }
  const of = (ranks, name) => median(runs[ranks].map((run) => run[name]));
  return {
    work: work.name,
    images: work.batch,
    parameters: runs[1][0].parameters,
    gradientMs: of(1, "gradientMs"),
    moveMs: of(1, "moveMs"),
    oneMs: of(1, "stepMs"),
    twoMs: of(2, "stepMs"),
    twoGradientMs: of(2, "gradientMs"),
    sumMs: of(2, "sumMs"),
    spreadMs: median(runs[1].map((run) => spreadOf(run.gradientTimes))),
  };
}

/**
 * What a step takes on n machines: the gradient of one's own share; the wait for the slowest of n, were their times
 * normal (the expected largest of n is about s * sqrt(2 ln n) above the mean); the sum, by rings: every machine sends and
 * receives 2 (n - 1) / n of the gradient in 2 (n - 1) messages a piece, and copies and adds what it took here between two
 * ranks in one memory; and the move.
 */
function stepMs({ gradientMs, moveMs, spreadMs, parameters, sumMs }, n, link) {
  if (n === 1) return gradientMs + moveMs;
  const bytes = 4 * parameters;
  const wire = ((2 * (n - 1)) / n) * (bytes / link.bytesPerMs);
  const messages = Math.ceil(parameters / PIECE) * 2 * (n - 1) * link.latencyMs;
  return gradientMs + spreadMs * Math.sqrt(2 * Math.log(n)) + wire + messages + sumMs + moveMs;
}

const measured =
  values.from === undefined ? WORKS.map(measureAll) : JSON.parse(readFileSync(values.from, "utf8")).measured;
const predicted = measured.flatMap((row) =>
  LINKS.flatMap((link) =>
    NODES.map((nodes) => {
      const ms = stepMs(row, nodes, link);
      return {
        work: row.work,
        link: link.name,
        nodes,
        stepMs: ms,
        efficiency: stepMs(row, 1, link) / ms,
        imagesPerSecond: (1000 * nodes * row.images) / ms,
      };
    }),
  ),
);

const COLOURS = ["#0072b2", "#d55e00", "#008a60"];
const fill = ({ work }) => COLOURS[WORKS.findIndex(({ name }) => name === work)];
const percent = ({ efficiency }) => 100 * efficiency;
const svg = drawChart(
  {
    width: 860,
    height: 380,
    title: "What is left of each machine, by the number of machines",
    subtitle: "Predicted from steps measured here",
    legend: WORKS.map(({ name }, i) => ({ name: name.split(",")[0], colour: COLOURS[i] })),
    yLabel: "efficiency [%]",
  },
  {
    x: { type: "log", base: 2, domain: [1, 256], ticks: NODES, tickFormat: String, label: "machines" },
    y: { domain: [0, 100], grid: true },
    fx: { label: null, domain: LINKS.map(({ name }) => name) },
  },
  [
    ruleY([0]),
    axisFx({ anchor: "top" }),
    line(predicted, { x: "nodes", y: percent, fx: "link", stroke: fill, z: "work" }),
    dot(predicted, { x: "nodes", y: percent, fx: "link", fill }),
  ],
);
writeFileSync(plotPath, svg);

const machine = `${cpus()[0]?.model.trim()}, ${cpus().length} threads`;
if (values.json) console.log(JSON.stringify({ machine, measured, predicted }, null, 2));
else {
  console.log(machine);
  for (const row of measured) {
    const { work, parameters, oneMs, twoMs, gradientMs, twoGradientMs, sumMs, moveMs, spreadMs } = row;
    const ms = (value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
    console.log(
      `\n${work}: ${(parameters / 1e6).toFixed(1)} million parameters, ${((4 * parameters) / 1e6).toFixed(0)} MB`,
    );
    console.log(
      `  measured: a step of one rank ${ms(oneMs)} (gradient ${ms(gradientMs)} ± ${ms(spreadMs)}, move ${ms(moveMs)}), of two ${ms(twoMs)} ` +
        `(gradient ${ms(twoGradientMs)}, sum ${ms(sumMs)}): ${(100 * (oneMs / twoMs)).toFixed(0)} % of twice the images a second`,
    );
    for (const { name } of LINKS) {
      const cells = predicted
        .filter((each) => each.work === work && each.link === name && each.nodes > 2)
        .map(
          ({ nodes, stepMs: step, efficiency, imagesPerSecond }) =>
            `${nodes}: ${ms(step)}, ${(100 * efficiency).toFixed(0)} %, ${imagesPerSecond.toFixed(0)} images/s`,
        );
      console.log(`  predicted at ${name}: ${cells.join("; ")}`);
    }
  }
}
