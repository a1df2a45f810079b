import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readLog } from "../../src/node/run-folder.ts";
import { trainRun } from "../../src/node/workflows/train.ts";
import type { TrainSummary } from "../../src/node/workflows/train-options.ts";
import { readModelCard } from "../../src/predict/card.ts";
import type { TrainConfig } from "../../src/train/config.ts";
import { makeTinyPhantom, type TinyPhantom, tinyConfig } from "../support/tiny-phantom.ts";

let phantom: TinyPhantom;
beforeAll(async () => {
  phantom = await makeTinyPhantom();
});
afterAll(() => phantom.remove());

/** A stderr that keeps what is written. */
function makeStderr() {
  const chunks: string[] = [];
  const stream = { isTTY: false, write: (text: string) => chunks.push(text) > 0 };
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => chunks.join("") };
}

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
