/**
 * A training step in ORT's blocked layout and in the plain one, by turns in one process: node bench/step.js [--rounds N] [--json]
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { ensureBuilt } from "../bin/build.js";

ensureBuilt();
const load = (path) => import(`../dist/${path}`);
const { noAugmentation } = await load("augment/config.js");
const { makeNodeRuntime } = await load("node/runtime.js");
const { buildStepModel } = await load("train/step.js");
const { specifyNetwork } = await load("unet/network.js");
const { initialParameters } = await load("unet/parameters.js");
const { presets } = await load("unet/presets.js");

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "15" }, json: { type: "boolean" } },
});
const ADAMW = { kind: "adamw", beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 };
const SGD = { kind: "sgd", momentum: 0, nesterov: false, weightDecay: 0 };
const ours = { preset: "pelvis", base: 16, dice: 1, optimizer: ADAMW, averageDecay: 0.99, clipNorm: 12 };
const WORKS = [
  {
    name: "48 x 64, batch 16, 3 levels, 3 channels",
    width: 48,
    height: 64,
    batch: 16,
    levels: 3,
    channels: 3,
    ...ours,
  },
  { name: "128 x 64, batch 8, 4 levels", width: 128, height: 64, batch: 8, levels: 4, channels: 1, ...ours },
  {
    name: "128 x 128, batch 4, 5 levels, 3 channels",
    width: 128,
    height: 128,
    batch: 4,
    levels: 5,
    channels: 3,
    ...ours,
  },
  {
    ...{ name: "256 x 256, batch 1, seed", width: 256, height: 256, batch: 1, levels: 3, channels: 1 },
    ...{ preset: "seed", base: 64, dice: 0, optimizer: SGD, averageDecay: 0, clipNorm: 0 },
  },
];
const vector = (data, shape = [data.length]) => ({ dtype: "float32", shape, data });
const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];
/** ORT lays out its memory in the first steps. */
const WARM_UP = 4;

async function makeStep(work, isBlocked) {
  const { width, height, batch, levels, channels, base, preset } = work;
  const unet = { ...presets[preset], levels, baseWidth: base, inChannels: channels };
  const spec = specifyNetwork(unet, [1, channels, height, width]);
  const runtime = makeNodeRuntime({ threads: 2 });
  const model = buildStepModel({
    unet,
    spec,
    batchSize: batch,
    inputSize: { width, height },
    loss: { crossEntropy: 1, dice: work.dice },
    optimizer: work.optimizer,
    augment: noAugmentation,
    averageDecay: work.averageDecay,
    clipNorm: work.clipNorm,
    channelBlock: isBlocked ? await runtime.channelBlock() : undefined,
  });
  const program = await runtime.load(model.bytes);
  const parameters = initialParameters(spec.parameters, { seed: 0, initialisation: "he" });
  const zeros = () => vector(new Float32Array(parameters.length));
  const pixels = batch * width * height;
  const feeds = {
    image: vector(
      Float32Array.from({ length: pixels * channels }, (_, i) => Math.sin(i / 7)),
      [batch, channels, height, width],
    ),
    labels: {
      dtype: "uint8",
      shape: [batch, height, width],
      data: Uint8Array.from({ length: pixels }, (_, i) => Math.floor(i / 97) % 6),
    },
    parameters: vector(parameters),
    average: vector(parameters),
    moment1: zeros(),
    moment2: zeros(),
    learningRate: vector(Float32Array.of(0.001)),
    correction1: vector(Float32Array.of(0.1)),
    correction2: vector(Float32Array.of(0.001)),
    averageRate: vector(Float32Array.of(0.01)),
  };
  return {
    dispose: () => program.dispose(),
    async run() {
      const started = performance.now();
      const { loss } = await program.run(feeds);
      return { ms: performance.now() - started, loss: loss.data[0] };
    },
  };
}

const rows = [];
for (const work of WORKS) {
  const sides = { plain: await makeStep(work, false), blocked: await makeStep(work, true) };
  const times = { plain: [], blocked: [] };
  const losses = {};
  for (let round = -WARM_UP; round < Number(values.rounds); round++) {
    for (const [name, side] of Object.entries(sides)) {
      const { ms, loss } = await side.run();
      losses[name] = loss;
      if (round >= 0) times[name].push(ms);
    }
  }
  await Promise.all(Object.values(sides).map((side) => side.dispose()));
  const ratio = median(times.plain.map((ms, i) => ms / times.blocked[i]));
  rows.push({
    work: work.name,
    plainMs: median(times.plain),
    blockedMs: median(times.blocked),
    ratio,
    losses,
  });
}
if (values.json) console.log(JSON.stringify({ machine: cpus()[0]?.model, rows }, null, 2));
else {
  for (const { work, plainMs, blockedMs, ratio, losses } of rows) {
    console.log(
      `${work.padEnd(42)} plain ${plainMs.toFixed(0)} ms, blocked ${blockedMs.toFixed(0)} ms, median of pairs ${ratio.toFixed(2)}; losses ${losses.plain} ${losses.blocked}`,
    );
  }
}
