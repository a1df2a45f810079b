/** `hipmri train --folds --shard` and `merge`: what several tasks make together is what one makes. */
import { cp, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mergeShards } from "../../src/cluster/merge.ts";
import {
  type FoldsSummary,
  foldFolder,
  type TrainFoldsOptions,
  trainFolds,
} from "../../src/node/workflows/folds.ts";
import { readPlan } from "../../src/node/workflows/folds-plan.ts";
import { makeTinyPhantom, type TinyPhantom, tinyConfig } from "../support/tiny-phantom.ts";

let phantom: TinyPhantom;
const FOLDS = 3;
const stderr = { isTTY: false, write: () => true } as unknown as NodeJS.WriteStream;

function train(
  out: string,
  options: Partial<TrainFoldsOptions> & { readonly of?: readonly [index: number, count: number] } = {},
): Promise<FoldsSummary> {
  const { of, ...more } = options;
  return trainFolds({
    data: phantom.data,
    out: join(phantom.folder, out),
    config: tinyConfig({ epochs: 1, stepsPerEpoch: 3 }),
    resume: false,
    overwrite: false,
    command: "hipmri train --folds 3",
    folds: FOLDS,
    test: true,
    stderr,
    quiet: true,
    signal: new AbortController().signal,
    ...(of === undefined
      ? {}
      : { shard: { index: of[0], count: of[1], command: ["train", "data", "--folds", "3"] } }),
    ...more,
  });
}
const read = (...path: string[]): Promise<Buffer> => readFile(join(phantom.folder, ...path));
const readJson = async (...path: string[]) => JSON.parse((await read(...path)).toString());
const merge = (out: string) => mergeShards(join(phantom.folder, out));

beforeAll(async () => {
  phantom = await makeTinyPhantom();
  await train("whole");
});
afterAll(() => phantom.remove());

describe("train --folds --shard", () => {
  test("shards in any order, and merge, give the bytes and figures of one task", async () => {
    const last = await train("shared", { of: [2, 2] });
    expect(last).toMatchObject({ finished: true, shard: { index: 2, count: 2, items: 1, total: 3 } });
    expect(last.folds.map(({ run }) => run)).toEqual([foldFolder(join(phantom.folder, "shared"), 1)]);
    await expect(stat(join(phantom.folder, "shared", "model.onnx"))).rejects.toThrow("ENOENT");
    await expect(merge("shared")).rejects.toThrow("its shards are not one whole job");
    const first = await train("shared", { of: [1, 2] });
    expect(first.folds).toHaveLength(2);
    const { verb, result } = await merge("shared");
    expect(verb).toBe("train --folds");
    expect(result).toMatchObject({ finished: true, folds: [{}, {}, {}], test: { split: "test" } });
    for (const name of [
      "model.onnx",
      "metrics.json",
      "split.json",
      "config.json",
      "test/metrics.json",
      "fold_0/model.onnx",
      "fold_0/config.json",
      "fold_1/model.onnx",
      "fold_2/model.onnx",
    ]) {
      expect([name, Buffer.compare(await read("shared", name), await read("whole", name))]).toEqual([
        name,
        0,
      ]);
    }
    const page = (await read("shared", "report.html")).toString();
    const own = (await read("whole", "report.html")).toString();
    const plain = (text: string): string =>
      text
        .replace(/<dt>Time of [^<]*<\/dt><dd>[^<]*<\/dd>/, "")
        .replace(/<pre><code>[^<]*<\/code><\/pre>/, "");
    expect(plain(page)).toBe(plain(own));
    expect(page).toContain("Time of all shards together");
  }, 120_000);

  test("a share that is done is skipped; merging again does not look at the test patients again", async () => {
    const again = await train("shared", { of: [1, 2] });
    expect(again.shard?.isDoneBefore).toBe(true);
    const looks = await read("shared", "test-looks.jsonl");
    await merge("shared");
    expect(Buffer.compare(await read("shared", "test-looks.jsonl"), looks)).toBe(0);
  });

  test("a share that was stopped goes on without --resume, to the same bytes", async () => {
    const controller = new AbortController();
    const write = (text: string): true => {
      if (/Fold 3 of 3/.test(text)) controller.abort();
      return true;
    };
    const stopped = await train("stopped", {
      of: [1, 2],
      quiet: false,
      signal: controller.signal,
      stderr: { isTTY: false, write } as unknown as NodeJS.WriteStream,
    });
    expect([stopped.finished, stopped.folds.length]).toEqual([false, 1]);
    await expect(stat(join(phantom.folder, "stopped", "shards"))).rejects.toThrow("ENOENT");
    expect((await train("stopped", { of: [1, 2] })).finished).toBe(true);
    const name = "fold_2/model.onnx";
    expect(Buffer.compare(await read("stopped", name), await read("whole", name))).toBe(0);
  });

  test("a fold that is gone is trained again by its share", async () => {
    await rm(foldFolder(join(phantom.folder, "shared"), 1), { recursive: true });
    expect((await train("shared", { of: [2, 2] })).shard?.isDoneBefore).toBe(false);
    const name = "fold_1/model.onnx";
    expect(Buffer.compare(await read("shared", name), await read("whole", name))).toBe(0);
  });

  test("other settings are refused by name, and replace what is there with overwrite", async () => {
    const config = tinyConfig({ epochs: 1, stepsPerEpoch: 3, optimizer: { weightDecay: 0.2 } });
    await expect(train("stopped", { of: [2, 2], config })).rejects.toMatchObject({
      code: "usage",
      problems: ["optimizer.weightDecay: expected 0.2, found 0.1"],
    });
    const anew = await train("stopped", { of: [1, 2], config, overwrite: true });
    expect(anew.finished).toBe(true);
    expect((await readJson("stopped", "fold_0", "config.json")).optimizer.weightDecay).toBe(0.2);
    expect((await readJson("stopped", "plan.json")).config.optimizer.weightDecay).toBe(0.2);
    // Asked for again, as a cluster does with a task that it stopped, nothing is replaced.
    expect((await train("stopped", { of: [1, 2], config, overwrite: true })).shard?.isDoneBefore).toBe(true);
  });

  test("a run of another training in a fold's place is refused, not joined", async () => {
    await cp(join(phantom.folder, "whole", "fold_1"), join(phantom.folder, "alien", "fold_0"), {
      recursive: true,
    });
    await expect(train("alien", { of: [1, 3] })).rejects.toMatchObject({
      message: expect.stringContaining("holds a run of another training"),
      problems: ["split.fold: expected 0, found 1"],
    });
  });

  test("minutes become steps once: shards that run at once take one plan", async () => {
    const config = tinyConfig({ epochs: null, minutes: 0.002, stepsPerEpoch: null });
    await Promise.all([1, 2, 3].map((i) => train("timed", { of: [i, 3], config, test: false })));
    const { steps, stepsPerEpoch } = (await readJson("timed", "plan.json")).config;
    for (const fold of [0, 1, 2])
      expect(await readJson("timed", `fold_${fold}`, "config.json")).toMatchObject({ steps, stepsPerEpoch });
    const { result } = await merge("timed");
    expect(result).toMatchObject({ finished: true, metrics: { patients: 3 } });
  }, 120_000);

  test("folds that were begun by shards go on without, by their plan", async () => {
    await rm(foldFolder(join(phantom.folder, "timed"), 0), { recursive: true });
    const config = tinyConfig({ epochs: null, minutes: 0.01, stepsPerEpoch: null });
    await train("timed", { config, test: false, resume: true });
    const { steps } = (await readJson("timed", "plan.json")).config;
    expect(await readJson("timed", "fold_0", "config.json")).toMatchObject({ steps });
  });

  test("a plan that another task is amid writing is waited for", async () => {
    const path = join(phantom.folder, "amid", "plan.json");
    const whole = await readFile(join(phantom.folder, "timed", "plan.json"), "utf8");
    await mkdir(join(phantom.folder, "amid"));
    await writeFile(path, whole.slice(0, 100));
    const plan = readPlan(join(phantom.folder, "amid"));
    await sleep(250);
    await writeFile(path, whole);
    expect((await plan)?.steps).toBe(JSON.parse(whole).config.steps);
  });

  test("a plan that was cut short is named", async () => {
    await writeFile(join(phantom.folder, "timed", "plan.json"), '{"format": 1,');
    const config = tinyConfig({ epochs: 2 });
    await rm(join(phantom.folder, "timed", "shards"), { recursive: true });
    await expect(train("timed", { of: [1, 3], config })).rejects.toMatchObject({
      code: "config",
      hint: "Remove the file: the next task makes it anew",
    });
  });
});
