/**
 * One rank of a timed training: mpirun -n N node bench/cluster/rank-step.js '{"work":…,"rounds":…,"threads":…}'
 * Every rank takes the gradient of a batch of its own, and all sum and move. Rank 0 answers with the median milliseconds
 * of each part, and with the spread of the gradient over ranks and rounds.
 */
import { ensureBuilt } from "../../bin/build.js";

ensureBuilt();
const load = (path) => import(`../../dist/${path}`);
const { noAugmentation } = await load("augment/config.js");
const { median } = await load("core/statistics.js");
const { openRanks } = await load("node/mpi.js");
const { makeNodeRuntime } = await load("node/runtime.js");
const { gatherValues } = await load("train/agreement.js");
const { optimizerOf } = await load("train/config.js");
const { drawDropoutMasks } = await load("train/dropout.js");
const { ALONE } = await load("train/ranks.js");
const { presetConfig } = await load("train/recipes.js");
const { buildStepModel } = await load("train/step.js");
const { makeStepper } = await load("train/stepper.js");
const { specifyNetwork } = await load("unet/network.js");
const { initialParameters, initialStatistics } = await load("unet/parameters.js");

const { work, rounds, threads } = JSON.parse(process.argv[2]);
/** ORT lays out its memory in the first steps. */
const WARM_UP = 4;

const opened = await openRanks();
const ranks = opened?.ranks ?? ALONE;
const { batch, size } = work;
const config = presetConfig(work.preset);
const unet = {
  ...config.unet,
  classes: 6,
  levels: work.levels ?? config.unet.levels,
  baseWidth: work.baseWidth ?? config.unet.baseWidth,
};
const spec = specifyNetwork(unet, [1, 1, size.height, size.width]);
const runtime = makeNodeRuntime({ threads });
const model = buildStepModel({
  unet,
  spec,
  batchSize: batch,
  inputSize: size,
  loss: config.loss,
  optimizer: optimizerOf(config),
  augment: noAugmentation,
  averageDecay: config.averageDecay,
  clipNorm: config.clipNorm,
  channelBlock: await runtime.channelBlock(),
});
const stepper = await makeStepper(runtime, model);
const parameters = initialParameters(spec.parameters, { seed: 0, initialisation: unet.initialisation });
const statistics = initialStatistics(spec.statistics);
const tensors = {
  parameters,
  ...(model.hasAverage ? { average: parameters.slice() } : {}),
  ...(statistics.length > 0 ? { statistics } : {}),
  ...Object.fromEntries(model.stateNames.map((name) => [name, new Float32Array(parameters.length)])),
};
const pixels = batch * size.width * size.height;
const { outputSize } = model;
const part = {
  image: {
    dtype: "float32",
    shape: [batch, 1, size.height, size.width],
    data: Float32Array.from({ length: pixels }, (_, i) => Math.sin((i + ranks.rank) * 12.9898)),
  },
  labels: {
    dtype: "uint8",
    shape: [batch, outputSize.height, outputSize.width],
    data: Uint8Array.from({ length: batch * outputSize.height * outputSize.width }, (_, i) => (i >> 5) % 6),
  },
  ...drawDropoutMasks(model.dropouts, { seed: 0, step: 0 }),
};

/** What the ranks' sums take, apart from the wait for the slowest. */
let sumMs = 0;
const timedRanks = {
  ...ranks,
  async sum(vector) {
    await ranks.gather(new Uint8Array());
    const before = performance.now();
    await ranks.sum(vector);
    sumMs += performance.now() - before;
  },
};
const times = { gradient: [], sum: [], move: [], step: [] };
for (let round = -WARM_UP; round < rounds; round++) {
  const started = performance.now();
  await stepper.gradient([part], tensors);
  const gradientMs = performance.now() - started;
  // The same again, now with the others.
  sumMs = 0;
  const begun = performance.now();
  const found = await stepper.gradient([part], tensors, timedRanks);
  const middle = performance.now();
  await stepper.move(tensors, found, { step: round + WARM_UP, learningRate: 1e-5 });
  const ended = performance.now();
  if (round < 0) continue;
  times.gradient.push(gradientMs);
  times.sum.push(sumMs);
  times.move.push(ended - middle);
  times.step.push(ended - begun);
}
const all = await gatherValues(ranks, times);
if (ranks.rank === 0) {
  const ofAll = (name) => all.flatMap((each) => each[name]);
  console.log(
    JSON.stringify({
      size: ranks.size,
      parameters: parameters.length,
      gradientMs: median(ofAll("gradient")),
      gradientTimes: ofAll("gradient"),
      sumMs: median(ofAll("sum")),
      moveMs: median(ofAll("move")),
      stepMs: median(ofAll("step")),
    }),
  );
}
await stepper.dispose();
await opened?.close();
