import { beforeAll, describe, expect, test } from "vitest";
import { noAugmentation } from "../../src/augment/config.ts";
import type { OptimizerConfig } from "../../src/optimizer/optimizer.ts";
import { buildStepModel } from "../../src/train/step.ts";
import { makeStepper } from "../../src/train/stepper.ts";
import type { UnetConfig } from "../../src/unet/config.ts";
import { specifyNetwork } from "../../src/unet/network.ts";
import { presets } from "../../src/unet/presets.ts";
import { relativeError, runtime } from "../support/check.ts";
import { drawBatch, drawParameters, type GoldenTrajectory, readGolden } from "../support/golden.ts";

const BATCH = 2;
/** Seen: 7e-7. */
const LOSS_TOLERANCE = 1e-4;

/** Step after step, each on a batch of its own. */
async function train(golden: GoldenTrajectory) {
  const { size, seed } = golden;
  const optimizer = golden.optimizer as unknown as OptimizerConfig;
  const config: UnetConfig = { ...presets[golden.preset], ...golden.config };
  const spec = specifyNetwork(config, [BATCH, 1, size, size]);
  const model = buildStepModel({
    unet: config,
    spec,
    batchSize: BATCH,
    inputSize: { width: size, height: size },
    loss: golden.lossWeights,
    optimizer,
    augment: noAugmentation,
    averageDecay: 0,
    clipNorm: golden.clipNorm,
  });
  const stepper = await makeStepper(runtime, model);
  const parameters = drawParameters(spec, seed, golden.spread);
  const tensors = {
    parameters,
    ...Object.fromEntries(model.stateNames.map((name) => [name, new Float32Array(parameters.length)])),
  };
  const losses: number[] = [];
  const gradientNorms: number[] = [];
  for (let step = 0; step < golden.losses.length; step++) {
    const { image, labels } = drawBatch(seed, step, { size, classes: config.classes });
    const found = await stepper.gradient(
      [
        {
          image: { dtype: "float32", shape: [BATCH, 1, size, size], data: image },
          labels: { dtype: "uint8", shape: [BATCH, size, size], data: labels },
        },
      ],
      tensors,
    );
    losses.push(found.loss);
    gradientNorms.push(found.gradientNorm);
    await stepper.move(tensors, found, { step, learningRate: golden.optimizer.learningRate });
  }
  await stepper.dispose();
  return { losses, gradientNorms, parameters };
}

describe.each([
  // Seen: 1e-7 and 1e-5, of the largest weight. Adam makes much of small slopes, and so of their rounding.
  ["trajectory-sgd", 1e-4],
  ["trajectory-adamw", 5e-4],
] as const)("%s: twenty steps beside PyTorch", (name, weightTolerance) => {
  const { golden, resultOf } = readGolden<GoldenTrajectory>(name);
  let done: Awaited<ReturnType<typeof train>>;
  beforeAll(async () => {
    done = await train(golden);
  });

  test("the loss of every step", () => {
    const { losses } = done;
    const differences = losses.map((loss, step) => Math.abs(loss - golden.losses[step]!));
    expect(Math.max(...differences)).toBeLessThan(LOSS_TOLERANCE);
    expect(losses).toHaveLength(20);
    expect(losses.at(-1)).toBeLessThan(0.7 * losses[0]!);
  });
  test("the norm of every gradient before clipping", () => {
    const { gradientNorms } = done;
    const differences = gradientNorms.map((norm, step) => Math.abs(norm / golden.gradientNorms[step]! - 1));
    expect(Math.max(...differences)).toBeLessThan(1e-3);
  });
  test("the weights after the last step", () => {
    const { parameters } = done;
    expect(relativeError(parameters, resultOf("parameters"))).toBeLessThan(weightTolerance);
  });
});

test("clipping took part in the AdamW trajectory at some steps and left others alone", () => {
  const { golden } = readGolden<GoldenTrajectory>("trajectory-adamw");
  const clipped = golden.gradientNorms.filter((norm) => norm > golden.clipNorm).length;
  expect(clipped).toBeGreaterThan(0);
  expect(clipped).toBeLessThan(20);
});
