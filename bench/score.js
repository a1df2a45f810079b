/**
 * How long one case takes to score: 256x256x128 voxels and five labels with everything (overlaps, surface distances,
 * components), on one core: node bench/score.js [--rounds N] [--json]
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { ensureBuilt } from "../bin/build.js";

ensureBuilt();
const { HIPMRI_LABELS, scoreCase } = await import("../dist/index.js");

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "7" }, json: { type: "boolean" } },
});

/** Five nested or neighbouring ellipsoids, as a pelvis has them: centre and half axes in shares of the volume. */
const ORGANS = [
  [1, [0.5, 0.5, 0.5], [0.45, 0.36, 0.5]],
  [2, [0.3, 0.45, 0.4], [0.12, 0.12, 0.3]],
  [3, [0.5, 0.4, 0.62], [0.12, 0.1, 0.12]],
  [4, [0.5, 0.66, 0.5], [0.06, 0.06, 0.25]],
  [5, [0.5, 0.5, 0.42], [0.07, 0.06, 0.08]],
];

/** @param shift by how many voxels the prediction misses */
function drawPelvis(shape, shift) {
  const [nx, ny, nz] = shape;
  const mask = new Uint8Array(nx * ny * nz);
  for (let z = 0, i = 0; z < nz; z++)
    for (let y = 0; y < ny; y++)
      for (let x = 0; x < nx; x++, i++)
        for (const [id, [cx, cy, cz], [rx, ry, rz]] of ORGANS) {
          const [a, b, c] = [(x - shift) / nx - cx, (y + shift) / ny - cy, z / nz - cz];
          if ((a / rx) ** 2 + (b / ry) ** 2 + (c / rz) ** 2 <= 1) mask[i] = id;
        }
  return mask;
}

const SHAPES = [
  [256, 256, 128],
  [256, 128, 60],
];
const rows = SHAPES.map((shape) => {
  const [truth, prediction] = [drawPelvis(shape, 0), drawPelvis(shape, 2)];
  const spacingMm = [1.68, 1.68, 1.56];
  const run = (distances) => {
    const started = performance.now();
    const { labels } = scoreCase({
      id: "a",
      patient: "a",
      truth,
      prediction,
      shape,
      spacingMm,
      labels: HIPMRI_LABELS,
      distances,
    });
    return { ms: performance.now() - started, dice: labels.at(-1).dice };
  };
  const measure = (distances) => {
    run(distances);
    const times = Array.from({ length: Number(values.rounds) }, () => run(distances).ms).sort(
      (a, b) => a - b,
    );
    return { medianMs: times[Math.floor(times.length / 2)], fastestMs: times[0], slowestMs: times.at(-1) };
  };
  return { shape, all: measure(true), overlapOnly: measure(false), dice: run(false).dice };
});

const machine = `${cpus()[0].model}, Node ${process.version}`;
if (values.json) console.log(JSON.stringify({ machine, rows }, null, 2));
else {
  console.log(machine);
  for (const { shape, all, overlapOnly } of rows) {
    const text = ({ medianMs, fastestMs, slowestMs }) =>
      `${medianMs.toFixed(0)} ms (${fastestMs.toFixed(0)}-${slowestMs.toFixed(0)})`;
    console.log(`${shape.join("x")}, 5 labels: all ${text(all)}, overlaps alone ${text(overlapOnly)}`);
  }
}
