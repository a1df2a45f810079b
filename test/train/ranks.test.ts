import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noAugmentation } from "../../src/augment/config.ts";
import { type Prepared, prepare } from "../../src/node/workflows/prepare.ts";
import { ALONE, type Ranks } from "../../src/train/ranks.ts";
import { makeTrainer } from "../../src/train/trainer.ts";
import type { EpochReport, StepReport, Trainer, TrainingHost } from "../../src/train/types.ts";
import { runtime } from "../support/check.ts";
import { rejection } from "../support/data-folder.ts";
import { makeRanks } from "../support/ranks.ts";
import { makeTinyPhantom, type TinyPhantom, tinyConfig } from "../support/tiny-phantom.ts";

/** A mean over images whatever is looked at with it: what parts and ranks leave as it is. */
const MEAN = {
  loss: { dice: 0 },
  unet: { levels: 2, baseWidth: 4, normalisation: "none", block: ["conv", "activation"], dropout: 0.25 },
  augment: noAugmentation,
  batchSize: 8,
  epochs: null,
  steps: 50,
  stepsPerEpoch: 25,
};

let phantom: TinyPhantom;
beforeAll(async () => {
  phantom = await makeTinyPhantom();
});
afterAll(() => phantom.remove());

function prepared(changes: Readonly<Record<string, unknown>>): Promise<Prepared> {
  const options = {
    data: phantom.data,
    stderr: process.stderr,
    quiet: true,
    test: false,
    warn: () => undefined,
  };
  return prepare({ ...options }, tinyConfig(changes), undefined);
}

interface Done {
  readonly steps: readonly StepReport[];
  readonly epochs: readonly EpochReport[];
  readonly parameters: Float32Array;
}

/** Trains to the end, or until a rank is asked to stop after a step. */
async function train(
  of: Prepared,
  ranks: Ranks,
  { stopAfter = Number.POSITIVE_INFINITY } = {},
): Promise<Done> {
  const steps: StepReport[] = [];
  const epochs: EpochReport[] = [];
  const host: TrainingHost = {
    onStep: async (report) => void steps.push(report),
    onEpoch: async (report) => void epochs.push(report),
    isCheckpointDue: () => false,
    isStopping: () => steps.length >= stopAfter,
    saveLast: async () => undefined,
    saveBest: async () => undefined,
  };
  const trainer = await makeTrainer({ ...of, runtime, resume: undefined, ranks });
  const { steps: count, stepsPerEpoch } = of.config;
  await trainer.run(host, { steps: count!, stepsPerEpoch: stepsPerEpoch! });
  const parameters = trainer.state.tensors.parameters!.slice();
  await trainer.dispose();
  return { steps, epochs, parameters };
}

const together = (of: Prepared, count: number): Promise<readonly Done[]> =>
  Promise.all(makeRanks(count).map((ranks) => train(of, ranks)));

const losses = ({ steps }: Done): readonly number[] => steps.map(({ loss }) => loss);
const mostApart = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));

describe("a loss that is a mean over images", () => {
  let whole: Done;
  beforeAll(async () => {
    whole = await train(await prepared(MEAN), ALONE);
  });

  test.each([1, 2, 4])("is the same in parts of %d", async (microBatch) => {
    const parts = await train(await prepared({ ...MEAN, microBatch }), ALONE);
    expect(parts.steps).toHaveLength(50);
    // Seen: 4e-7.
    expect(mostApart(losses(parts), losses(whole))).toBeLessThan(1e-4);
    expect(whole.steps.at(-1)!.loss).toBeLessThan(0.7 * whole.steps[0]!.loss);
  });

  test.each([2, 4])("is the same on %d ranks, which keep the same bits", async (count) => {
    const all = await together(await prepared(MEAN), count);
    const [first] = all as [Done];
    expect(mostApart(losses(first), losses(whole))).toBeLessThan(1e-4);
    for (const { steps, epochs, parameters } of all) {
      expect(steps).toEqual(first.steps);
      expect(epochs).toEqual(first.epochs);
      expect(parameters).toEqual(first.parameters);
    }
    const { dice, validationLoss } = first.epochs.at(-1)!;
    const alone = whole.epochs.at(-1)!;
    expect(validationLoss).toBeCloseTo(alone.validationLoss, 3);
    expect(dice.body).toBeCloseTo(alone.dice.body!, 2);
  });
});

test("ranks keep the same bits with the full recipe, in parts, with batch norm's statistics too", async () => {
  const recipe = { unet: { levels: 2, baseWidth: 4, normalisation: "batch" }, batchSize: 8, microBatch: 2 };
  const of = await prepared({ ...recipe, epochs: null, steps: 6, stepsPerEpoch: 3 });
  const trainers: Trainer[] = [];
  for (const ranks of makeRanks(2)) {
    trainers.push(await makeTrainer({ ...of, runtime, resume: undefined, ranks }));
  }
  const before = trainers[0]!.state.tensors.statistics!.slice();
  const idle = async (): Promise<void> => undefined;
  const host = { onStep: idle, onEpoch: idle, saveLast: idle, saveBest: idle };
  const watch = { ...host, isCheckpointDue: () => false, isStopping: () => false };
  await Promise.all(trainers.map((trainer) => trainer.run(watch, { steps: 6, stepsPerEpoch: 3 })));
  const [a, b] = trainers.map(({ state }) => state);
  expect(a!.tensors).toEqual(b!.tensors);
  expect(a!.tensors.statistics).not.toEqual(before);
  for (const trainer of trainers) await trainer.dispose();
});

test("all ranks measure alike, and a step is measured without moving anything", async () => {
  // Decay that is added to the gradient moves the moments, whatever the learning rate.
  const of = await prepared({ ...MEAN, batchSize: 2, optimizer: { kind: "adam", weightDecay: 0.1 } });
  const measured = await Promise.all(
    makeRanks(2).map(async (ranks) => {
      const trainer = await makeTrainer({ ...of, runtime, resume: undefined, ranks });
      const before = structuredClone(trainer.state.tensors);
      let now = 0;
      // One rank takes longer than the other.
      const found = await trainer.measure(() => (now += 100 * (1 + ranks.rank)));
      expect(trainer.state.tensors).toEqual(before);
      await trainer.dispose();
      return found;
    }),
  );
  expect(measured[0]).toEqual(measured[1]);
  expect(measured[0]!.stepMs).toBeGreaterThan(200);
});

test("one rank that is asked to stop stops all after the same step", async () => {
  const of = await prepared(MEAN);
  const [first, second] = makeRanks(2) as [Ranks, Ranks];
  const done = await Promise.all([train(of, first), train(of, second, { stopAfter: 4 })]);
  expect(done.map(({ steps }) => steps.length)).toEqual([4, 4]);
  expect(done[0].parameters).toEqual(done[1].parameters);
});

test("a rank whose weights are others is told of by all", async () => {
  const of = await prepared({ ...MEAN, steps: 2, stepsPerEpoch: 2 });
  const other: Prepared = { ...of, config: { ...of.config, seed: 9 } };
  const [first, second] = makeRanks(2) as [Ranks, Ranks];
  const found = await Promise.all([rejection(train(of, first)), rejection(train(other, second))]);
  for (const error of found) {
    expect(error).toMatchObject({
      code: "config",
      message: "Cannot go on: the weights of rank 1 differ from those of rank 0",
    });
  }
});
