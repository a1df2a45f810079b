import { beforeAll, describe, expect, test } from "vitest";
import { hashImage, shortHash } from "../../src/dataset/case-hash.ts";
import { learn } from "../../src/learn/learn.ts";
import type {
  LearnEpoch,
  LearnOptions,
  LearnResult,
  LearnStep,
  LearnWatcher,
} from "../../src/learn/types.ts";
import { readModelMetadata } from "../../src/onnx/model.ts";
import { readModelCard } from "../../src/predict/card.ts";
import { storedWeights } from "../../src/train/finetune.ts";
import { runtime } from "../support/check.ts";
import { rejection } from "../support/data-folder.ts";
import { exportedModel, NETWORKS } from "../support/inference-models.ts";
import { checkOwnAnswer } from "../support/known-answer.ts";
import { FULL_PARTS } from "../support/model-card.ts";
import { correctedCase, smallModel } from "./support.ts";

const cases = [0, 1, 2].map((man) => correctedCase(man));
const model = smallModel(
  { ...FULL_PARTS, patients: { train: 5, validate: 2, test: 1 } },
  { hipmri_passport: "{}", hipmri_known_answer: "of other weights", note: "stays" },
);
const WELL: LearnOptions = { seed: 1, steps: 60, learningRate: 0.02, batchSize: 4, anchorStrength: 0 };
const run = (options: Partial<LearnOptions> = {}, watcher: LearnWatcher = {}, given = cases) =>
  learn({ runtime, model, cases: given, options: { ...WELL, ...options }, watcher });

describe("learn()", () => {
  let learnt: LearnResult;
  const steps: LearnStep[] = [];
  const epochs: LearnEpoch[] = [];
  beforeAll(async () => {
    learnt = await run(
      {},
      { onStep: (report) => steps.push(report), onEpoch: (report) => epochs.push(report) },
    );
  });

  test("gives a model that does better on the patient that was held out", () => {
    expect(learnt.isBetter).toBe(true);
    expect(learnt.verdict).toMatch(
      /^Kept: the mean Dice of what was held out went from 0\.\d{3} to 0\.\d{3}$/,
    );
    expect(learnt.after.foregroundMean!).toBeGreaterThan(learnt.before.foregroundMean! + 0.1);
    expect(learnt.heldOut.kind).toBe("patients");
    expect([...learnt.learntFrom, ...learnt.heldOut.names].sort()).toEqual(["case 0", "case 1", "case 2"]);
    expect(learnt.after.labels.map(({ name }) => name)).toEqual([
      "body",
      "bone",
      "bladder",
      "rectum",
      "prostate",
    ]);
  });

  test("tells of each step and of each validation", () => {
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    expect(epochs.map(({ step }) => step)).toEqual([15, 30, 45, 60]);
    // The last validation is the judgement.
    expect(epochs.at(-1)!.foregroundDice).toBe(learnt.after.foregroundMean);
    expect(epochs.at(-1)!.validationLoss).toBeLessThan(epochs[0]!.validationLoss);
  });

  test("writes a card that says what it learnt from and no longer claims what it was", () => {
    const card = readModelCard(learnt.bytes, "learnt.onnx");
    expect(card).toEqual(learnt.card);
    expect(card).toMatchObject({
      trainedOn: "nothing; then fine-tuned on 2 corrected scans of 2 patients",
      steps: 67,
      patients: { train: 9, validate: 1, test: 1 },
      validation: { foregroundMeanDice: learnt.after.foregroundMean },
    });
    expect(card.metrics).toHaveLength(1);
    expect(card.metrics[0]).toMatchObject({ split: "validate", patients: 1, volumes: 1 });
    expect(card.limits.slice(-3)).toEqual([
      "Fine-tuned on 2 corrected scans of 2 patients: on images of the kind that it learnt before it may do worse, which was not measured",
      "Judged on 1 scan of 1 patient from whom nothing was learnt",
      "Carries no fingerprint of its training scans: that of the model it began as does not know the corrected ones",
    ]);
    const hashOf = (name: string): string => shortHash(hashImage(cases.find((each) => each.name === name)!));
    const { train, validate } = FULL_PARTS.data!.cases;
    expect(card.data!.cases).toEqual({
      train: [...train, ...validate, ...learnt.learntFrom.map(hashOf)].sort(),
      validate: learnt.heldOut.names.map(hashOf),
      test: FULL_PARTS.data!.cases.test,
    });
    expect(card.data!.digest).not.toBe(FULL_PARTS.data!.digest);
    expect(card.data!.trainingSlices).toBe(56);
    expect(card.data!.spacingMm!.max[0]).toBeCloseTo(13.44, 5);
  });

  test("gives a known answer of its own and no fingerprint of other scans", async () => {
    expect(Object.keys(readModelMetadata(learnt.bytes)!).sort()).toEqual([
      "hipmri",
      "hipmri_known_answer",
      "note",
    ]);
    expect(await checkOwnAnswer(learnt.bytes)).toMatchObject({ isRight: true, maxError: 0 });
  });

  test("does the same twice, byte for byte", async () => {
    expect((await run()).bytes).toEqual(learnt.bytes);
  });

  test("gives back the old bytes where it did not get better", async () => {
    const kept = await run({ steps: 8, learningRate: 1e-12 });
    expect(kept.isBetter).toBe(false);
    expect(kept.verdict).toMatch(/^Not kept: the mean Dice/);
    expect(kept.bytes).toBe(model.bytes);
    expect(kept.card).toEqual(readModelCard(model.bytes, "model.onnx"));
  });

  test("stays nearer to the old weights the stronger the anchor is", async () => {
    const far = async (anchorStrength: number): Promise<number> => {
      const { bytes } = await run({ anchorStrength });
      const [old, now] = [model, { bytes, name: "now" }].map(
        (each) => storedWeights(each, model.spec).parameters,
      );
      return Math.sqrt(old!.reduce((sum, value, i) => sum + (value - now![i]!) ** 2, 0));
    };
    expect(await far(20)).toBeLessThan(0.6 * (await far(0)));
  });
});

describe("learn() of cases without a label", () => {
  const BLADDER = 3;
  const given = cases.map((each) => ({ ...each, mask: each.mask.map((id) => (id === BLADDER ? 1 : id)) }));
  test("learns nothing of that label, and says so", async () => {
    const { notLearnt, bytes, isBetter } = await run({}, {}, given);
    expect(notLearnt).toEqual(["bladder"]);
    expect(isBetter).toBe(true);
    const [old, now] = [model, { bytes, name: "now" }].map(
      (each) => storedWeights(each, model.spec).parameters,
    );
    const { offset } = model.spec.parameters.find(({ name }) => name === "head.bias")!;
    expect(now![offset + BLADDER]).toBeCloseTo(old![offset + BLADDER]!, 12);
    expect(now![offset + 1]).not.toBe(old![offset + 1]);
  });
});

describe("learn() of one case", () => {
  test("says that nothing could be held out, and has no figures of anybody else", async () => {
    const one = await run({}, {}, cases.slice(0, 1));
    expect(one.heldOut.kind).toBe("slices");
    expect(one.learntFrom).toEqual(["case 0"]);
    expect(one.isBetter).toBe(true);
    expect(one.card.metrics).toEqual([]);
    expect(one.card.patients.validate).toBe(0);
    expect(one.card.validation.convention).toContain("There is one scan only");
    expect(one.card.data!.cases.validate).toEqual([]);
  });
});

describe("learn() can be", () => {
  test("stopped: what was learnt so far is judged", async () => {
    let done = 0;
    const stopped = await run({}, { onStep: ({ step }) => (done = step), isStopping: () => done >= 3 });
    expect(stopped.steps).toBe(3);
  });
  test("paused: no step is taken meanwhile", async () => {
    let done = 0;
    let asked = 0;
    const paused = await run(
      { steps: 8 },
      { onStep: ({ step }) => (done = step), isPaused: () => done === 4 && ++asked < 3 },
    );
    expect(asked).toBe(3);
    expect(paused.steps).toBe(8);
  });
  test("aborted: nothing is given", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const onStep = (): void => controller.abort(reason);
    expect(await run({}, { onStep, signal: controller.signal }).catch((error: unknown) => error)).toBe(
      reason,
    );
  });
  test("given minutes, which become a number of steps: the fewest where they are too short for any", async () => {
    const { steps } = await run({ steps: undefined, minutes: 1e-9 });
    expect(steps).toBe(8);
  });
});

describe("learn() refuses", () => {
  test("an ensemble, whose networks it could not part", async () => {
    const bytes = exportedModel(NETWORKS.pelvis!, { networks: 2 });
    const found = rejection(learn({ runtime, model: { bytes, name: "e.onnx" }, cases, options: WELL }));
    expect(await found).toMatchObject({
      code: "bad-model",
      message: expect.stringContaining("ensemble of 2 networks"),
    });
  });
  test("labels that the model does not know", async () => {
    const odd = correctedCase(3, { mask: new Uint8Array(32 * 16 * 8).fill(77) });
    const found = rejection(learn({ runtime, model, cases: [odd], options: WELL }));
    expect(await found).toMatchObject({ code: "bad-mask" });
  });
});
