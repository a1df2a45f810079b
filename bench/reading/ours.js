/**
 * One process of bench/reading/run.js: node ours.js FOLDER. Prints the seconds until all cases are decoded, of the whole
 * first epoch, which begins with that, and of a later one.
 */
import { cpus } from "node:os";
import { mapParallel } from "../../dist/core/parallel.js";
import { openData } from "../../dist/node/workflows/open-data.js";
import { makeCanvas } from "../../dist/predict/fit.js";
import { makeBatch, makeSlicePicker } from "../../dist/train/batches.js";

const BATCH = 8;
const started = performance.now();
const before = process.cpuUsage();
const opened = await openData(process.argv[2]);
const cases = opened.index.cases;
const decoded = await mapParallel(cases, Math.max(2, cpus().length), opened.load);
const decodedSeconds = (performance.now() - started) / 1000;
const spent = process.cpuUsage(before);
const processor = (spent.user + spent.system) / 1e6;
const slices = decoded.flatMap(({ depth }, i) =>
  Array.from({ length: depth }, (_, slice) => ({ entry: cases[i], slice })),
);
const { width, height } = decoded[0];
const unet = { levels: 4, padding: "same" };
const fit = { mode: "pad", normalise: "zscore", over: "slice", spacingMm: null, neighbours: 0 };
const classOf = Uint8Array.from({ length: 256 }, (_, id) => id);
const pick = makeSlicePicker(slices, {
  byLabel: [],
  batchSize: BATCH,
  oversample: 0,
  seed: 0,
  shuffle: true,
});
const options = {
  unet,
  fit: { ...fit, canvas: { width, height } },
  canvas: makeCanvas(unet, { width, height }),
  batchSize: BATCH,
  classOf,
  seed: 0,
};
const steps = Math.floor(slices.length / BATCH);
let sum = 0;
async function epoch(number) {
  for (let i = 0; i < steps; i++) {
    const { image, labels } = await makeBatch(number * steps + i, pick, opened.load, options);
    sum += image[0] + labels[0];
  }
}
await epoch(0);
const first = (performance.now() - started) / 1000;
const laterStarted = performance.now();
await epoch(1);
const later = (performance.now() - laterStarted) / 1000;
console.log(JSON.stringify({ decoded: decodedSeconds, processor, first, later, slices: slices.length, sum }));
process.exit(0);
