/** The scripts' text, and what the training script does when it is run by bash with a stand-in for hipmri and scontrol. */
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import type { ClusterPlan, Stage } from "../../src/cluster/plan.ts";
import { type SlurmSettings, sbatchWords, slurmScripts, submitAll } from "../../src/cluster/slurm.ts";
import { makePlan, makeStage, MERGE as merge } from "./plans.ts";

const folder = mkdtempSync(join(tmpdir(), "hipmri-slurm-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const stage = (changes: Partial<Stage> = {}): Stage =>
  makeStage({ words: ["predict", "my run", "it's here.nii.gz", "--out", "masks"], ...changes });
const planOf = (...stages: readonly Stage[]): ClusterPlan => makePlan("slurm", stages);
const settings = (changes: Partial<SlurmSettings> = {}): SlurmSettings => ({
  hipmri: ["/opt/node 22/bin/node", "/opt/hipmri/bin/hipmri.js"],
  folder: "/home/ann/my study",
  out: "/home/ann/my study/masks",
  options: [],
  version: "1.2.3",
  ...changes,
});
const textOf = (one: Stage, changes?: Partial<SlurmSettings>): string =>
  slurmScripts(planOf(one), settings(changes))[0]!.text;
const directives = (text: string): string[] =>
  text.split("\n").flatMap((line) => (line.startsWith("#SBATCH ") ? [line.slice("#SBATCH ".length)] : []));
const isBash = (text: string): boolean => spawnSync("bash", ["-n"], { input: text }).status === 0;

describe("slurmScripts()", () => {
  test("states array, resources, folder and log", () => {
    expect(directives(textOf(stage()))).toEqual([
      "--job-name=hipmri-predict-masks",
      "--array=1-8",
      "--cpus-per-task=4",
      "--mem=3000M",
      "--time=01:30:00",
      '--chdir="/home/ann/my study"',
      '--output="/home/ann/my study/masks/logs/%x-%A_%a.log"',
      "--open-mode=append",
      "--requeue",
    ]);
  });

  test("directives stand before the first command, where alone sbatch reads them", () => {
    const lines = textOf(stage({ leadSeconds: 120 })).split("\n");
    expect(lines[0]).toBe("#!/usr/bin/env bash");
    const first = lines.findIndex((line) => !line.startsWith("#"));
    expect(lines[first]).toBe("set -euo pipefail");
    expect(lines.slice(first).filter((line) => line.startsWith("#SBATCH"))).toEqual([]);
  });

  test("states the share of each task, of however many run", () => {
    expect(textOf(stage({ atOnce: 2 }))).toContain("#SBATCH --array=1-8%2\n");
    expect(textOf(stage())).toMatch(/--out masks --shard "\$SLURM_ARRAY_TASK_ID\/8"\n$/);
    expect(textOf(stage({ tasks: 1 }))).not.toContain("shard");
  });

  test("bash reads back every word as it was given", () => {
    const text = textOf(stage({ tasks: 1 })).replace("exec ", "printf '%s\\n' ");
    const { stdout } = spawnSync("bash", { input: text, env: { ...process.env, SLURM_JOB_ID: "1" } });
    expect(String(stdout).trim().split("\n").slice(1)).toEqual([
      "/opt/node 22/bin/node",
      "/opt/hipmri/bin/hipmri.js",
      "predict",
      "my run",
      "it's here.nii.gz",
      "--out",
      "masks",
    ]);
  });

  test("patterns of sbatch in a path stay what they are", () => {
    expect(textOf(stage(), { out: "/data/100%j" })).toContain("--output=/data/100%%j/logs/%x-%A_%a.log\n");
  });

  test("a job's name has plain letters alone", () => {
    expect(textOf(stage(), { out: "/data/a b;c" })).toContain("--job-name=hipmri-predict-a_b_c\n");
  });

  test("partition, account and what else sbatch takes", () => {
    const options = [
      ["constraint", "avx512&ib"],
      ["exclusive", undefined],
    ] as const;
    const given = directives(textOf(stage(), { partition: "cpu", account: "lab", options }));
    expect(given.slice(-4)).toEqual([
      "--partition=cpu",
      "--account=lab",
      '--constraint="avx512&ib"',
      "--exclusive",
    ]);
  });

  test("a training asks for its signal, and is the shell's child", () => {
    const text = textOf(stage({ tasks: 1, leadSeconds: 300 }));
    expect(directives(text)).toContain("--signal=B:USR2@300");
    expect(text).toMatch(/--out masks &\nchild=\$!\n/);
    expect(isBash(text)).toBe(true);
  });

  test.each([
    [30, 23],
    [120, 90],
    [600, 570],
  ])("of a lead of %d s the training may take %d s to save", (leadSeconds, left) =>
    expect(textOf(stage({ tasks: 1, leadSeconds }))).toContain(`for ((left = ${left}; left > 0; left--))`),
  );

  test("ranks are tasks of SLURM, started by mpirun, each with its part of the memory", () => {
    const text = textOf(stage({ tasks: 1, ranks: 4, leadSeconds: 120 }));
    expect(directives(text)).toEqual(
      expect.arrayContaining(["--ntasks=4", "--cpus-per-task=4", "--mem-per-cpu=750M"]),
    );
    expect(directives(text).some((line) => line.startsWith("--mem="))).toBe(false);
    expect(text).toContain(`\nmpirun -n 4 "\${hipmri[@]}" predict`);
  });

  test("Open MPI 4 and 5 are told in variables, which others pass over, to bind no rank to one core", () => {
    const text = textOf(stage({ tasks: 1, ranks: 4, leadSeconds: 120 }));
    expect(text).toContain(
      "export OMPI_MCA_hwloc_base_binding_policy=none PRTE_MCA_hwloc_default_binding_policy=none\n",
    );
    expect(text).toContain("\nexport OMPI_MCA_odls_base_sigkill_timeout=10 ");
    expect(isBash(text)).toBe(true);
    expect(textOf(stage())).not.toContain("_MCA_");
  });

  test("sbatch makes the later stage wait for the earlier one, however it ended", () => {
    expect(sbatchWords("1.sh", undefined)).toEqual(["sbatch", "--parsable", "1.sh"]);
    expect(sbatchWords("2.sh", "17")).toEqual(["sbatch", "--parsable", "--dependency=afterany:17", "2.sh"]);
  });

  test("submitAll() chains what a stand-in for sbatch is given", () => {
    const bin = join(folder, "submit-bin");
    mkdirSync(bin);
    writeFileSync(join(bin, "sbatch"), '#!/bin/sh\necho "$@" >>"$LOG"\nwc -l <"$LOG"\n');
    chmodSync(join(bin, "sbatch"), 0o755);
    const scripts = slurmScripts(planOf(stage(), merge), settings());
    const log = join(folder, "sbatch.log");
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}`, LOG: log };
    const script = join(folder, "submit.sh");
    writeFileSync(script, submitAll(scripts));
    const { stdout, status } = spawnSync("bash", [script], { env });
    expect([status, String(stdout)]).toEqual([0, "predict is job 1\nmerge is job 2\n"]);
    expect(readFileSync(log, "utf8").split("\n").slice(0, 2)).toEqual([
      "--parsable 1-predict.sh",
      "--parsable --dependency=afterany:1 2-merge.sh",
    ]);
  });
});

/**
 * Runs a training script.
 * @param hipmri what stands for the training: bash, which finds $OUT
 * @param signal sent to the script as SLURM would, once the training has begun
 */
async function train(name: string, hipmri: string, signal?: NodeJS.Signals, lead = 120, ranks = 1) {
  const out = join(folder, name);
  mkdirSync(join(out, "logs"), { recursive: true });
  const bin = join(out, "bin");
  mkdirSync(bin);
  const write = (file: string, text: string): string => {
    writeFileSync(join(bin, file), `#!/usr/bin/env bash\n${text}\n`);
    chmodSync(join(bin, file), 0o755);
    return join(bin, file);
  };
  const program = write("hipmri", `: >"$OUT/begun"\n${hipmri}`);
  // The real one has the job killed.
  write("scontrol", 'echo "$@" >>"$OUT/scontrol"\nkill -KILL $PPID');
  const script = join(out, "train.sh");
  // Passes on what Open MPI's own passes on, and takes SIGTERM as it does.
  write(
    "mpirun",
    'shift 2; "$@" & c=$!; trap "kill -USR2 $c" USR2; trap "kill -KILL $c" TERM; while kill -0 $c 2>/dev/null; do wait $c && s=0 || s=$?; done; exit $s',
  );
  const words = ["train", "data", "--out", "x"];
  const one = stage({ name: "train", words, tasks: 1, ranks, leadSeconds: lead });
  writeFileSync(script, textOf(one, { out, hipmri: [program] }));
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}`, OUT: out, SLURM_JOB_ID: "42" };
  const child = spawn("bash", [script], { env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => {
      said += chunk;
    });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  if (signal !== undefined) {
    while (!existsSync(join(out, "begun")) && child.exitCode === null) await sleep(20);
    // The log of the job has a second's resolution, and so has the file system's clock of some disks.
    await sleep(50);
    child.kill(signal);
  }
  const code = await ended;
  const requeued = existsSync(join(out, "scontrol"))
    ? readFileSync(join(out, "scontrol"), "utf8").trim()
    : "";
  return { code, said, requeued, out };
}

/** A training that saves and ends with 130 once it is asked to. */
const SAVES = `trap ': >"$HIPMRI_SAVED_MARK"; exit 130' USR2 TERM\nwhile :; do sleep 0.05; done`;

describe("the script of a training", () => {
  test("ends as the training ends, where no signal comes", async () => {
    expect(await train("well", "exit 0")).toMatchObject({ code: 0, requeued: "" });
    expect(await train("badly", "exit 1")).toMatchObject({ code: 1, requeued: "" });
    expect(await train("killed", "kill -KILL $$")).toMatchObject({ code: 137, requeued: "" });
  });

  test("at SLURM's signal the training saves, and the job is queued again", async () => {
    const { requeued, said } = await train("limit", SAVES, "SIGUSR2");
    expect(requeued).toBe("requeue 42");
    expect(said).toContain("the time limit is near: the training saves and is queued again");
  });

  test("is not queued again where it came to its end meanwhile, or to an error", async () => {
    const slowly = (status: number) => `trap '' USR2\nsleep 0.3\nexit ${status}`;
    expect(await train("done", slowly(0), "SIGUSR2")).toMatchObject({ code: 0, requeued: "" });
    expect(await train("failed", slowly(1), "SIGUSR2")).toMatchObject({ code: 1, requeued: "" });
  });

  test("is not queued again for ever where no step was saved", async () => {
    const { code, requeued, said } = await train("no-step", "while :; do sleep 0.05; done", "SIGUSR2");
    expect([code, requeued]).toEqual([1, ""]);
    expect(said).toContain("No step was saved within the time limit");
  });

  test("what other tasks of the array save meanwhile is no step of this one", async () => {
    const others = `mkdir -p "$OUT/fold_1/checkpoint"; trap ': >"$OUT/fold_1/checkpoint/last.safetensors"; : >"$OUT/logs/.saved-43"; exit 130' USR2\nwhile :; do sleep 0.05; done`;
    const { code, requeued, said } = await train("others", others, "SIGUSR2");
    expect([code, requeued]).toEqual([1, ""]);
    expect(said).toContain("No step was saved within the time limit");
  });

  test("a mark from before this start is no step", async () => {
    mkdirSync(join(folder, "old", "logs"), { recursive: true });
    writeFileSync(join(folder, "old", "logs", ".saved-42"), "");
    expect(await train("old", "while :; do sleep 0.05; done", "SIGUSR2")).toMatchObject({
      code: 1,
      requeued: "",
    });
  });

  test("a validation longer than the lead is left: the last checkpoint stands", async () => {
    const busy = `trap '' USR2\n: >"$HIPMRI_SAVED_MARK"\nfor _ in {1..80}; do sleep 0.1; done`;
    const { requeued } = await train("busy", busy, "SIGUSR2", 2);
    expect(requeued).toBe("requeue 42");
  });

  test("SIGTERM, as of scancel, reaches the training, and nothing is queued again", async () => {
    const saves = `trap ': >"$OUT/saved"; exit 130' TERM\nwhile :; do sleep 0.05; done`;
    const { code, requeued, out } = await train("cancelled", saves, "SIGTERM");
    expect([code, requeued]).toEqual([130, ""]);
    expect(existsSync(join(out, "saved"))).toBe(true);
    // Nothing of the script's own is left among the logs.
    expect(readdirSync(join(out, "logs"))).toEqual([]);
  });

  test("under mpirun, which ends its ranks at SIGTERM, scancel has them save all the same", async () => {
    const saves = `trap 'sleep 0.3; : >"$OUT/saved"; exit 130' USR2\nwhile :; do sleep 0.05; done`;
    const { code, requeued, out } = await train("cancelled-ranks", saves, "SIGTERM", 120, 2);
    expect([code, requeued]).toEqual([130, ""]);
    expect(existsSync(join(out, "saved"))).toBe(true);
  });

  test("under mpirun the time limit comes to the ranks", async () => {
    expect((await train("limit-ranks", SAVES, "SIGUSR2", 120, 2)).requeued).toBe("requeue 42");
  });
});
