/** A SLURM to try things on: one that scripts/slurm_single_node.sh started or can start, or any other that is offered. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const SCRIPT = join(import.meta.dirname, "../../scripts/slurm_single_node.sh");
const OWN_CONFIG = "/var/lib/hipmri-slurm/slurm.conf";

function run(program: string, ...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: "utf8", timeout: 60_000 });
  return { code: status, stdout: stdout ?? "", stderr: stderr ?? "" };
}

const isAnswering = (): boolean => run("sinfo", "--noheader").code === 0;
const isOwn = (): boolean => run("scontrol", "show", "config").stdout.includes(OWN_CONFIG);
const canStart = (): boolean =>
  process.getuid?.() === 0 &&
  ["/usr/sbin/slurmd", "/usr/sbin/slurmctld", "/usr/sbin/munged"].every((path) => existsSync(path)) &&
  (existsSync(OWN_CONFIG) || !existsSync("/etc/slurm/slurm.conf"));

/** Why there is none to try things on; undefined where there is one, or can be. Nobody's real cluster is used unasked. */
export function whyNoSlurm(): string | undefined {
  if (isAnswering()) {
    if (isOwn() || process.env.HIPMRI_SLURM === "1") return undefined;
    return "this SLURM is not ours: HIPMRI_SLURM=1 has it tried all the same";
  }
  return canStart()
    ? undefined
    : "no SLURM answers, and slurm-wlm is not installed (scripts/slurm_single_node.sh start)";
}

/** @returns what stops it again, where it was started here */
export function startSlurm(): () => void {
  if (isAnswering()) return () => undefined;
  const { code, stderr } = run("bash", SCRIPT, "start");
  if (code !== 0) throw new Error(`Cannot start SLURM: ${stderr}`);
  return () => run("bash", SCRIPT, "stop");
}

/** How each job, of an array each task, ended: "COMPLETED", "FAILED", "CANCELLED", "TIMEOUT". */
export function statesOf(job: string): readonly string[] {
  const { stdout } = run("scontrol", "--oneliner", "show", "job", job);
  return stdout.split("\n").flatMap((line) => /\bJobState=(\w+)/.exec(line)?.[1] ?? []);
}

const isOver = (state: string): boolean =>
  !/^(PENDING|RUNNING|COMPLETING|CONFIGURING|SUSPENDED|REQUEUED)$/.test(state);

/** Waits until all tasks of a job have ended. */
export async function ended(job: string, timeoutMs = 150_000): Promise<readonly string[]> {
  const until = performance.now() + timeoutMs;
  for (;;) {
    const states = statesOf(job);
    if (states.length > 0 && states.every(isOver)) return states;
    if (performance.now() > until) {
      run("scancel", job);
      throw new Error(`Job ${job} did not end in time: ${states.join(", ")}`);
    }
    await sleep(250);
  }
}
