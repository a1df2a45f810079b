/** `--jobs`: several processes of the command itself make what one makes. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Files, niftiBytes } from "../support/data-folder.ts";
import { makeTinyPhantom, type TinyPhantom } from "../support/tiny-phantom.ts";
import { filesBelow, hipmri, temporaryFolder, tinyModel, writeFiles } from "./support.ts";

const BIN = join(import.meta.dirname, "../../bin/hipmri.js");
const folder = temporaryFolder();
let phantom: TinyPhantom;
const TINY = ["unet.levels=1", "unet.baseWidth=2", "batchSize=2", "epochs=1", "stepsPerEpoch=4"].flatMap(
  (text) => ["--set", text],
);

beforeAll(async () => {
  // So that jobs do not build.
  expect(spawnSync(process.execPath, [BIN, "--version"]).status).toBe(0);
  phantom = await makeTinyPhantom();
});
afterAll(() => phantom.remove());

const masksIn = (out: string) =>
  new Map(
    filesBelow(out)
      .filter((path) => path.endsWith(".nii.gz"))
      .map((path) => [relative(out, path), readFileSync(path)]),
  );

describe("predict --jobs", () => {
  const model = join(writeFiles(join(folder, "model"), { "model.onnx": tinyModel() }), "model.onnx");
  const files: Files = {};
  for (let n = 0; n < 5; n++)
    files[`image_${n}.nii`] = niftiBytes({ shape: [8, 6], value: (i) => (i * (n + 3)) % 71 });
  const good = writeFiles(join(folder, "images"), files);
  const out = join(folder, "masks");
  const predict = (...flags: readonly string[]) =>
    hipmri("predict", model, good, "--out", out, "--threads", "1", "--quiet", "--json", ...flags);

  test("gives the masks and the result of one process, and leaves no shards", async () => {
    const { code, stdout } = await predict();
    const masks = masksIn(out);
    expect([code, masks.size]).toEqual([0, 5]);
    rmSync(out, { recursive: true });
    const jobs = await predict("--jobs", "2");
    expect(jobs.stdout).toBe(stdout);
    expect(jobs.code).toBe(0);
    expect(masksIn(out)).toEqual(masks);
    expect(existsSync(join(out, "shards"))).toBe(false);
  });

  test("an image that cannot be read is told as by one process", async () => {
    writeFiles(good, { "image_9.nii": new Uint8Array(400) });
    const whole = await predict();
    const jobs = await predict("--jobs", "2");
    expect([jobs.code, jobs.stdout]).toEqual([1, whole.stdout]);
    rmSync(join(good, "image_9.nii"));
  });

  test("what is wrong with the command is told once, as by one process", async () => {
    const argv = ["predict", join(folder, "no.onnx"), good, "--out", join(folder, "none"), "--quiet"];
    expect(await hipmri(...argv, "--jobs", "3")).toEqual(await hipmri(...argv));
  });

  test("goes on with the shares that are there, whatever the number of jobs", async () => {
    const whole = await predict();
    rmSync(out, { recursive: true });
    expect((await predict("--shard", "1/4")).code).toBe(0);
    const jobs = await predict("--jobs", "2");
    expect([jobs.code, jobs.stdout]).toEqual([0, whole.stdout]);
  });

  test("is refused beside a share, and without a folder to meet in", async () => {
    const { code, stderr } = await predict("--jobs", "2", "--shard", "1/2");
    expect([code, stderr]).toEqual([
      2,
      "error: Cannot give --jobs to a share, 1/2: it shares out all of the work\nhint: Leave --jobs out, or do all of the work here with --shard 1/1\n",
    ]);
    expect((await hipmri("score", good, good, "--jobs", "2")).stderr).toContain(
      "--out is needed with --jobs",
    );
  });
});

describe("train --jobs", () => {
  const train = (out: string, ...flags: readonly string[]) =>
    hipmri("train", phantom.data, "--out", join(folder, out), "--threads", "1", ...TINY, "--quiet", ...flags);

  test("folds give the ensemble and the figures of one process, with --test", async () => {
    expect((await train("folds-one", "--folds", "3", "--test")).code).toBe(0);
    const jobs = await train("folds-two", "--folds", "3", "--test", "--jobs", "2", "--json");
    expect(jobs.code).toBe(0);
    for (const name of ["model.onnx", "metrics.json", "test/metrics.json", "split.json"])
      expect(
        readFileSync(join(folder, "folds-two", name)).equals(readFileSync(join(folder, "folds-one", name))),
      ).toBe(true);
    expect(JSON.parse(jobs.stdout)).toMatchObject({ finished: true, folds: [{}, {}, {}] });
    const again = await train("folds-two", "--folds", "3", "--test", "--jobs", "2");
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining("has a run already")]);
  }, 120_000);

  describe("--overwrite", () => {
    const out = join(folder, "kept");
    const everything = () => filesBelow(out).map((path) => [path, readFileSync(path, "utf8")]);
    const overwrite = (data: string, ...flags: readonly string[]) =>
      hipmri("train", data, "--out", out, ...TINY, "--quiet", "--jobs", "2", "--overwrite", ...flags);
    beforeAll(() => {
      const run = { "config.json": "{}", "model.onnx": "old" };
      for (const name of ["fold_0", "fold_1", "trial_000", "trial_001"])
        writeFiles(
          join(out, name),
          Object.fromEntries(Object.entries(run).map(([file, text]) => [file, Buffer.from(text)])),
        );
      writeFiles(out, { "plan.json": Buffer.from("old"), "sweep.json": Buffer.from("old") });
    });

    test.each([
      ["folds of data that is not there", "no-data", ["--folds", "2"]],
      ["a sweep of data that is not there", "no-data", ["--sweep", "seed=1,2"]],
      ["more folds than patients", undefined, ["--folds", "90"]],
      [
        "folds that leave patients in no split",
        undefined,
        ["--folds", "2", "--test", "--set", "split.trainPatients=1"],
      ],
      ["a model that is not there", undefined, ["--folds", "2", "--from", "no-model.onnx"]],
      ["a share", undefined, ["--folds", "2", "--shard", "1/2"]],
    ])("%s leaves the old runs as they are", async (_, data, flags) => {
      const before = everything();
      const { code } = await overwrite(data ?? phantom.data, ...flags);
      expect([1, 2]).toContain(code);
      expect(before).toHaveLength(10);
      expect(everything()).toEqual(before);
    });
  });

  test("folds go on with the threads that they have, whatever the number of jobs", async () => {
    const folds = (...flags: readonly string[]) =>
      hipmri(
        "train",
        phantom.data,
        "--out",
        join(folder, "folds-on"),
        "--folds",
        "3",
        ...TINY,
        "--quiet",
        ...flags,
      );
    expect((await folds("--threads", "3", "--shard", "1/3")).code).toBe(0);
    const { code, stderr } = await folds("--jobs", "2", "--resume");
    expect([code, stderr]).toEqual([0, ""]);
    for (const fold of ["fold_0", "fold_1", "fold_2"]) {
      const config = readFileSync(join(folder, "folds-on", fold, "config.json"), "utf8");
      expect(JSON.parse(config).threads).toBe(3);
    }
  }, 120_000);

  test("a sweep gives the ranking of one process", async () => {
    const sweep = ["--sweep", "optimizer.kind=sgd,adamw", "--sweep", "clipNorm=1..9", "--trials", "3"];
    expect((await train("sweep-one", ...sweep)).code).toBe(0);
    const { code, stdout } = await train("sweep-two", ...sweep, "--jobs", "3");
    expect(code).toBe(0);
    expect(stdout).toContain("The best of 3 is optimistic");
    const ranking = (out: string) =>
      JSON.parse(readFileSync(join(folder, out, "sweep.json"), "utf8"), (key, value) =>
        key === "seconds" ? 0 : value,
      );
    expect(ranking("sweep-two")).toEqual(ranking("sweep-one"));
  }, 120_000);

  test("one training is not shared out by it; settings are checked before any job starts", async () => {
    expect((await train("one", "--jobs", "2")).stderr).toContain("--jobs needs --folds or --sweep");
    const wrong = await train("wrong", "--sweep", "optimizer.kid=a,b", "--jobs", "2");
    expect([wrong.code, wrong.stderr]).toEqual([
      1,
      expect.stringContaining('did you mean "optimizer.kind"?'),
    ]);
    expect(existsSync(join(folder, "wrong"))).toBe(false);
  });

  /** Two folds with far too many steps, ended by a signal while both train. */
  async function interrupted(name: string, signal: NodeJS.Signals) {
    const out = join(folder, name);
    const long = TINY.map((text) => text.replace("stepsPerEpoch=4", "stepsPerEpoch=4000"));
    const argv = [
      "train",
      phantom.data,
      "--out",
      out,
      "--threads",
      "1",
      ...long,
      "--folds",
      "2",
      "--jobs",
      "2",
    ];
    const child = spawn(process.execPath, [BIN, ...argv], { stdio: ["ignore", "ignore", "pipe"] });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const gone = new Promise<number | null>((resolve) => child.once("close", resolve));
    const hasSteps = (fold: string): boolean => {
      const path = join(out, fold, "log.jsonl");
      return existsSync(path) && readFileSync(path, "utf8").includes('"step":3');
    };
    for (let i = 0; i < 2000 && !(hasSteps("fold_0") && hasSteps("fold_1")) && child.exitCode === null; i++)
      await sleep(20);
    child.kill(signal);
    return { out, code: await gone, stderr };
  }
  /** It ended of itself, after saving. */
  const isSaved = (out: string, fold: string): boolean =>
    existsSync(join(out, fold, "checkpoint", "last.safetensors")) &&
    !existsSync(join(out, fold, "process.json"));

  test("Ctrl-C stops all jobs, which save", async () => {
    const { out, code, stderr } = await interrupted("stopped", "SIGINT");
    expect(code).toBe(130);
    expect(stderr).toContain("Stopped; shares that are done are kept. Go on with: hipmri train");
    expect([isSaved(out, "fold_0"), isSaved(out, "fold_1")]).toEqual([true, true]);
  }, 120_000);

  test("jobs whose parent is killed save, too, and end", async () => {
    const { out } = await interrupted("orphaned", "SIGKILL");
    for (let i = 0; i < 500 && !(isSaved(out, "fold_0") && isSaved(out, "fold_1")); i++) await sleep(20);
    expect([isSaved(out, "fold_0"), isSaved(out, "fold_1")]).toEqual([true, true]);
  }, 120_000);
});
