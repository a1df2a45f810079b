/** `hipmri submit` with stand-ins for SLURM's commands; test/cluster/slurm-live.test.ts has the real ones. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { makeTinyPhantom } from "../support/tiny-phantom.ts";
import { hipmri, temporaryFolder, tinyModel } from "./support.ts";

const folder = temporaryFolder();
const model = join(folder, "model.onnx");
const bin = join(folder, "bin");
const path = process.env.PATH ?? "";
let data: string;
let scans: string;
beforeAll(async () => {
  const phantom = await makeTinyPhantom();
  ({ data } = phantom);
  scans = join(data, "keras_slices_test");
  writeFileSync(model, tinyModel());
  mkdirSync(bin);
  return phantom.remove;
});
afterEach(() => {
  process.env.PATH = path;
});
let count = 0;
const newOut = (): string => join(folder, `out${++count}`);

/** On the PATH there is an sbatch that numbers jobs from 1 and keeps what it was given, and little else. */
function withSbatch(): string {
  const log = join(folder, `sbatch${++count}.log`);
  writeFileSync(join(bin, "sbatch"), `#!/bin/sh\necho "$@" >>${log}\nwc -l <${log}\n`);
  chmodSync(join(bin, "sbatch"), 0o755);
  process.env.PATH = `${bin}${delimiter}${path}`;
  return log;
}
const submit = (...words: readonly string[]) => hipmri("submit", ...words);

describe("submit", () => {
  test("writes scripts and says what to do with them; nothing is submitted", async () => {
    const out = newOut();
    const log = withSbatch();
    const { code, stdout, stderr } = await submit(
      "--tasks",
      "3",
      "--",
      "predict",
      model,
      scans,
      "--out",
      out,
    );
    expect([code, stderr]).toEqual([0, ""]);
    expect(readdirSync(join(out, "submit")).sort()).toEqual(["1-predict.sh", "2-merge.sh", "submit.sh"]);
    // SLURM writes no log into a folder that is not there.
    expect(existsSync(join(out, "logs"))).toBe(true);
    expect(existsSync(log)).toBe(false);
    expect(stdout).toMatch(/^Command +hipmri predict /);
    expect(stdout).toContain("predict: 3 tasks, 4 CPUs, ");
    expect(stdout).toMatch(/\nNext +bash .*submit\.sh, or the same command with --go\n$/);
    const script = readFileSync(join(out, "submit/1-predict.sh"), "utf8");
    expect(script).toContain(`hipmri=(${process.execPath} ${resolve("bin/hipmri.js")})\n`);
    expect(script).toContain(
      `predict ${model} ${scans} --out ${out} --threads 4 --shard "$SLURM_ARRAY_TASK_ID/3"`,
    );
    expect(script).toContain(`#SBATCH --chdir=${process.cwd()}\n`);
  });

  test("--go submits, the merge waiting for the tasks, and tells how to watch them", async () => {
    const out = newOut();
    const log = withSbatch();
    const { code, stdout } = await submit(
      ...["--go", "--tasks", "2", "--partition", "cpu", "--", "predict", model, scans, "--out", out],
    );
    expect(code).toBe(0);
    expect(readFileSync(log, "utf8")).toBe(
      `--parsable ${out}/submit/1-predict.sh\n--parsable --dependency=afterany:1 ${out}/submit/2-merge.sh\n`,
    );
    expect(stdout).toMatch(/\nJobs +1 {2}predict\n +2 {2}merge\nWatch +squeue --jobs 1,2\n/);
    expect(stdout).toContain("\nCancel        scancel 1 2\n");
    expect(readFileSync(join(out, "submit/2-merge.sh"), "utf8")).toContain("#SBATCH --partition=cpu\n");
  });

  test("--dry-run prints scripts and manifests, and writes nothing", async () => {
    const out = newOut();
    const { code, stdout } = await submit(
      ...["--dry-run", "--tasks", "2", "--", "predict", model, scans, "--out", out],
    );
    expect(code).toBe(0);
    expect(existsSync(out)).toBe(false);
    const titles = stdout.split("\n").flatMap((line) => /^==> (.*) <==$/.exec(line)?.[1] ?? []);
    expect(titles).toEqual([
      "SLURM: 1-predict.sh",
      "SLURM: 2-merge.sh",
      "Kubernetes: 1-predict.yaml",
      "Kubernetes: 2-merge.yaml",
    ]);
  });

  test("--json has the plan, the files and the jobs", async () => {
    const out = newOut();
    withSbatch();
    const words = ["--go", "--json", "--tasks", "2", "--time", "2h", "--memory", "8G", "--cpus", "2"];
    const { code, stdout } = await submit(...words, "--", "predict", model, scans, "--out", out);
    expect(code).toBe(0);
    const json = JSON.parse(stdout);
    expect(json.jobs).toEqual([
      { stage: "predict", id: "1" },
      { stage: "merge", id: "2" },
    ]);
    expect(json.stages[0].resources).toEqual({ cpus: 2, memoryMb: 8192, seconds: 7200 });
    expect(json.files).toEqual(
      ["1-predict.sh", "2-merge.sh", "submit.sh"].map((name) => join(out, "submit", name)),
    );
  });

  test("--kubernetes writes manifests with image and claim", async () => {
    const out = newOut();
    const { code, stdout } = await submit(
      ...["--kubernetes", "--image", "hipmri:1", "--claim", "archive", "--mount", "/data", "--tasks", "2"],
      ...["--", "predict", model, scans, "--out", out],
    );
    expect(code).toBe(0);
    expect(readdirSync(join(out, "submit")).sort()).toEqual(["1-predict.yaml", "2-merge.yaml"]);
    const { spec } = parse(readFileSync(join(out, "submit/1-predict.yaml"), "utf8"));
    expect(spec.completions).toBe(2);
    expect(spec.template.spec.containers[0]).toMatchObject({ image: "hipmri:1", workingDir: "/data" });
    expect(stdout).toMatch(/\nNext +kubectl apply -f .*1-predict.yaml\n/);
    expect(stdout).not.toMatch(/at most \d\d:|the limit|queued/);
  });

  test("the same command submitted to Kubernetes again is a Job of its own, which kubectl starts", async () => {
    const out = newOut();
    const words = ["--kubernetes", "--image", "i", "--claim", "c", "--tasks", "2"];
    const names: string[] = [];
    for (let i = 0; i < 2; i++) {
      const { stdout } = await submit(...words, "--", "predict", model, scans, "--out", out);
      const { name } = parse(readFileSync(join(out, "submit/1-predict.yaml"), "utf8")).metadata;
      expect(name).toMatch(/^hipmri-predict-[0-9a-f]{8}$/);
      expect(stdout).toContain(`job/${name}\n`);
      expect(stdout).toMatch(
        /\nIf one fails +kubectl delete job\/.*\n +then submit the same command again: /,
      );
      names.push(name);
    }
    expect(new Set(names).size).toBe(2);
  });

  test("a training on Kubernetes has time to save where its pod must go", async () => {
    const words = ["--kubernetes", "--image", "i", "--claim", "c", "--", "train", data, "--out", newOut()];
    const { code, stdout } = await submit(...words);
    expect(code).toBe(0);
    expect(stdout).toContain("has 2 min 00 s to save where its pod must go");
    expect(stdout).not.toMatch(/at most \d\d:|the limit|queued/);
  });

  test("of inputs that only the cluster has, --tasks must say how many there are", async () => {
    const out = newOut();
    const words = ["--kubernetes", "--image", "i", "--claim", "c"];
    const call = ["--", "predict", "/on/the/claim/model.onnx", "/on/the/claim/scans", "--out", out];
    const without = await submit(...words, ...call);
    expect(without.code).toBe(2);
    expect(without.stderr).toContain("--tasks is needed: how much there is to do cannot be seen from here");
    expect((await submit(...words, "--tasks", "9", ...call)).code).toBe(0);
  });

  test("a training goes on at each start, and is refused where a run is in the way", async () => {
    const out = newOut();
    const train = ["train", data, "--out", out, "--minutes", "120"];
    const first = await submit("--time", "1h", "--", ...train);
    expect(first.code).toBe(0);
    const script = readFileSync(join(out, "submit/1-train.sh"), "utf8");
    expect(script).toContain("--resume --threads 2 &\n");
    expect(script).toContain("#SBATCH --signal=B:USR2@120\n");
    expect(first.stdout).toContain("the training is queued again, and");
    writeFileSync(join(out, "config.json"), "{}");
    const second = await submit("--", ...train);
    expect(second.code).toBe(2);
    expect(second.stderr).toContain(`Folder "${out}" has a run already: found "config.json"`);
  });

  test("folds are a task each", async () => {
    const out = newOut();
    const { code, stdout } = await submit(
      "--",
      "train",
      data,
      "--out",
      out,
      "--folds",
      "3",
      "--minutes",
      "10",
    );
    expect(code).toBe(0);
    expect(stdout).toContain("train: 3 tasks, 2 CPUs, ");
    expect(stdout).toContain(
      "\n              merge: one task, 2 CPUs, ".replace("              ", "         "),
    );
    expect(readFileSync(join(out, "submit/1-train.sh"), "utf8")).toContain(
      `--shard "$SLURM_ARRAY_TASK_ID/3" &\n`,
    );
  });

  test("ranks have CPUs and memory each", async () => {
    const out = newOut();
    const resources = ["--ranks", "2", "--cpus", "2", "--memory", "4G"];
    const { code, stdout } = await submit(...resources, "--", "train", data, "--out", out);
    expect(code).toBe(0);
    expect(stdout).toContain("train: one task, 2 ranks of 2 CPUs and 4 GB each, ");
    const script = readFileSync(join(out, "submit/1-train.sh"), "utf8");
    for (const option of ["ntasks=2", "cpus-per-task=2", "mem-per-cpu=2048M"])
      expect(script).toContain(`#SBATCH --${option}\n`);
  });

  test("shards that are there fix the number of tasks", async () => {
    const out = newOut();
    mkdirSync(join(out, "shards"), { recursive: true });
    writeFileSync(join(out, "shards/2-of-5.json"), "{}");
    const { stdout } = await submit("--", "predict", model, scans, "--out", out);
    expect(stdout).toContain("predict: 5 tasks");
    const { code, stderr } = await submit("--tasks", "4", "--", "predict", model, scans, "--out", out);
    expect(code).toBe(2);
    expect(stderr).toContain(`--tasks must be 5: "${out}" holds shards of 5, got 4`);
  });

  test("threads of the command are the CPUs of its tasks", async () => {
    const { stdout } = await submit("--", "predict", model, scans, "--threads", "3", "--out", newOut());
    expect(stdout).toContain("one task, 3 CPUs");
    const fewer = await submit(
      "--cpus",
      "2",
      "--",
      "predict",
      model,
      scans,
      "--threads",
      "3",
      "--out",
      newOut(),
    );
    expect([fewer.code, fewer.stderr]).toEqual([
      2,
      expect.stringContaining("--cpus 2 are fewer than the 3 threads"),
    ]);
  });
});

describe("submit refuses", () => {
  test("everything that is wrong at once", async () => {
    const words = [
      "--tasks",
      "0",
      "--time",
      "soon",
      "--memory",
      "lots",
      "--slurm",
      "array=3",
      "--slurm",
      "A b",
    ];
    const { code, stderr } = await submit(...words, "--image", "i", "--", "predikt");
    expect(code).toBe(2);
    expect(stderr.split("\n").slice(0, 8)).toEqual([
      "error: Cannot submit: 7 problems",
      '  - --tasks must be a whole number >= 1, got "0"',
      expect.stringContaining('  - --time must be a time, got "soon"'),
      expect.stringContaining('  - --memory must be an amount of memory, got "lots"'),
      "  - --slurm array: that is set by --tasks",
      '  - --slurm must be an option of sbatch, name=value or name, got "A b"',
      "  - --image is for --kubernetes: add that",
      expect.stringContaining('  - Cannot submit "predikt": expected one of predict, evaluate, '),
    ]);
  });

  test.each([
    [["--", "demo"], 'Cannot submit "demo": expected one of predict, evaluate, score, check, train'],
    [[], 'No command to submit: expected one of predict, evaluate, score, check, train, behind "--"'],
    [["--", "predict", "m", "x"], "predict: --out is needed"],
    [["--", "predict", "m", "--out", "o"], 'predict: missing required argument "inputs"'],
    [["--", "predict", "m", "x", "--out", "o", "--thread", "2"], 'predict: unknown option "--thread"'],
    [
      ["--", "predict", "m", "x", "--out", "o", "--threads", "no"],
      "predict: --threads must be a whole number",
    ],
    [["--", "predict", "m", "x", "--out", "o", "--shard", "1/2"], "--shard is each task's own"],
    [["--", "train", "d", "--out", "o", "--overwrite"], "--overwrite would remove the work"],
    [["--go", "--dry-run", "--", "check", "d", "--out", "o"], "--go submits and --dry-run writes nothing"],
    [
      ["--kubernetes", "--claim", "c", "--", "check", "d", "--out", "o"],
      "--image is needed with --kubernetes",
    ],
    [["--partition", "a b", "--", "check", "d", "--out", "o"], '--partition must be a name, got "a b"'],
  ])("%s", async (words, message) => {
    const { code, stderr } = await submit(...words);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  test("inputs that are not there, before any task would find out", async () => {
    const { code, stderr } = await submit("--", "predict", model, join(folder, "none"), "--out", newOut());
    expect(code).toBe(1);
    expect(stderr).toContain("Cannot find input");
  });

  test("with --kubernetes, what only SLURM can do", async () => {
    withSbatch();
    const slurm = ["--go", "--time", "2h", "--partition", "p", "--account", "a", "--slurm", "exclusive"];
    const out = newOut();
    const call = ["--", "predict", model, scans, "--out", out];
    const { code, stderr } = await submit("--kubernetes", "--image", "i", "--claim", "c", ...slurm, ...call);
    expect(code).toBe(2);
    expect(stderr.split("\n").slice(0, 6)).toEqual([
      "error: Cannot submit: 5 problems",
      expect.stringMatching(/^ {2}- --go is for SLURM: .*apply the files with kubectl/),
      expect.stringContaining("  - --time is for SLURM: "),
      "  - --partition is for SLURM: leave it out with --kubernetes",
      "  - --account is for SLURM: leave it out with --kubernetes",
      "  - --slurm is for SLURM: leave it out with --kubernetes",
    ]);
    expect(existsSync(out)).toBe(false);
  });

  test("ranks that have no training to share, or no even share of its batch", async () => {
    const ranks = (...words: readonly string[]) => submit("--ranks", "3", "--", ...words, "--out", newOut());
    const predict = await ranks("predict", model, scans);
    expect([predict.code, predict.stderr]).toEqual([
      2,
      expect.stringContaining("--ranks must be 1 for predict, which is shared out as tasks, got 3"),
    ]);
    expect((await ranks("train", data, "--folds", "2", "--minutes", "1")).stderr).toContain(
      "--ranks must be 1 for train --folds",
    );
    const train = await ranks("train", data, "--set", "batchSize=8");
    expect(train.code).not.toBe(0);
    expect(train.stderr).toContain("A batch of 8 cannot be shared out evenly among 3 ranks");
    expect(train.stderr).toContain("Give --set batchSize=9");
    expect((await ranks("train", data, "--set", "batchSize=9")).code).toBe(0);
  });

  test("--go where there is no SLURM", async () => {
    process.env.PATH = join(folder, "nowhere");
    const { code, stderr } = await submit("--go", "--", "predict", model, scans, "--out", newOut());
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining("sbatch is not found: --go must run on a node"),
    ]);
  });

  test("the command without its --", async () => {
    const { code, stderr } = await submit("predict", model, scans, "--out", "x");
    expect(code).toBe(2);
    expect(stderr).toContain('hint: Put "--" before the command that is to be submitted');
  });
});
