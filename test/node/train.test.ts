import { createHash } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readLog } from "../../src/node/run-folder.ts";
import { readTestLooks, recordTestLook } from "../../src/node/test-looks.ts";
import { caseHash } from "../../src/node/workflows/data-digest.ts";
import { describeFile } from "../../src/node/workflows/info.ts";
import { openData } from "../../src/node/workflows/open-data.ts";
import { tooShortRun } from "../../src/node/workflows/short-run.ts";
import { trainRun } from "../../src/node/workflows/train.ts";
import type { TrainSummary } from "../../src/node/workflows/train-options.ts";
import { replaceMetadata } from "../../src/onnx/model.ts";
import { readModelCard } from "../../src/predict/card.ts";
import type { TrainConfig } from "../../src/train/config.ts";
import { checkOwnAnswer } from "../support/known-answer.ts";
import { makeStderr } from "../support/stderr.ts";
import { makeTinyPhantom, type TinyPhantom, tinyConfig } from "../support/tiny-phantom.ts";

let phantom: TinyPhantom;
beforeAll(async () => {
  phantom = await makeTinyPhantom();
});
afterAll(() => phantom.remove());

async function train(
  name: string,
  config: TrainConfig,
  options: {
    readonly resume?: boolean;
    readonly overwrite?: boolean;
    readonly test?: boolean;
    readonly quiet?: boolean;
    readonly stopAfter?: number;
  } = {},
): Promise<TrainSummary & { readonly stderr: string }> {
  const controller = new AbortController();
  const stderr = makeStderr();
  const out = join(phantom.folder, name);
  const watched = watchSteps(out, options.stopAfter, () => controller.abort());
  const summary = await trainRun({
    data: phantom.data,
    out,
    config,
    resume: options.resume ?? false,
    overwrite: options.overwrite ?? false,
    test: options.test ?? false,
    quiet: options.quiet ?? false,
    command: "hipmri train",
    stderr: stderr.stream,
    signal: controller.signal,
  });
  clearInterval(watched);
  return { ...summary, stderr: stderr.text() };
}

/** Calls `stop` once the log holds `count` steps. */
function watchSteps(out: string, count: number | undefined, stop: () => void): NodeJS.Timeout {
  return setInterval(async () => {
    if (count === undefined) return;
    const log = await readLog(out).catch(() => []);
    if (log.filter((entry) => entry.kind === "step").length >= count) stop();
  }, 2);
}

const bytesOf = (name: string, file: string): Promise<Buffer> => readFile(join(phantom.folder, name, file));

/** The log without what the clock says. */
async function logOf(name: string): Promise<unknown[]> {
  return (await readLog(join(phantom.folder, name))).map(({ seconds: _, ...entry }) => entry);
}

describe("trainRun()", () => {
  it("leaves a complete run folder, and its loss falls", async () => {
    const summary = await train("whole", tinyConfig({ epochs: 12, schedule: { learningRate: 0.02 } }));
    expect(summary).toMatchObject({ finished: true, alreadyFinished: false, steps: 96, epochs: 12 });
    const log = await readLog(join(phantom.folder, "whole"));
    const epochs = log.filter((entry) => entry.kind === "epoch");
    expect(epochs).toHaveLength(12);
    expect(Number(epochs.at(-1)!.loss)).toBeLessThan(0.7 * Number(epochs[0]!.loss));
    const metrics: unknown = JSON.parse(String(await bytesOf("whole", "metrics.json")));
    expect(metrics).toMatchObject({ split: "validate", patients: 1, foregroundMean: summary.foregroundDice });
    const card = readModelCard(await bytesOf("whole", "model.onnx"), "model.onnx");
    expect(await checkOwnAnswer(await bytesOf("whole", "model.onnx"))).toMatchObject({ isRight: true });
    expect(card).toMatchObject({
      preset: "pelvis",
      synthetic: true,
      patients: { train: 2, validate: 1, test: 1 },
    });
    // The card's Dice is the one that validation found, and the judge at the end finds the same.
    expect(card.validation.foregroundMeanDice).toBeCloseTo(summary.foregroundDice ?? -1, 12);
  });

  it("gives the same bits for the same seed, and others for another", async () => {
    await train("seed-a", tinyConfig());
    await train("seed-b", tinyConfig());
    await train("seed-c", tinyConfig({ seed: 1 }));
    expect(await bytesOf("seed-a", "model.onnx")).toEqual(await bytesOf("seed-b", "model.onnx"));
    expect(await logOf("seed-a")).toEqual(await logOf("seed-b"));
    expect(await bytesOf("seed-a", "model.onnx")).not.toEqual(await bytesOf("seed-c", "model.onnx"));
  });

  // Batch norm and dropout carry state besides the weights.
  it.each(["pelvis", "sakboonyara"])(
    "resumes %s bit-identically from the middle of an epoch",
    async (preset) => {
      const config = tinyConfig({ preset, epochs: 4, unet: { dropout: preset === "pelvis" ? 0 : 0.25 } });
      await train(`${preset}-whole`, config);
      const stopped = await train(`${preset}-parts`, config, { stopAfter: 5 });
      expect(stopped.finished).toBe(false);
      const resumed = await train(`${preset}-parts`, config, { resume: true });
      expect(resumed).toMatchObject({ finished: true, steps: 32 });
      for (const file of [
        "model.onnx",
        "checkpoint/last.safetensors",
        "checkpoint/best.safetensors",
        "metrics.json",
        "model-card.md",
      ]) {
        expect(await bytesOf(`${preset}-parts`, file), file).toEqual(await bytesOf(`${preset}-whole`, file));
      }
      expect(await logOf(`${preset}-parts`)).toEqual(await logOf(`${preset}-whole`));
    },
  );

  it("--resume starts where there is no checkpoint, and leaves a finished run as it is", async () => {
    const first = await train("fresh", tinyConfig(), { resume: true });
    expect(first).toMatchObject({ finished: true, alreadyFinished: false });
    const before = await bytesOf("fresh", "checkpoint/last.safetensors");
    const again = await train("fresh", tinyConfig({ epochs: 9 }), { resume: true });
    expect(again).toMatchObject({ finished: true, alreadyFinished: true, steps: 16 });
    expect(again.stderr).toContain(
      "warning: a resumed run keeps its own config.json; other values were asked for epochs",
    );
    expect(await bytesOf("fresh", "checkpoint/last.safetensors")).toEqual(before);
  });

  it("warns where the minutes leave too few steps, before and in its results, and says how many would do", async () => {
    const minutes = { minutes: 0.0001, epochs: null, stepsPerEpoch: null };
    const { stderr, metrics, steps } = await train("hasty", tinyConfig(minutes));
    expect(stderr).toMatch(
      /^warning: too short to learn from: 0\.0001 minutes leave \d+ steps? \(\d+ ms each, a validation \d+ s\), and 25 are the least \(one pass over the 16 training slices is \d+\); give --minutes [\d.]+ or more$/m,
    );
    expect(steps).toBeLessThan(25);
    const least = "trained too short to judge the network by: ";
    expect(metrics?.warnings[0]).toContain(`The network was ${least}${steps} step`);
    expect(String(await bytesOf("hasty", "report.html"))).toContain(least);
    expect(await tooShortRun(join(phantom.folder, "hasty"))).toContain(least);
    expect(await tooShortRun(join(phantom.folder, "seed-a"))).toBeUndefined();
  });

  it("refuses a folder that holds a run", async () => {
    await train("taken", tinyConfig({ epochs: 1 }));
    await expect(train("taken", tinyConfig())).rejects.toThrow(/has a run already/);
  });

  it("stops with a hint when the loss is no longer finite", async () => {
    const config = tinyConfig({
      clipNorm: 0,
      optimizer: { kind: "sgd" },
      schedule: { learningRate: 1e30, warmupSteps: 0 },
    });
    await expect(train("diverged", config)).rejects.toThrow(
      /^Cannot go on: the loss of step 2 is not finite at learning rate 9\.4\d+e\+29$/,
    );
  });

  it("--overwrite leaves nothing of the earlier run, its test metrics included", async () => {
    const judged = await train("again", tinyConfig({ epochs: 1 }), { test: true });
    expect(judged.test).toMatchObject({ split: "test", patients: 1 });
    await train("again", tinyConfig({ epochs: 1 }), { overwrite: true });
    await expect(bytesOf("again", "test-metrics.json")).rejects.toThrow(/ENOENT/);
  });

  it("--resume --test judges the test split of a finished run", async () => {
    await train("later", tinyConfig({ epochs: 1 }));
    const resumed = await train("later", tinyConfig({ epochs: 1 }), { resume: true, test: true });
    expect(resumed).toMatchObject({ finished: true, test: { split: "test" } });
  });

  it("writes a card that says what was measured, on what, and that nobody looked at the test patients", async () => {
    const config = tinyConfig({ epochs: 1, licence: "CC BY 4.0" });
    await train("card", config);
    const bytes = await bytesOf("card", "model.onnx");
    const card = readModelCard(bytes, "model.onnx");
    const metrics = JSON.parse(String(await bytesOf("card", "metrics.json")));
    expect(card.metrics).toHaveLength(1);
    expect(card.metrics[0]).toMatchObject({
      split: "validate",
      patients: 1,
      volumes: 1,
      convention: metrics.convention,
    });
    expect(card.metrics[0]!.foregroundMeanDice).toBeCloseTo(metrics.foregroundMean, 5);
    expect(card.testSeen.during).toBe("never");
    expect(card.licence).toBe("CC BY 4.0");
    expect(card.limits).toContain("Learnt from 2 patients: anatomy that none of them has may be missed");
    expect(card.data!.trainingSlices).toBe(16);
    // As many hashes as cases, of the test split too, though it is not judged; and each is of its image.
    const opened = await openData(phantom.data, { orientation: card.input.orientation });
    for (const split of ["train", "validate", "test"] as const) {
      const cases = opened.index.cases.filter((entry) => entry.split === split);
      const found = await Promise.all(cases.map(async (entry) => caseHash(await opened.load(entry))));
      expect(card.data!.cases[split]).toEqual(found.sort());
    }
    const page = String(await bytesOf("card", "model-card.md"));
    expect(page).toContain(createHash("sha256").update(bytes).digest("hex"));
    // No patient, no path, no date.
    const text = JSON.stringify(card);
    expect(text).not.toMatch(/case_00\d|hipmri-tiny|20\d\d-/);
    await expect(bytesOf("card", "test-looks.jsonl")).rejects.toThrow(/ENOENT/);
  });

  it("a bad test case stops no training that is not judged on it, but the model will not know it again", async () => {
    const other = await makeTinyPhantom(2);
    try {
      const bad = join(other.data, "keras_slices_test", "case_007_week_0_slice_3.nii.gz");
      await writeFile(bad, "rubbish");
      const stderr = makeStderr();
      const options = { resume: false, overwrite: false, test: false, command: "", quiet: true };
      const out = join(other.folder, "run");
      const { signal } = new AbortController();
      const config = tinyConfig({ epochs: 1 });
      await trainRun({ ...options, data: other.data, out, config, stderr: stderr.stream, signal });
      expect(stderr.text()).toMatch(
        /^warning: the model will not know test case "case_007_week_0" again: .*slice_3\.nii\.gz".*\n$/,
      );
      const card = readModelCard(await readFile(join(out, "model.onnx")), "model.onnx");
      expect(card.data!.cases.test).toEqual([]);
      expect(card.data!.cases.train).toHaveLength(2);
    } finally {
      await other.remove();
    }
  });

  it("--test is on the card and on record, and leaves the model clean", async () => {
    await train("tested", tinyConfig({ epochs: 1 }), { test: true });
    const bytes = await bytesOf("tested", "model.onnx");
    const card = readModelCard(bytes, "model.onnx");
    expect(card.metrics.map(({ split }) => split)).toEqual(["validate", "test"]);
    expect(card.testSeen.during).toBe("never");
    const modelSha256 = createHash("sha256").update(bytes).digest("hex");
    const looks = await readTestLooks(join(phantom.folder, "tested"));
    expect(looks).toMatchObject([{ step: 8, by: "train", modelSha256 }]);
    // A run that is finished once more ends with the same bytes.
    await rm(join(phantom.folder, "tested", "metrics.json"));
    await train("tested", tinyConfig({ epochs: 1 }), { resume: true });
    expect(await bytesOf("tested", "model.onnx")).toEqual(bytes);
  });

  it("a run that goes on learning after a look at the test patients is marked for good", async () => {
    const config = tinyConfig({ epochs: 3 });
    await train("looked", config, { stopAfter: 10 });
    const run = join(phantom.folder, "looked");
    const model = await bytesOf("looked", "model.onnx");
    expect(readModelCard(model, "model.onnx").testSeen.during).toBe("never");
    await recordTestLook(run, { by: "evaluate", why: "hipmri evaluate", model });
    const step = (await readTestLooks(run))[0]!.step;
    await train("looked", config, { resume: true });
    const testSeen = {
      during: "training",
      note: `The test patients were judged at step ${step} of 24, before training ended: they no longer stand for unseen patients`,
    };
    expect(readModelCard(await bytesOf("looked", "model.onnx"), "model.onnx").testSeen).toEqual(testSeen);
    expect(String(await bytesOf("looked", "model-card.md"))).toContain(`**Mind: ${testSeen.note}.**`);
    expect(await describeFile(run)).toMatchObject({ testSeen });
  });

  it("goes on with a run of a version without card parts and without the newest settings", async () => {
    const config = tinyConfig({ epochs: 2 });
    await train("old-whole", config);
    await train("old", config, { stopAfter: 10 });
    const path = join(phantom.folder, "old");
    const stored = JSON.parse(await readFile(join(path, "config.json"), "utf8"));
    const { licence: _, ...older } = stored;
    await writeFile(join(path, "config.json"), JSON.stringify(older));
    const now = readModelCard(await bytesOf("old", "model.onnx"), "model.onnx");
    const { data, metrics, limits, licence, testSeen, ...card } = now;
    const before = replaceMetadata(await bytesOf("old", "model.onnx"), { hipmri: JSON.stringify(card) });
    await writeFile(join(path, "model.onnx"), before);
    const resumed = await train("old", config, { resume: true });
    expect(resumed).toMatchObject({ finished: true, steps: 16 });
    expect(resumed.stderr).not.toContain("warning");
    for (const file of ["checkpoint/last.safetensors", "metrics.json"]) {
      expect(await bytesOf("old", file), file).toEqual(await bytesOf("old-whole", file));
    }
    const after = readModelCard(await bytesOf("old", "model.onnx"), "model.onnx");
    expect(after).toEqual({
      ...readModelCard(await bytesOf("old-whole", "model.onnx"), "model.onnx"),
      // Nobody kept whether the test patients were looked at before.
      testSeen: expect.objectContaining({ during: "unknown" }),
    });
  });

  it("refuses to resume where patients have changed sides", async () => {
    await train("split", tinyConfig({ epochs: 2 }), { stopAfter: 2 });
    const path = join(phantom.folder, "split", "split.json");
    const split = JSON.parse(await readFile(path, "utf8")) as Record<string, string[]>;
    await writeFile(path, JSON.stringify({ ...split, train: split.test, test: split.train }));
    await expect(train("split", tinyConfig({ epochs: 2 }), { resume: true })).rejects.toMatchObject({
      code: "bad-dataset",
      message: expect.stringMatching(
        /^Cannot resume: the train patients of .* must be those of .*split\.json": expected case_007, got case_004, case_005$/,
      ),
    });
  });

  it("says nothing at all with quiet", async () => {
    const { stderr } = await train("quiet", tinyConfig({ epochs: 1 }), { quiet: true });
    expect(stderr).toBe("");
  });
});
