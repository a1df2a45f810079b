/** What `hipmri submit` writes, on a real SLURM: the commands as a user types them. Skipped where there is none. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isOnPath } from "../../src/cluster/sbatch.ts";
import { tinyModel } from "../cli/support.ts";
import { ended, startSlurm, whyNoSlurm } from "../support/live-slurm.ts";
import { makeTinyPhantom, type TinyPhantom } from "../support/tiny-phantom.ts";

const BIN = join(import.meta.dirname, "../../bin/hipmri.js");
const why = whyNoSlurm();
if (why !== undefined) console.warn(`slurm-live.test.ts is skipped: ${why}`);

const folder = mkdtempSync(join(tmpdir(), "hipmri live-"));
let phantom: TinyPhantom;
let stop = (): void => undefined;

/** The command itself, in the folder. */
function hipmri(...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...words], {
    encoding: "utf8",
    cwd: folder,
    env: { ...process.env, HIPMRI_CACHE: join(folder, "cache") },
  });
  return { code: status, stdout, stderr };
}

/** For a machine of two CPUs; else tasks ask for four. */
const SMALL = ["--cpus", "1", "--memory", "600M"];

/** Submits, and gives the jobs by the name of their stage. */
function submit(...words: readonly string[]): Readonly<Record<string, string>> {
  const { code, stdout, stderr } = hipmri("submit", "--go", "--json", ...SMALL, ...words);
  if (code !== 0) throw new Error(stderr);
  const { jobs } = JSON.parse(stdout) as { jobs: readonly { stage: string; id: string }[] };
  return Object.fromEntries(jobs.map(({ stage, id }) => [stage, id]));
}

const read = (...parts: readonly string[]): Buffer => readFileSync(join(folder, ...parts));
/** All logs of an --out. */
function logs(out: string): string {
  const names = readdirSync(join(folder, out, "logs")).filter((name) => name.endsWith(".log"));
  return names.map((name) => read(out, "logs", name).toString()).join("\n");
}

describe.skipIf(why !== undefined)("on a real SLURM", () => {
  beforeAll(async () => {
    stop = startSlurm();
    // Built before the tasks, of which each would build it.
    expect(hipmri("--version").code).toBe(0);
    // Five for the folds.
    phantom = await makeTinyPhantom(1, { train: 4, validate: 1, test: 1 });
    writeFileSync(join(folder, "model.onnx"), tinyModel());
  });
  afterAll(async () => {
    stop();
    rmSync(folder, { recursive: true, force: true });
    await phantom.remove();
  });

  test("eight tasks predict, and the merge is what one process writes", async () => {
    const scans = join(phantom.data, "keras_slices_test");
    const predict = ["predict", "model.onnx", scans];
    const jobs = submit("--tasks", "8", "--", ...predict, "--out", "all masks");
    expect(await ended(jobs.predict!)).toEqual(Array.from({ length: 8 }, () => "COMPLETED"));
    expect(await ended(jobs.merge!)).toEqual(["COMPLETED"]);
    expect(hipmri(...predict, "--out", "alone").code).toBe(0);
    const masks = readdirSync(join(folder, "alone")).filter((name) => name.endsWith(".nii.gz"));
    expect(masks).toHaveLength(8);
    for (const mask of masks) expect(read("all masks", mask).equals(read("alone", mask)), mask).toBe(true);
    expect(readdirSync(join(folder, "all masks/shards"))).toHaveLength(8);

    // Submitted again after a task was lost, only that one is done.
    rmSync(join(folder, "all masks/shards/3-of-8.json"));
    const again = submit("--", ...predict, "--out", "all masks");
    expect(await ended(again.predict!)).toHaveLength(8);
    expect(await ended(again.merge!)).toEqual(["COMPLETED"]);
    expect(logs("all masks").match(/done before/g)).toHaveLength(7);
  }, 180_000);

  test("a task that fails leaves the merge to say which, and how to do it", async () => {
    const scans = join(phantom.data, "keras_slices_validate");
    const out = join(folder, "failing");
    const words = ["--tasks", "2", "--", "predict", "model.onnx", scans, "--out", "failing"];
    expect(hipmri("submit", ...SMALL, ...words).code).toBe(0);
    const script = join(out, "submit/1-predict.sh");
    const text = readFileSync(script, "utf8");
    writeFileSync(script, text.replace("set -euo", '[ "$SLURM_ARRAY_TASK_ID" = 2 ] && exit 3\nset -euo'));
    const { stdout } = spawnSync("bash", [join(out, "submit/submit.sh")], { encoding: "utf8" });
    expect(stdout).toMatch(/merge is job/);
    const [, tasks, merge] = /predict is job (\d+)\nmerge is job (\d+)/.exec(stdout) ?? [];
    expect([...(await ended(tasks!))].sort()).toEqual(["COMPLETED", "FAILED"]);
    expect(await ended(merge!)).toEqual(["FAILED"]);
    expect(logs("failing")).toMatch(/Shard 2\/2 is missing; do it with: hipmri predict .* --shard 2\/2/);
    // By itself, as the message of the merge and the log's name say.
    writeFileSync(script, text);
    const [, redone] =
      /(\d+)/.exec(spawnSync("sbatch", ["--parsable", "--array=2", script], { encoding: "utf8" }).stdout) ??
      [];
    expect(await ended(redone!)).toEqual(["COMPLETED"]);
    expect(hipmri("merge", "failing").code).toBe(0);
  }, 120_000);

  const TRAIN = [
    ...["unet.levels=2", "unet.baseWidth=4", "batchSize=4", "steps=60", "stepsPerEpoch=25"],
    "checkpointSeconds=0.5",
  ].flatMap((setting) => ["--set", setting]);

  test("a training at its time limit is queued again, and ends with the bytes of one that was never stopped", async () => {
    const train = ["train", phantom.data, ...TRAIN, "--threads", "1"];
    expect(hipmri(...train, "--out", "whole", "--quiet").code).toBe(0);

    const limit = ["--time", "1", "--lead", "55s"];
    expect(hipmri("submit", ...SMALL, ...limit, "--", ...train, "--out", "stopped").code).toBe(0);
    // On a fast machine it would be done before SLURM looks at the clock, which is every half minute: its first start
    // pauses after some steps, until the signal comes.
    const pausing = join(folder, "pausing");
    writeFileSync(
      pausing,
      [
        "#!/usr/bin/env bash",
        "asked=; trap 'asked=yes; kill -USR2 $child; kill -CONT $child' USR2",
        `'${process.execPath}' '${BIN}' "$@" & child=$!`,
        'if ! grep -q "start 2" stopped/logs/*.log; then',
        '  until [ "$(grep -c \'"kind":"step"\' stopped/log.jsonl 2>/dev/null)" -ge 5 ] 2>/dev/null; do sleep 0.01; done',
        '  [ -n "$asked" ] || kill -STOP $child',
        "fi",
        "while kill -0 $child 2>/dev/null; do wait $child && status=0 || status=$?; done",
        "wait $child 2>/dev/null && ended=0 || ended=$?; [ $ended = 127 ] || status=$ended; exit $status",
      ].join("\n"),
    );
    chmodSync(pausing, 0o755);
    const script = join(folder, "stopped/submit/1-train.sh");
    writeFileSync(script, readFileSync(script, "utf8").replace(/^hipmri=.*$/m, `hipmri=('${pausing}')`));
    const { stdout } = spawnSync("sbatch", ["--parsable", script], { encoding: "utf8", cwd: folder });
    expect(await ended(stdout.trim(), 240_000)).toEqual(["COMPLETED"]);

    const said = logs("stopped");
    expect(said).toContain("the time limit is near: the training saves and is queued again");
    expect(said).toContain("DUE TO JOB REQUEUE");
    expect(said).toMatch(/, start 2\n/);
    for (const file of ["model.onnx", "checkpoint/last.safetensors", "metrics.json"])
      expect(read("stopped", file).equals(read("whole", file)), file).toBe(true);
  }, 300_000);

  test("folds are a task each, and the merge is what one process writes", async () => {
    const small = [...TRAIN, "--set", "unet.levels=1", "--set", "steps=6", "--threads", "1"];
    const jobs = submit(
      "--time",
      "5",
      "--",
      "train",
      phantom.data,
      ...small,
      "--folds",
      "5",
      "--out",
      "folds",
    );
    expect(await ended(jobs.train!)).toEqual(Array(5).fill("COMPLETED"));
    expect(await ended(jobs.merge!)).toEqual(["COMPLETED"]);
    for (const file of ["model.onnx", "metrics.json", "report.html"])
      expect(read("folds", file).length).toBeGreaterThan(0);
    const alone = ["train", phantom.data, ...small, "--folds", "5", "--out", "alone-folds"];
    expect(hipmri(...alone).code).toBe(0);
    for (const file of ["fold_1/model.onnx", "model.onnx", "metrics.json"])
      expect(read("folds", file).equals(read("alone-folds", file)), file).toBe(true);
  }, 180_000);

  test("the trials of a sweep are a task each, and the merge ranks them", async () => {
    const small = [...TRAIN, "--set", "unet.levels=1", "--set", "steps=6", "--threads", "1"];
    const swept = ["--sweep", "unet.baseWidth=2,4"];
    const jobs = submit("--time", "5", "--", "train", phantom.data, ...small, ...swept, "--out", "sweep");
    expect(await ended(jobs.train!)).toEqual(["COMPLETED", "COMPLETED"]);
    expect(await ended(jobs.merge!)).toEqual(["COMPLETED"]);
    expect(JSON.parse(read("sweep", "sweep.json").toString()).trials).toHaveLength(2);
  }, 120_000);

  test("scancel stops a training that saves first, and it is not queued again", async () => {
    const jobs = submit(
      "--time",
      "5",
      "--",
      "train",
      phantom.data,
      ...TRAIN,
      "--set",
      "steps=100000",
      "--out",
      "cancelled",
    );
    const log = join(folder, "cancelled/log.jsonl");
    await expect.poll(() => spawnSync("grep", ["-c", "step", log]).status, { timeout: 60_000 }).toBe(0);
    spawnSync("scancel", [jobs.train!]);
    expect(await ended(jobs.train!)).toEqual(["CANCELLED"]);
    expect(logs("cancelled")).toMatch(/Stopped after step \d+, saved/);
  }, 120_000);

  test.skipIf(!isOnPath("mpirun"))(
    "two ranks of one job train one network",
    async () => {
      const env = { OMPI_ALLOW_RUN_AS_ROOT: "1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1" };
      Object.assign(process.env, env);
      const jobs = submit(
        "--ranks",
        "2",
        "--time",
        "5",
        "--",
        "train",
        phantom.data,
        ...TRAIN,
        "--out",
        "ranks",
      );
      expect(await ended(jobs.train!)).toEqual(["COMPLETED"]);
      expect(logs("ranks")).toMatch(/2 ranks/);
      expect(read("ranks", "model.onnx").length).toBeGreaterThan(1000);
    },
    120_000,
  );
});
