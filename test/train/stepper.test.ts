import { expect, test } from "vitest";
import { noAugmentation } from "../../src/augment/config.ts";
import { makeRandom } from "../../src/core/random.ts";
import type { OptimizerConfig } from "../../src/optimizer/optimizer.ts";
import { float32Of, type Tensor, float32Tensor as vector } from "../../src/runtime/runtime.ts";
import { buildStepModel, type StepModel } from "../../src/train/step.ts";
import { type GradientResult, makeStepper } from "../../src/train/stepper.ts";
import { specifyNetwork } from "../../src/unet/network.ts";
import { runtime } from "../support/check.ts";
import { TINY_UNET } from "../support/model-card.ts";

const AVERAGE_DECAY = 0.5;
const adamw = { kind: "adamw", beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1 } as const;
const sgd = { kind: "sgd", momentum: 0, nesterov: false, weightDecay: 0 } as const;
const optimizers: readonly OptimizerConfig[] = [
  adamw,
  { ...adamw, kind: "adam" },
  { ...adamw, weightDecay: 0 },
  sgd,
  { ...sgd, weightDecay: 0.1 },
  { ...sgd, momentum: 0.9 },
  { ...sgd, momentum: 0.9, nesterov: true, weightDecay: 0.1 },
];

function modelOf(optimizer: OptimizerConfig): StepModel {
  return buildStepModel({
    unet: TINY_UNET,
    spec: specifyNetwork(TINY_UNET, [1, 1, 8, 8]),
    batchSize: 1,
    inputSize: { width: 8, height: 8 },
    loss: { crossEntropy: 1, dice: 0, labelSmoothing: 0 },
    augment: noAugmentation,
    averageDecay: AVERAGE_DECAY,
    optimizer,
    clipNorm: 1,
  });
}

const draw = (name: string, count: number): Float32Array => {
  const random = makeRandom(3, name);
  return Float32Array.from({ length: count }, () => random.normal());
};

/** More than one piece, and one that is not full. */
const COUNT = 2 ** 18 + 1003;

test.each(optimizers)("moves in place, piece by piece, as in one go: %o", async (optimizer) => {
  const model = modelOf(optimizer);
  const decay = Float32Array.from({ length: COUNT }, (_, i) => i % 3 && 1);
  const stepper = await makeStepper(runtime, { ...model, decay });
  const start = {
    parameters: draw("parameters", COUNT),
    average: draw("average", COUNT),
    ...Object.fromEntries(model.stateNames.map((name) => [name, draw(name, COUNT).map(Math.abs)])),
  };
  const gradient = draw("gradient", COUNT);
  const along: GradientResult = {
    loss: 1,
    gradientNorm: 4,
    gradientScale: 0.25,
    gradient,
    statistics: undefined,
  };
  const tensors = Object.fromEntries(Object.entries(start).map(([name, data]) => [name, data.slice()]));
  await stepper.move(tensors, along, { step: 4, learningRate: 0.01 });
  await stepper.dispose();

  // The same program on whole vectors, its results elsewhere.
  const whole = await runtime.load(model.updateBytes);
  const scalar = (value: number): Tensor => vector(Float32Array.of(value));
  const expected = await whole.run({
    ...Object.fromEntries(Object.entries(start).map(([name, data]) => [name, vector(data)])),
    gradient: vector(gradient),
    decay: vector(decay),
    gradientScale: scalar(0.25),
    learningRate: scalar(0.01),
    correction1: scalar(1 - 0.9 ** 5),
    correction2: scalar(1 - 0.99 ** 5),
    averageRate: scalar(1 - Math.min(AVERAGE_DECAY, 5 / 14)),
  });
  await whole.dispose();
  for (const name of Object.keys(start)) {
    expect(Buffer.from(tensors[name]!.buffer)).toEqual(
      Buffer.from(float32Of(expected, `${name}Next`).slice().buffer),
    );
  }
});

test("a gradient moves nothing, and the same batch gives the same one", async () => {
  const model = modelOf(adamw);
  const stepper = await makeStepper(runtime, model);
  const tensors = {
    parameters: draw("weights", model.decay.length),
    average: draw("average", model.decay.length),
    moment1: new Float32Array(model.decay.length),
    moment2: new Float32Array(model.decay.length),
  };
  const before = structuredClone(tensors);
  const batch = {
    image: { dtype: "float32", shape: [1, 1, 8, 8], data: draw("image", 64) },
    labels: { dtype: "uint8", shape: [1, 8, 8], data: new Uint8Array(64).fill(2) },
  } as const;
  const first = await stepper.gradient([batch], tensors);
  const copy = first.gradient.slice();
  expect(tensors).toEqual(before);
  expect((await stepper.gradient([batch], tensors)).gradient).toEqual(copy);
  const norm = Math.sqrt(copy.reduce((sum, x) => sum + x * x, 0));
  expect(first.gradientNorm / norm).toBeCloseTo(1, 5);
  expect(first.gradientScale).toBeCloseTo(Math.min(1, 1 / norm), 4);
  // The same part twice has the mean of one.
  const twice = await stepper.gradient([batch, batch], tensors);
  expect(twice.loss).toBe(first.loss);
  expect(twice.gradientNorm).toBeCloseTo(first.gradientNorm, 6);
  expect(twice.gradientScale).toBeCloseTo(first.gradientScale / 2, 6);
  expect(twice.gradient).toEqual(copy.map((x) => 2 * x));
  await stepper.dispose();
});
