/**
 * One side of a comparison, in a process of its own: node bench/steps/ours.js '{"work":…,"mode":…,"folder":…,"threads":…,"variant":…}'
 * The variant "plain" does without ORT's blocked layout, "bare" without augmentation, "parts" takes the gradient image by
 * image, "int8" infers in 8-bit integers.
 * With isWriting it writes weights and a batch into the folder for the others, and ends. Otherwise it takes a step (or an
 * inference) for each line "go" that it reads, and answers with { ms, loss }; "end": with its peak memory.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ensureBuilt } from "../../bin/build.js";

ensureBuilt();
const load = (path) => import(`../../dist/${path}`);
const { noAugmentation, standardAugmentation } = await load("augment/config.js");
const { drawAugmentation } = await load("augment/draws.js");
const { input } = await load("graph/build.js");
const { sizeOf, topologicalOrder } = await load("graph/value.js");
const { makeNodeRuntime } = await load("node/runtime.js");
const { buildModel } = await load("onnx/model.js");
const { observeRanges } = await load("predict/quantise.js");
const { optimizerOf } = await load("train/config.js");
const { drawDropoutMasks } = await load("train/dropout.js");
const { presetConfig } = await load("train/recipes.js");
const { buildStepModel, drawName } = await load("train/step.js");
const { makeStepper } = await load("train/stepper.js");
const { outputExtent } = await load("unet/config.js");
const { buildInferenceNetwork, buildTrainingNetwork, specifyNetwork } = await load("unet/network.js");
const { initialParameters, initialStatistics } = await load("unet/parameters.js");

const { work, mode, folder, threads, variant, profile, isWriting } = JSON.parse(process.argv[2]);
const LEARNING_RATE = 1e-4;
const answer = (value) => console.log(JSON.stringify(value));
const vector = (data, shape = [data.length]) => ({ dtype: "float32", shape, data });

const { width, height } = work.size;
const config = presetConfig(work.preset);
const unet = {
  ...config.unet,
  classes: work.classes ?? 6,
  levels: work.levels ?? config.unet.levels,
  baseWidth: work.baseWidth ?? config.unet.baseWidth,
  inChannels: work.inChannels ?? 1,
  deepSupervision: work.deepSupervision ?? 0,
};
const spec = specifyNetwork(unet, [1, unet.inChannels, height, width]);
const parameters = initialParameters(spec.parameters, { seed: 0, initialisation: unet.initialisation });
const statistics = initialStatistics(spec.statistics);
const imageShape = [work.batch, unet.inChannels, height, width];
const pixels = work.batch * width * height;
// Blobs of a few pixels, so that the loss falls. Inference sees one image again and again.
const seen = mode === "train" ? pixels * unet.inChannels : width * height * unet.inChannels;
const image = Float32Array.from({ length: pixels * unet.inChannels }, (_, at) => {
  const i = at % seen;
  return Math.sin((i % width) / 9) + Math.cos(Math.floor(i / width) / 7) + Math.sin(i * 12.9898) / 3;
});

/** The weights, a batch and the recipe. */
function writeForOthers(masks, { labels, labelShape, isAugmented }) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "parameters.f32"), parameters);
  writeFileSync(join(folder, "image.f32"), image);
  writeFileSync(join(folder, "labels.u8"), labels);
  for (const [name, { data }] of Object.entries(masks)) writeFileSync(join(folder, `${name}.f32`), data);
  writeFileSync(
    join(folder, "work.json"),
    JSON.stringify({
      unet,
      imageShape,
      labelShape,
      parameters: spec.parameters.map(({ name, shape }) => ({ name, shape })),
      masks: Object.fromEntries(Object.entries(masks).map(([name, { shape }]) => [name, shape])),
      loss: config.loss,
      optimizer: config.optimizer,
      learningRate: LEARNING_RATE,
      clipNorm: config.clipNorm,
      averageDecay: config.averageDecay,
      augment: isAugmented ? standardAugmentation : null,
    }),
  );
}

async function prepareTraining(runtime) {
  const isAugmented = work.augment === true && variant !== "bare";
  const augment = isAugmented ? standardAugmentation : noAugmentation;
  const count = variant === "parts" ? 1 : work.batch;
  const model = buildStepModel({
    unet,
    spec,
    batchSize: count,
    inputSize: { width, height },
    loss: config.loss,
    optimizer: optimizerOf(config),
    augment,
    averageDecay: config.averageDecay,
    clipNorm: config.clipNorm,
    channelBlock: variant === "plain" ? undefined : await runtime.channelBlock(),
  });
  const { outputSize } = model;
  const labelPixels = work.batch * outputSize.width * outputSize.height;
  const labels = Uint8Array.from(
    { length: labelPixels },
    (_, i) => Math.floor((Math.sin((i % outputSize.width) / 9) + 1.01) * 2.9) % unet.classes,
  );
  if (isWriting) {
    const masks = drawDropoutMasks(model.dropouts, { seed: 0, step: 0 });
    writeForOthers(masks, {
      labels,
      labelShape: [work.batch, outputSize.height, outputSize.width],
      isAugmented,
    });
    return undefined;
  }

  const stepper = await makeStepper(runtime, model);
  const like = () => new Float32Array(parameters.length);
  const tensors = {
    parameters: parameters.slice(),
    ...(model.hasAverage ? { average: parameters.slice() } : {}),
    ...(statistics.length > 0 ? { statistics: statistics.slice() } : {}),
    ...Object.fromEntries(model.stateNames.map((name) => [name, like()])),
  };
  let step = 0;
  const cut = (data, at) =>
    data.subarray((at / work.batch) * data.length, ((at + count) / work.batch) * data.length);
  const feedsOf = (at) => {
    const size = { batchSize: count, channels: unet.inChannels, width, height };
    const draws = drawAugmentation(augment, size, { seed: 0, step, at });
    const labelShape = [count, outputSize.height, outputSize.width];
    return {
      image: vector(cut(image, at), [count, ...imageShape.slice(1)]),
      labels: { dtype: "uint8", shape: labelShape, data: cut(labels, at) },
      ...drawDropoutMasks(model.dropouts, { seed: 0, step: 0, at }),
      ...Object.fromEntries(
        Object.entries(draws).map(([name, { shape, data }]) => [drawName(name), vector(data, shape)]),
      ),
    };
  };
  const go = async () => {
    const parts = Array.from({ length: work.batch / count }, (_, i) => feedsOf(i * count));
    const found = await stepper.gradient(parts, tensors);
    await stepper.move(tensors, found, { step, learningRate: LEARNING_RATE });
    step++;
    return found.loss;
  };
  return { go, program: stepper };
}

/** The network in 8-bit integers, by the ranges that the image itself shows. */
async function roundedModel(runtime) {
  const canvas = { width: outputExtent(unet, width), height: outputExtent(unet, height) };
  const card = { unet, input: { canvas }, inference: { mirrored: [], networks: 1 } };
  const observation = observeRanges(card, spec, { parameters, statistics });
  const watched = await observation.observing(runtime).load(observation.bytes);
  await watched.run({ image: vector(image, imageShape) });
  await watched.dispose();
  return observation.exportQuantised(card);
}

async function prepareInference(runtime) {
  const x = input("image", imageShape);
  const logits = buildInferenceNetwork(x, { parameters, statistics }, unet, spec);
  const plain = () =>
    buildModel({
      outputs: { logits },
      symbolicAxes: {
        image: ["batch", unet.inChannels, "height", "width"],
        logits: ["batch", unet.classes, "outputHeight", "outputWidth"],
      },
    });
  const program = await runtime.load(variant === "int8" ? await roundedModel(runtime) : plain());
  const go = async () => {
    const { logits: found } = await program.run({ image: vector(image, imageShape) });
    return found.data;
  };
  return { go, program };
}

/**
 * Of a step: of each convolution the products of its result and of its two gradients, two operations a product. (The first
 * layer takes no gradient to the image.)
 */
function operationsOf() {
  const flat = input("parameters", [parameters.length]);
  const network = buildTrainingNetwork(input("image", imageShape), flat, unet, spec);
  let operations = 0;
  for (const { op, inputs, shape } of topologicalOrder([network.logits, ...network.auxiliary])) {
    if (op !== "Conv" && op !== "ConvTranspose") continue;
    const [from, weight] = inputs;
    const [, , ...pixels] = op === "Conv" ? shape : from.shape;
    const once = 2 * work.batch * sizeOf(weight.shape) * pixels[0] * pixels[1];
    operations += (from.op === "Input" ? 2 : 3) * once;
  }
  return operations;
}

/** Tells scores of one network from another's. */
const meanSize = (data) => data.reduce((sum, value) => sum + Math.abs(value), 0) / data.length;

const started = performance.now();
const runtime = makeNodeRuntime({ threads, ...(profile === undefined ? {} : { profilePrefix: profile }) });
const prepared = mode === "train" ? await prepareTraining(runtime) : await prepareInference(runtime);
if (prepared === undefined) process.exit(0);
const { go, program } = prepared;
const readyMs = performance.now() - started;
answer({ readyMs, operations: operationsOf() });
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "end") break;
  const before = performance.now();
  const result = await go();
  const ms = performance.now() - before;
  answer({ ms, loss: typeof result === "number" ? result : meanSize(result) });
}
const peakMb = process.resourceUsage().maxRSS / 1024;
await program.dispose();
answer({ peakMb });
process.exit(0);
