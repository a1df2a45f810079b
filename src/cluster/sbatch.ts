/** Scripts handed to SLURM, the later ones waiting for the earlier ones. */
import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { HipError, messageOf } from "../core/errors.ts";
import { commandLine } from "../node/shell.ts";
import { type Script, sbatchWords } from "./slurm.ts";

const run = promisify(execFile);

export interface SubmittedJob {
  readonly stage: string;
  readonly id: string;
}

/** Whether a program can be started by its name alone. */
export function isOnPath(program: string, path = process.env.PATH ?? ""): boolean {
  return path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== "";
    } catch {
      return false;
    }
  });
}

/** What a program said on stderr before it ended badly; else the error's own words. */
function saidBy(error: unknown): string {
  const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
  return said === "" ? messageOf(error) : said.split("\n").join("; ");
}

/** Whether it was SLURM that refused, and not that none could be asked. */
const isReached = (error: unknown): boolean =>
  !/fetch_config|resolve_ctls|Unable to (?:establish|contact)|contact slurm controller/i.test(saidBy(error));

/**
 * Submits the scripts in order.
 * @param folder where they lie
 * @throws HipError "usage" where SLURM refuses one, with its own words, and the jobs that it has taken already
 */
export async function submitScripts(
  folder: string,
  scripts: readonly Script[],
): Promise<readonly SubmittedJob[]> {
  const jobs: SubmittedJob[] = [];
  for (const { stage, file, after } of scripts) {
    const before = jobs.find((job) => job.stage === after);
    const [program = "", ...words] = sbatchWords(join(folder, file), before?.id);
    try {
      // "123", or "123;cluster" of a federation.
      const { stdout } = await run(program, words);
      const [, id] = /^(\d+)(?:;|\s|$)/.exec(stdout) ?? [];
      if (id === undefined) throw new Error(`sbatch printed "${stdout.trim()}" in place of a job's number`);
      jobs.push({ stage, id });
    } catch (cause) {
      const taken = jobs.map(({ id }) => id);
      throw new HipError("usage", `SLURM does not take "${file}": ${saidBy(cause)}`, {
        hint:
          taken.length > 0
            ? `Earlier stages are queued already: cancel them with ${commandLine(["scancel", ...taken])}`
            : isReached(cause)
              ? `Give what it wants with --partition, --account or --slurm, or edit and submit the scripts in "${folder}"`
              : "No SLURM controller answers here: run this on a login node of the cluster, where sinfo lists its partitions",
        cause,
      });
    }
  }
  return jobs;
}
