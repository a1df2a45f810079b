import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { foldFolder, type TrainFoldsOptions, trainFolds } from "../../src/node/workflows/folds.ts";
import { readModelCard } from "../../src/predict/card.ts";
import { temporaryFolder, writeFiles } from "../cli/support.ts";
import { niftiBytes } from "../support/data-folder.ts";
import { tinyConfig } from "../support/tiny-phantom.ts";

/** Six small volumes of six patients in a layout that states no split. */
const PATIENTS = 6;
const shape = [16, 16, 3] as const;
const folder = temporaryFolder();
const isInside = (at: number): boolean => at % 16 > 4 && at % 16 < 11 && at % 256 > 64;
const data = writeFiles(
  join(folder, "data"),
  Object.fromEntries(
    Array.from({ length: PATIENTS }, (_, i) => [
      [
        `images/p${i}.nii`,
        niftiBytes({ shape, value: (at) => (isInside(at) ? 2 : 0) + Math.sin(at * (i + 1)) }),
      ],
      [`labels/p${i}.nii`, niftiBytes({ shape, dtype: "uint8", value: (at) => (isInside(at) ? 1 : 0) })],
    ]).flat(),
  ),
);
afterAll(() => rm(folder, { recursive: true, force: true }));

const stderr = { isTTY: false, write: () => true } as unknown as NodeJS.WriteStream;
const train = (out: string, options: Partial<TrainFoldsOptions> = {}) =>
  trainFolds({
    data,
    out: join(folder, out),
    config: tinyConfig({ epochs: 1, stepsPerEpoch: 3, split: { testFraction: 0.34 } }),
    resume: false,
    overwrite: false,
    command: "hipmri train --folds 2 --test",
    folds: 2,
    test: true,
    stderr,
    quiet: true,
    signal: new AbortController().signal,
    ...options,
  });
const splitOf = async (...path: string[]): Promise<Record<"train" | "validate" | "test", string[]>> =>
  JSON.parse(await readFile(join(folder, ...path, "split.json"), "utf8"));

test("folds with a test keep the same patients out of all of them, also when they go on without the flag", async () => {
  const whole = await train("whole");
  const held = (await splitOf("whole")).test;
  expect(held).toHaveLength(2);
  for (const fold of ["fold_0", "fold_1"]) {
    const split = await splitOf("whole", fold);
    expect(split.test).toEqual(held);
    expect([...split.train, ...split.validate].filter((patient) => held.includes(patient))).toEqual([]);
  }
  expect(new Set(whole.test?.cases.map(({ patient }) => patient))).toEqual(new Set(held));
  const card = readModelCard(await readFile(join(folder, "whole", "model.onnx")), "model.onnx");
  expect(card.metrics.map(({ split }) => split)).toEqual(["validate", "test"]);
  expect(card.limits.join()).toContain("those of the test patients are of their ensemble");
  const page = await readFile(join(folder, "whole", "report.html"), "utf8");
  expect(page).toContain("2 test patients");
  expect(page).not.toContain("Synthetic data.");

  // The second fold is begun by a session that does not say --test and asks for another split.
  await train("halved");
  await rm(foldFolder(join(folder, "halved"), 1), { recursive: true });
  const config = tinyConfig({ epochs: 1, stepsPerEpoch: 3, split: { testFraction: 0.5, seed: 9 } });
  await train("halved", { resume: true, test: false, config });
  expect(await splitOf("halved", "fold_1")).toEqual(await splitOf("whole", "fold_1"));
  const model = (run: string): Promise<Buffer> => readFile(join(folder, run, "fold_1", "model.onnx"));
  expect(Buffer.compare(await model("halved"), await model("whole"))).toBe(0);
});

test("the test is not repeated when nothing is trained anew, and goes with an overwritten run", async () => {
  const looks = async (): Promise<number> =>
    (await readFile(join(folder, "whole", "test-looks.jsonl"), "utf8")).trim().split("\n").length;
  const before = await looks();
  const again = await train("whole", { resume: true });
  expect(again.test?.patients).toBe(2);
  expect(await looks()).toBe(before);
  await train("whole", { overwrite: true, test: false });
  await expect(readFile(join(folder, "whole", "test", "metrics.json"))).rejects.toThrow("ENOENT");
});

test("a test that could judge nobody is refused before anything is trained", async () => {
  const refusal = { code: "usage", message: "Cannot test the ensemble: no patient is kept out of all folds" };
  const config = tinyConfig({ epochs: 1, stepsPerEpoch: 3, split: { testFraction: 0 } });
  await expect(train("none", { config })).rejects.toMatchObject(refusal);
  // The run of the test before shares out everybody.
  await expect(train("whole", { resume: true })).rejects.toMatchObject({
    ...refusal,
    hint: "Leave --test out, or start anew with --test and --overwrite",
  });
  const few = tinyConfig({ epochs: 1, stepsPerEpoch: 3, split: { testFraction: 0.34, trainPatients: 1 } });
  await expect(train("few", { config: few })).rejects.toThrow(
    "Cannot test the ensemble: split.trainPatients leaves patients in no split",
  );
});
