import { describe, expect, test } from "vitest";
import { makeRandom } from "../../src/core/random.ts";
import { constant, input } from "../../src/graph/build.ts";
import { buildModel } from "../../src/onnx/model.ts";
import {
  clipFactor,
  type OptimizerConfig,
  optimizerStep,
  squareSum,
  stateNames,
} from "../../src/optimizer/optimizer.ts";
import { float32Of, type Tensor } from "../../src/runtime/runtime.ts";
import { relativeError, runModel, runtime } from "../support/check.ts";

const SIZE = 6;
/** The last two parameters do not decay. */
const DECAY = [1, 1, 1, 1, 0, 0];
const RATES = [0.1, 0.1, 0.05, 0.02, 0.01];
const draw = (...name: (string | number)[]): number[] => {
  const random = makeRandom(7, ...name);
  return Array.from({ length: SIZE }, () => Math.fround(random.normal()));
};
const start = draw("start");
const gradients = RATES.map((_, step) => draw("gradient", step));

const vector = (numbers: ArrayLike<number>): Tensor => ({
  dtype: "float32",
  shape: [numbers.length],
  data: Float32Array.from(numbers),
});

/** Parameters after each step of the emitted model. */
async function steps(config: OptimizerConfig): Promise<Float32Array[]> {
  const names = stateNames(config);
  const stepped = optimizerStep(config, {
    parameters: input("parameters", [SIZE]),
    gradient: input("gradient", [SIZE]),
    state: Object.fromEntries(names.map((name) => [name, input(name, [SIZE])])),
    learningRate: input("learningRate", [1]),
    correction1: input("correction1", [1]),
    correction2: input("correction2", [1]),
    decay: constant(Float32Array.from(DECAY)),
  });
  expect(Object.keys(stepped.state)).toEqual(names);
  const nextState = Object.fromEntries(names.map((name) => [`${name}Next`, stepped.state[name]!]));
  const program = await runtime.load(buildModel({ outputs: { next: stepped.parameters, ...nextState } }));
  const path: Float32Array[] = [];
  let parameters: ArrayLike<number> = start;
  let state: Record<string, Float32Array> = Object.fromEntries(
    names.map((name) => [name, new Float32Array(SIZE)]),
  );
  for (const [step, rate] of RATES.entries()) {
    const correction = (beta: number): Tensor => vector([1 - beta ** (step + 1)]);
    const results = await program.run({
      parameters: vector(parameters),
      gradient: vector(gradients[step]!),
      learningRate: vector([rate]),
      ...(config.kind === "sgd"
        ? {}
        : { correction1: correction(config.beta1), correction2: correction(config.beta2) }),
      ...Object.fromEntries(names.map((name) => [name, vector(state[name]!)])),
    });
    parameters = float32Of(results, "next");
    state = Object.fromEntries(names.map((name) => [name, float32Of(results, `${name}Next`)]));
    path.push(parameters as Float32Array);
  }
  await program.dispose();
  return path;
}

/** The same steps in float64: `update` gives a parameter's next value; `memory` is its own, kept between steps. */
function byHand(
  update: (at: { p: number; g: number; rate: number; t: number; decays: number; memory: number[] }) => number,
): number[][] {
  const memories = start.map(() => [0, 0]);
  let parameters = start;
  return RATES.map((rate, step) => {
    parameters = parameters.map((p, i) =>
      update({ p, g: gradients[step]![i]!, rate, t: step + 1, decays: DECAY[i]!, memory: memories[i]! }),
    );
    return parameters;
  });
}

async function expectSame(config: OptimizerConfig, expected: readonly (readonly number[])[]): Promise<void> {
  const found = await steps(config);
  for (const [step, parameters] of found.entries()) {
    expect(relativeError(parameters, expected[step]!), `step ${step}`).toBeLessThan(2e-6);
  }
}

const sgd = { kind: "sgd", momentum: 0, nesterov: false, weightDecay: 0 } as const;
const adam = { kind: "adam", beta1: 0.9, beta2: 0.99, epsilon: 1e-3, weightDecay: 0 } as const;

describe("SGD", () => {
  test("plain", () =>
    expectSame(
      sgd,
      byHand(({ p, g, rate }) => p - rate * g),
    ));

  test("with weight decay, of weights only", () =>
    expectSame(
      { ...sgd, weightDecay: 0.3 },
      byHand(({ p, g, rate, decays }) => p - rate * (g + 0.3 * decays * p)),
    ));

  test("with momentum, which a change of the learning rate does not rescale", () =>
    expectSame(
      { ...sgd, momentum: 0.9 },
      byHand(({ p, g, rate, memory }) => {
        memory[0] = 0.9 * memory[0]! + g;
        return p - rate * memory[0];
      }),
    ));

  test("with Nesterov's momentum and weight decay", () =>
    expectSame(
      { ...sgd, momentum: 0.9, nesterov: true, weightDecay: 0.3 },
      byHand(({ p, g, rate, decays, memory }) => {
        const slope = g + 0.3 * decays * p;
        memory[0] = 0.9 * memory[0]! + slope;
        return p - rate * (slope + 0.9 * memory[0]);
      }),
    ));
});

/** Kingma and Ba's step for the slope `g`. */
function adamStep(g: number, rate: number, t: number, memory: number[]): number {
  memory[0] = 0.9 * memory[0]! + 0.1 * g;
  memory[1] = 0.99 * memory[1]! + 0.01 * g * g;
  const mean = memory[0] / (1 - 0.9 ** t);
  const square = memory[1] / (1 - 0.99 ** t);
  return (rate * mean) / (Math.sqrt(square) + 1e-3);
}

describe("Adam", () => {
  test("plain: the first step is the learning rate, whatever the slope", async () => {
    await expectSame(
      adam,
      byHand(({ p, g, rate, t, memory }) => p - adamStep(g, rate, t, memory)),
    );
    const [first] = await steps({ ...adam, epsilon: 1e-8 });
    for (const [i, p] of first!.entries()) {
      expect(start[i]! - p).toBeCloseTo(0.1 * Math.sign(gradients[0]![i]!), 6);
    }
  });

  test("adds weight decay to the slope", () =>
    expectSame(
      { ...adam, weightDecay: 0.3 },
      byHand(({ p, g, rate, t, decays, memory }) => p - adamStep(g + 0.3 * decays * p, rate, t, memory)),
    ));

  test("AdamW shrinks the weights themselves, by the learning rate", () =>
    expectSame(
      { ...adam, kind: "adamw", weightDecay: 0.3 },
      byHand(
        ({ p, g, rate, t, decays, memory }) => p * (1 - rate * 0.3 * decays) - adamStep(g, rate, t, memory),
      ),
    ));

  test("AdamW without decay is Adam", async () => {
    expect(await steps({ ...adam, kind: "adamw" })).toEqual(await steps(adam));
  });
});

test.each([
  [sgd, []],
  [{ ...sgd, momentum: 0.9 }, ["momentum"]],
  [adam, ["moment1", "moment2"]],
  [{ ...adam, kind: "adamw" }, ["moment1", "moment2"]],
] as const)("state to keep: %o", (config, names) => {
  expect(stateNames(config)).toEqual(names);
});

test("the squares of a gradient are summed", async () => {
  const slope = input("slope", [3]);
  const results = await runModel({ outputs: { squares: squareSum(slope) } }, { slope: vector([3, 0, -4]) });
  expect(Array.from(float32Of(results, "squares"))).toEqual([25]);
});

test.each([
  [5, 2, 0.4],
  [5, 6, 1],
  [5, 0, 1],
  [0, 1, 1],
])("a gradient of norm %d that may have %d at most is multiplied by %d", (norm, maxNorm, factor) => {
  expect(clipFactor(norm, maxNorm)).toBeCloseTo(factor, 6);
});
