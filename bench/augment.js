/**
 * What augmentation costs of a training step, all of nnU-Net's changes on: two programs of the same network, with and
 * without, by turns: node bench/augment.js [--rounds N] [--json]
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { ensureBuilt } from "../bin/build.js";

ensureBuilt();
const load = (path) => import(`../dist/${path}`);
const { noAugmentation, standardAugmentation } = await load("augment/config.js");
const { drawAugmentation } = await load("augment/draws.js");
const { makeNodeRuntime } = await load("node/runtime.js");
const { buildStepModel, drawName } = await load("train/step.js");
const { specifyNetwork } = await load("unet/network.js");
const { initialParameters } = await load("unet/parameters.js");
const { presets } = await load("unet/presets.js");

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "15" }, json: { type: "boolean" } },
});
const ROUNDS = Number(values.rounds);
/** Of the demo's phantom, of the hippocampus with its neighbours, of HipMRI's slices. */
const WORKS = [
  { name: "128 x 64, batch 8, 4 levels", width: 128, height: 64, batchSize: 8, channels: 1, levels: 4 },
  {
    name: "48 x 64, batch 16, 3 levels, 3 channels",
    width: 48,
    height: 64,
    batchSize: 16,
    channels: 3,
    levels: 3,
  },
  { name: "256 x 128, batch 2, 5 levels", width: 256, height: 128, batchSize: 2, channels: 1, levels: 5 },
];
const EVERY = {
  ...standardAugmentation,
  mirror: { width: true, height: true },
  elastic: { probability: 0.2, pixels: 4 },
  bias: { probability: 0.2, strength: 0.3 },
};
const vector = (data, shape = [data.length]) => ({ dtype: "float32", shape, data });
const median = (times) => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)];

async function makeStep({ width, height, batchSize, channels, levels }, augment) {
  const unet = { ...presets.pelvis, levels, inChannels: channels, deepSupervision: 2 };
  const spec = specifyNetwork(unet, [1, channels, height, width]);
  const model = buildStepModel({
    unet,
    spec,
    batchSize,
    inputSize: { width, height },
    loss: { crossEntropy: 1, dice: 1 },
    optimizer: { kind: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
    augment,
    averageDecay: 0.99,
    clipNorm: 12,
  });
  const program = await makeNodeRuntime({ threads: 2 }).load(model.bytes);
  const parameters = initialParameters(spec.parameters, { seed: 0, initialisation: "he" });
  const pixels = batchSize * width * height;
  const image = Float32Array.from({ length: pixels * channels }, (_, i) => Math.sin(i / 7));
  const labels = Uint8Array.from({ length: pixels }, (_, i) => Math.floor(i / 97) % 6);
  const size = { batchSize, channels, width, height };
  return {
    program,
    /** One step as training takes it, the draws included. */
    async run(step) {
      const started = performance.now();
      const draws = drawAugmentation(augment, size, { seed: 0, step });
      const drawn = performance.now() - started;
      await program.run({
        image: vector(image, [batchSize, channels, height, width]),
        labels: { dtype: "uint8", shape: [batchSize, height, width], data: labels },
        parameters: vector(parameters),
        average: vector(parameters),
        moment1: vector(new Float32Array(parameters.length)),
        moment2: vector(new Float32Array(parameters.length)),
        learningRate: vector(Float32Array.of(0.001)),
        correction1: vector(Float32Array.of(0.1)),
        correction2: vector(Float32Array.of(0.001)),
        averageRate: vector(Float32Array.of(0.01)),
        ...Object.fromEntries(
          Object.entries(draws).map(([name, { shape, data }]) => [drawName(name), vector(data, shape)]),
        ),
      });
      return { ms: performance.now() - started, drawn };
    },
  };
}

const rows = [];
for (const work of WORKS) {
  const plain = await makeStep(work, noAugmentation);
  const augmented = await makeStep(work, EVERY);
  const times = { plain: [], augmented: [], drawn: [] };
  for (let round = -2; round < ROUNDS; round++) {
    const without = await plain.run(round + 2);
    const with_ = await augmented.run(round + 2);
    // Two rounds to warm up.
    if (round < 0) continue;
    times.plain.push(without.ms);
    times.augmented.push(with_.ms);
    times.drawn.push(with_.drawn);
  }
  await plain.program.dispose();
  await augmented.program.dispose();
  const ratios = times.augmented.map((ms, i) => ms / times.plain[i]);
  rows.push({
    work: work.name,
    plainMs: median(times.plain),
    augmentedMs: median(times.augmented),
    drawnMs: median(times.drawn),
    share: median(ratios) - 1,
  });
}
if (values.json) console.log(JSON.stringify({ machine: cpus()[0]?.model, rows }, null, 2));
else {
  for (const { work, plainMs, augmentedMs, drawnMs, share } of rows) {
    const percent = (100 * share).toFixed(1);
    console.log(
      `${work.padEnd(42)} ${plainMs.toFixed(0)} ms without, ${augmentedMs.toFixed(0)} ms with (${drawnMs.toFixed(1)} ms of draws): ${percent} % more`,
    );
  }
}
