import { access, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openRun } from "../../src/node/run-folder.ts";
import { evaluate } from "../../src/node/workflows/evaluate.ts";
import { quantiseModel } from "../../src/node/workflows/quantise.ts";
import { trainRun } from "../../src/node/workflows/train.ts";
import { readModelCard } from "../../src/predict/card.ts";
import { rejection } from "../support/data-folder.ts";
import { checkOwnAnswer } from "../support/known-answer.ts";
import { makeTinyPhantom, type TinyPhantom, tinyConfig } from "../support/tiny-phantom.ts";

let phantom: TinyPhantom;
let run: string;
let cacheBefore: string | undefined;
const stderr = { isTTY: false, write: () => true } as unknown as NodeJS.WriteStream;

const train = (out: string, changes: Readonly<Record<string, unknown>>) =>
  trainRun({
    data: phantom.data,
    out,
    config: tinyConfig(changes),
    resume: false,
    overwrite: true,
    test: false,
    command: "hipmri train",
    stderr,
    signal: new AbortController().signal,
  });

beforeAll(async () => {
  phantom = await makeTinyPhantom();
  cacheBefore = process.env.HIPMRI_CACHE;
  process.env.HIPMRI_CACHE = join(phantom.folder, "cache");
  run = join(phantom.folder, "run");
  await train(run, { steps: 30, stepsPerEpoch: 30 });
});
afterAll(async () => {
  if (cacheBefore === undefined) delete process.env.HIPMRI_CACHE;
  else process.env.HIPMRI_CACHE = cacheBefore;
  await phantom.remove();
});

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

describe("quantise", () => {
  test("writes a model whose card has its own figures, by the real inference path", async () => {
    const progress: string[] = [];
    const done = await quantiseModel({
      model: run,
      data: phantom.data,
      limit: 0.2,
      onProgress: (now, total) => progress.push(`${now}/${total}`),
    });
    expect(done.path).toBe(join(run, "model-int8.onnx"));
    expect(progress).toEqual(["1/4", "2/4", "3/4", "4/4"]);
    expect(done.observed).toBe(2);
    const before = readModelCard(await readFile(join(run, "model.onnx")), "model.onnx");
    const card = readModelCard(await readFile(done.path), "model-int8.onnx");
    expect(card.inference).toEqual({ ...before.inference, precision: "int8" });
    // Its own answer: that of float32 would be a little off.
    expect(await checkOwnAnswer(await readFile(done.path))).toMatchObject({ isRight: true, maxError: 0 });
    expect(card.validation.foregroundMeanDice).toBe(done.int8.metrics.foregroundMean);
    expect(card.metrics.map(({ split }) => split)).toEqual(["validate"]);
    expect(card.limits.at(-1)).toMatch(/^Computes in 8-bit integers: on the validation patients/);
    expect(done.loss).toBeCloseTo(
      done.float32.metrics.foregroundMean! - done.int8.metrics.foregroundMean!,
      12,
    );
    // The same figures as evaluate finds, which knows the run that the file lies in.
    const out = join(phantom.folder, "judged");
    const judged = await evaluate({ model: done.path, data: phantom.data, split: "validate", out });
    expect(judged.metrics.foregroundMean).toBe(done.int8.metrics.foregroundMean);
    // With temperature and clean-up, which came after the validation of training.
    expect(before.metrics[0]!.foregroundMeanDice).toBeCloseTo(done.float32.metrics.foregroundMean!, 6);
  });

  test("a loss above the limit is told label by label, and nothing is written", async () => {
    const out = join(phantom.folder, "bad.onnx");
    // No loss can be below -1.
    const error = await rejection(quantiseModel({ model: run, data: phantom.data, limit: -1, out }));
    expect(error).toMatchObject({ code: "bad-model" });
    expect(error.message).toMatch(
      /^Cannot quantise ".*model\.onnx": the mean Dice of 1 validation volume would/,
    );
    expect(error.problems).toHaveLength(5);
    expect(error.problems[0]).toMatch(/^body: (0\.\d{4}|-) before, (0\.\d{4}|-) in 8-bit integers$/);
    expect(await exists(out)).toBe(false);
  });

  test("refuses what is rounded already, to write over the model, and to start a training from it", async () => {
    const { path } = await quantiseModel({ model: run, data: phantom.data, limit: 1 });
    const again = await rejection(quantiseModel({ model: path, data: phantom.data }));
    expect(again.message).toContain("it computes in 8-bit integers already");
    const over = await rejection(
      quantiseModel({ model: run, data: phantom.data, out: join(run, "model.onnx") }),
    );
    expect(over.code).toBe("usage");
    expect(over.message).toContain("something else than a model in 8-bit integers is there");
    const start = await rejection(
      train(join(phantom.folder, "from"), { finetune: { from: path }, steps: 1, stepsPerEpoch: 1 }),
    );
    expect(start.message).toContain("its weights are rounded to 8 bits");
  });

  test("a run that starts anew takes the rounded model of the one before with it", async () => {
    const other = join(phantom.folder, "other");
    await train(other, { steps: 1, stepsPerEpoch: 1 });
    const { path } = await quantiseModel({ model: other, data: phantom.data, limit: 1 });
    const summary = await train(other, { steps: 2, stepsPerEpoch: 2 });
    expect(await exists(path)).toBe(false);
    for (const file of summary.files) expect(await exists(file), file).toBe(true);
  });

  test("so does a model.onnx that changes; written again as it was it does not", async () => {
    const folder = join(phantom.folder, "changing");
    const { run: handle } = await openRun(folder);
    const [first, second] = [Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 4)];
    await handle.writeModel(first);
    const rounded = join(folder, "model-int8.onnx");
    await writeFile(rounded, "made of the first");
    await handle.writeModel(first);
    expect(await exists(rounded)).toBe(true);
    await handle.writeModel(second);
    expect(await exists(rounded)).toBe(false);
    await handle.close();
  });

  test("data without the patients that it was trained on are refused before anything is computed", async () => {
    const other = join(phantom.folder, "strangers");
    await mkdir(other);
    for (const name of ["model.onnx", "config.json"]) await copyFile(join(run, name), join(other, name));
    const split = { train: ["case_900"], validate: ["case_901"], test: [] };
    await writeFile(join(other, "split.json"), JSON.stringify(split));
    const error = await rejection(quantiseModel({ model: other, data: phantom.data }));
    expect(error).toMatchObject({
      code: "bad-dataset",
      hint: "Give the data folder that the model was trained on",
    });
    expect(await exists(join(other, "model-int8.onnx"))).toBe(false);
  });
});
