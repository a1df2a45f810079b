import { beforeAll, describe, expect, test } from "vitest";
import { noAugmentation } from "../../src/augment/config.ts";
import { input } from "../../src/graph/build.ts";
import { sizeOf } from "../../src/graph/value.ts";
import { segmentationLoss } from "../../src/loss/loss.ts";
import { float32Of, type Tensor, type Tensors } from "../../src/runtime/runtime.ts";
import { buildStepModel, flatGradient } from "../../src/train/step.ts";
import { outputExtent, type UnetConfig } from "../../src/unet/config.ts";
import {
  buildInferenceNetwork,
  buildTrainingNetwork,
  type NetworkSpec,
  specifyNetwork,
} from "../../src/unet/network.ts";
import { parameterCount, statisticCount } from "../../src/unet/parameters.ts";
import { PRESET_NAMES, presets } from "../../src/unet/presets.ts";
import { relativeError, runModel, runtime } from "../support/check.ts";
import {
  drawImage,
  drawLabels,
  drawMask,
  drawParameters,
  drawStatistics,
  type GoldenCase,
  readGolden,
} from "../support/golden.ts";

/** Largest difference over largest magnitude, PyTorch in float64 against ours in float32: 2e-6 and 6e-6 were seen. */
const TOLERANCE = 2e-5;
const GRADIENT_TOLERANCE = 1e-4;

const float32 = (data: Float32Array, shape: readonly number[]): Tensor => ({ dtype: "float32", shape, data });

/** What both training models are fed with, drawn as PyTorch's was. */
function trainingFeeds(golden: GoldenCase, config: UnetConfig, spec: NetworkSpec): Tensors {
  const { seed, train } = golden;
  const shape = [train.batch, outputExtent(config, train.height)!, outputExtent(config, train.width)!];
  const parameters = drawParameters(spec, seed);
  const statistics = drawStatistics(spec, seed);
  const masks = golden.masks.map(({ name, rate, shape }, i) => [
    name,
    float32(drawMask(seed, i, rate, shape), shape),
  ]);
  return {
    image: float32(drawImage(seed, "train", train), [train.batch, 1, train.height, train.width]),
    labels: { dtype: "uint8", shape, data: drawLabels(seed, sizeOf(shape), config.classes) },
    parameters: float32(parameters, [parameters.length]),
    statistics: float32(statistics, [statistics.length]),
    learningRate: float32(Float32Array.of(0.1), [1]),
    ...Object.fromEntries(masks),
  };
}

describe.each(PRESET_NAMES)("%s gives what PyTorch gives", (name) => {
  const { golden, resultOf } = readGolden<GoldenCase>(name);
  const { train, infer } = golden;
  const config: UnetConfig = { ...presets[name], ...golden.config };
  const spec = specifyNetwork(config, [1, 1, train.height, train.width]);
  const feeds = trainingFeeds(golden, config, spec);

  const image = input("image", [train.batch, 1, train.height, train.width]);
  const network = buildTrainingNetwork(
    image,
    input("parameters", [parameterCount(spec.parameters)]),
    config,
    spec,
  );
  const labels = input("labels", feeds.labels!.shape, "uint8");
  const loss = segmentationLoss(network.logits, labels, golden.lossWeights);
  let results: Tensors = {};
  beforeAll(async () => {
    const gradient = flatGradient(loss, network.parameters);
    results = await runModel({ outputs: { logits: network.logits, loss, gradient } }, feeds);
  });

  test("parameters have its names, shapes and order", () => {
    expect(spec.parameters.map(({ name, shape }) => ({ name, shape }))).toEqual(golden.parameters);
  });
  test("dropout has its places, rates and shapes", () => {
    expect(network.dropouts.map(({ name, rate, shape }) => ({ name, rate, shape }))).toEqual(golden.masks);
  });
  test("logits", () => {
    expect(network.logits.shape).toEqual(golden.results.logits!.shape);
    expect(relativeError(float32Of(results, "logits"), resultOf("logits"))).toBeLessThan(TOLERANCE);
  });
  test("loss", () => {
    expect(relativeError(float32Of(results, "loss"), [golden.loss])).toBeLessThan(1e-5);
  });
  test("gradient of every parameter", () => {
    const found = float32Of(results, "gradient");
    const expected = resultOf("gradient");
    expect(found.length).toBe(expected.length);
    const errors = spec.parameters.map(({ name, shape, offset }) => {
      const to = offset + sizeOf(shape);
      return { name, error: relativeError(found.subarray(offset, to), expected.subarray(offset, to)) };
    });
    expect(errors.filter(({ error }) => !(error < GRADIENT_TOLERANCE))).toEqual([]);
  });
  test("running statistics after one step", async () => {
    const expected = resultOf("statistics");
    expect(statisticCount(spec.statistics)).toBe(expected.length);
    const { gradientBytes } = buildStepModel({
      unet: config,
      spec,
      batchSize: train.batch,
      inputSize: train,
      loss: golden.lossWeights,
      optimizer: { kind: "sgd", momentum: 0, nesterov: false, weightDecay: 0 },
      augment: noAugmentation,
      averageDecay: 0,
      clipNorm: 0,
    });
    const program = await runtime.load(gradientBytes);
    const step = await program.run(feeds);
    await program.dispose();
    expect(Object.keys(step).includes("statisticsNext")).toBe(expected.length > 0);
    // By vector: a mean and a variance of one batch norm differ in size.
    for (const { offset, channels } of spec.statistics) {
      for (const from of [offset, offset + channels]) {
        const found = float32Of(step, "statisticsNext").subarray(from, from + channels);
        expect(relativeError(found, expected.subarray(from, from + channels))).toBeLessThan(TOLERANCE);
      }
    }
    expect(relativeError(float32Of(step, "loss"), [golden.loss])).toBeLessThan(1e-5);
  });
  test("logits at inference, of another size than the model was exported at", async () => {
    const weights = { parameters: drawParameters(spec, golden.seed), statistics: resultOf("statistics") };
    const logits = buildInferenceNetwork(
      input("image", [1, 1, train.height, train.width]),
      weights,
      config,
      spec,
    );
    const symbolicAxes = {
      image: ["batch", 1, "height", "width"],
      logits: ["batch", config.classes, "rows", "columns"],
    };
    const image = drawImage(golden.seed, "infer", infer);
    const found = await runModel(
      { outputs: { logits }, symbolicAxes },
      { image: float32(image, [infer.batch, 1, infer.height, infer.width]) },
    );
    expect(found.logits!.shape).toEqual(golden.results.inferLogits!.shape);
    expect(relativeError(float32Of(found, "logits"), resultOf("inferLogits"))).toBeLessThan(TOLERANCE);
  });
});
