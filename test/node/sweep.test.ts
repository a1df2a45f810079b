import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mergeShards } from "../../src/cluster/merge.ts";
import { type TrainSweepOptions, trainSweep } from "../../src/node/workflows/sweep.ts";
import { planSweep } from "../../src/node/workflows/sweep-plan.ts";
import { type SweepRanking, stepsText } from "../../src/report/sweep.ts";
import type { TrainConfig } from "../../src/train/config.ts";
import { makeTinyPhantom, type TinyPhantom } from "../support/tiny-phantom.ts";

let phantom: TinyPhantom;
const said: string[] = [];
const stderr = {
  isTTY: false,
  write: (text: string) => said.push(text) > 0,
} as unknown as NodeJS.WriteStream;
const TINY = [
  "unet.levels=1",
  "unet.baseWidth=2",
  "batchSize=2",
  "threads=1",
  "epochs=1",
  "stepsPerEpoch=4",
  "clipNorm=0",
];
const SWEEP = ["optimizer.kind=sgd,adamw", "schedule.learningRate=0.01,1e+30"];
const plan = (
  texts: readonly string[],
  more: { readonly set?: readonly string[]; readonly trials?: number } = {},
) => planSweep(texts, { trials: more.trials, sources: { set: [...TINY, ...(more.set ?? [])] } });

async function sweep(out: string, options: Partial<TrainSweepOptions> = {}) {
  return trainSweep({
    data: phantom.data,
    out: join(phantom.folder, out),
    plan: await plan(SWEEP),
    resume: false,
    overwrite: false,
    command: "hipmri train data --sweep",
    stderr,
    quiet: true,
    signal: new AbortController().signal,
    ...options,
  });
}
const read = (...path: string[]): Promise<string> => readFile(join(phantom.folder, ...path), "utf8");
const readJson = async (...path: string[]) => JSON.parse(await read(...path));
/** But for how long it took. */
const timeless = ({ trials, ...ranking }: SweepRanking) => ({
  ...ranking,
  trials: trials.map(({ seconds: _, ...trial }) => trial),
});

beforeAll(async () => {
  phantom = await makeTinyPhantom();
});
afterAll(() => phantom.remove());

describe("planSweep()", () => {
  test("gives each trial its whole configuration, all with one split", async () => {
    const { trials, base } = await plan(["seed=5,6", "unet.dropout=0,0.1"], { set: ["seed=3"] });
    expect(trials.map(({ name }) => name)).toEqual(["trial_000", "trial_001", "trial_002", "trial_003"]);
    expect(trials.map(({ values }) => values)[1]).toEqual({ seed: 5, "unet.dropout": 0.1 });
    expect(trials.map(({ config }) => [config.seed, config.split.seed, config.unet.dropout])).toEqual([
      [5, 3, 0],
      [5, 3, 0.1],
      [6, 3, 0],
      [6, 3, 0.1],
    ]);
    expect([base.seed, base.split.seed]).toEqual([3, null]);
  });

  test("tells every unknown key and every value that does not fit at once", async () => {
    const texts = ["optimizer.kid=sgd,adam", "unet.levels=2,99", "loss.dice=1,x"];
    await expect(plan(texts)).rejects.toMatchObject({
      code: "config",
      problems: expect.arrayContaining([
        'optimizer.kid: unknown, did you mean "optimizer.kind"?',
        expect.stringMatching(/^unet\.levels: /),
        expect.stringMatching(/^loss\.dice: /),
      ]),
    });
  });

  test("refuses what another flag states too", async () => {
    const planned = planSweep(["seed=5,6"], {
      trials: undefined,
      sources: { set: TINY, flags: { seed: 1 } },
    });
    await expect(planned).rejects.toMatchObject({
      problems: ["seed: is swept, and stated by another flag too"],
    });
  });
});

describe("train --sweep", () => {
  let whole: SweepRanking;
  beforeAll(async () => {
    const summary = await sweep("whole");
    expect(summary).toMatchObject({ finished: true, done: 4 });
    whole = await readJson("whole", "sweep.json");
  });

  test("ranks trials by validation; those that diverge come last, and end nothing", async () => {
    const names = whole.trials.map(({ name }) => name);
    expect(new Set(names.slice(0, 2))).toEqual(new Set(["trial_000", "trial_002"]));
    expect(names.slice(2)).toEqual(["trial_001", "trial_003"]);
    const [first, second, third] = whole.trials;
    expect(whole.best).toBe(first!.name);
    expect(first!.foregroundMean).toBeGreaterThanOrEqual(second!.foregroundMean!);
    expect([first!.rank, first!.toBest, first!.steps]).toEqual([1, null, 4]);
    expect(second!.toBest?.difference).toBeLessThanOrEqual(0);
    expect(second!.toBest?.pHolm).toBe(1);
    expect(third).toMatchObject({
      foregroundMean: null,
      failure: expect.stringMatching(/is not finite at learning rate/),
      values: { "schedule.learningRate": 1e30 },
    });
    expect(whole.notes.join("\n")).toContain("The best of 2 is optimistic");
    expect(whole.notes.join("\n")).toContain("2 trials failed");
    expect(said.join("")).toContain("warning: trial_001 failed: ");
    const metrics = await readJson("whole", first!.name, "metrics.json");
    expect([metrics.split, metrics.foregroundMean]).toEqual(["validate", first!.foregroundMean]);
  });

  test("leaves a page with the ranking and a figure for each setting", async () => {
    const page = await read("whole", "report.html");
    expect(page).toContain("<strong>Synthetic data.</strong>");
    expect(page).toContain("this figure is optimistic");
    expect(page.match(/<figure/g)).toHaveLength(2);
    await stat(join(phantom.folder, "whole", "figures", "sweep-1-schedule.learningRate.svg"));
  });

  test("does not touch a sweep that is there; --resume skips what is done and trains what is missing", async () => {
    await expect(sweep("whole")).rejects.toMatchObject({ code: "usage" });
    await rm(join(phantom.folder, "whole", "trial_002"), { recursive: true });
    const { mtimeMs } = await stat(join(phantom.folder, "whole", "trial_000", "model.onnx"));
    said.length = 0;
    await sweep("whole", { resume: true });
    expect((await stat(join(phantom.folder, "whole", "trial_000", "model.onnx"))).mtimeMs).toBe(mtimeMs);
    expect(said.join("")).not.toContain("failed");
    expect(timeless(await readJson("whole", "sweep.json"))).toEqual(timeless(whole));
  });

  test("refuses to go on with other settings", async () => {
    const other = await plan(["optimizer.kind=sgd,adam"]);
    await expect(sweep("whole", { plan: other, resume: true })).rejects.toMatchObject({
      code: "usage",
      problems: ["expected optimizer.kind sgd, found optimizer.kind sgd, schedule.learningRate 0.01"],
    });
    const changed = await plan(SWEEP, { set: ["loss.dice=2"] });
    await expect(sweep("whole", { plan: changed, resume: true })).rejects.toMatchObject({
      problems: ["settings other than the swept ones differ: see its config.json"],
    });
  });

  test("stops between steps, saves, and goes on", async () => {
    const controller = new AbortController();
    controller.abort();
    expect(await sweep("stopped", { signal: controller.signal })).toMatchObject({ finished: false, done: 0 });
    expect((await readJson("stopped", "trial_000", "trial.json")).state).toBe("begun");
    await sweep("stopped", { resume: true });
    expect(timeless(await readJson("stopped", "sweep.json"))).toEqual(timeless(whole));
  });

  test("minutes give trials that cost the same one number of steps, measured once, in all shards and sessions", async () => {
    const minutes = ["epochs=null", "stepsPerEpoch=null", "minutes=0.005"];
    const settings = ["schedule.learningRate=0.01,0.02", "unet.baseWidth=2,4"];
    const timed = await plan(settings, { set: minutes });
    const stepsOf = async (out: string) => {
      const configs = await Promise.all(
        timed.trials.map(({ name }) => readJson(out, name, "config.json") as Promise<TrainConfig>),
      );
      return configs.map(({ steps }) => steps);
    };
    await sweep("timed", { plan: timed });
    const [narrow, wide, ...others] = await stepsOf("timed");
    expect(others).toEqual([narrow, wide]);
    const files = await readdir(join(phantom.folder, "timed", "steps"));
    expect(files).toHaveLength(2);
    const page = await read("timed", "report.html");
    const ranking = (await readJson("timed", "sweep.json")) as SweepRanking;
    expect(page).toContain(`<dt>Steps</dt><dd>${stepsText(ranking.trials)}</dd>`);
    expect(ranking.trials.map((trial) => trial.minutes)).toEqual([0.005, 0.005, 0.005, 0.005]);
    expect(ranking.notes.some((note) => note.includes("in the same 0.005 minutes"))).toBe(narrow !== wide);

    // What is trained again later takes what was measured then, however fast the machine is by now.
    for (const file of files) {
      const path = join(phantom.folder, "timed", "steps", file);
      const stored = JSON.parse(await readFile(path, "utf8"));
      await writeFile(path, JSON.stringify({ ...stored, stepMs: 5, validationMs: 10 }));
    }
    await rm(join(phantom.folder, "timed", "trial_002"), { recursive: true });
    said.length = 0;
    await sweep("timed", { plan: timed, resume: true, quiet: false });
    expect(said.join("")).toContain("(5 ms a step, measured once for all trials that cost the same)");
    expect(await stepsOf("timed")).toEqual([narrow, wide, 54, wide]);
    const shard = { index: 2, count: 4, command: ["train"] };
    await rm(join(phantom.folder, "timed", "trial_001"), { recursive: true });
    await sweep("timed", { plan: timed, shard });
    expect(await stepsOf("timed")).toEqual([narrow, 54, 54, wide]);

    const [file = ""] = files;
    await writeFile(join(phantom.folder, "timed", "steps", file), "{}");
    for (const trial of ["trial_000", "trial_001"])
      await rm(join(phantom.folder, "timed", trial), { recursive: true });
    await expect(sweep("timed", { plan: timed, resume: true })).rejects.toThrow(
      /^Cannot read the measured step ".*": it is none, or was cut short$/,
    );
    await sweep("timed", { plan: timed, overwrite: true });
    const again = await stepsOf("timed");
    expect(again.slice(2)).toEqual(again.slice(0, 2));
  }, 120_000);

  test("shards and merge give the same ranking", async () => {
    const shard = (index: number) => ({ index, count: 3, command: ["train", "data", "--sweep", "a=1"] });
    for (const index of [3, 1]) await sweep("shared", { shard: shard(index) });
    await expect(mergeShards(join(phantom.folder, "shared"))).rejects.toMatchObject({
      problems: ["Shard 2/3 is missing; do it with: hipmri train data --sweep a=1 --shard 2/3"],
    });
    await sweep("shared", { shard: shard(2) });
    const { verb, result } = await mergeShards(join(phantom.folder, "shared"));
    expect([verb, result]).toEqual(["train --sweep", expect.objectContaining({ finished: true, done: 4 })]);
    expect(timeless(await readJson("shared", "sweep.json"))).toEqual(timeless(whole));
    const again = await sweep("shared", { shard: shard(1) });
    expect(again.shard?.isDoneBefore).toBe(true);
    const changed = await plan(SWEEP, { set: ["loss.dice=2"] });
    await expect(sweep("shared", { plan: changed, shard: shard(1) })).rejects.toMatchObject({
      code: "usage",
      problems: ["loss.dice: expected 2, found 1"],
    });
  });
});
