/** Before jobs train folds or trials: whether the folder may be used, and what an earlier training left there. */
import { join } from "node:path";
import { removePath } from "../atomic.ts";
import { checkRunFolder, removeRun } from "../run-folder.ts";
import { SHARDS_FOLDER } from "../shard-store.ts";
import { removeTest } from "./folds-join.ts";
import { readPlan, removePlan } from "./folds-plan.ts";
import { SWEEP_FILE } from "./sweep-ranking.ts";
import { removeSteps } from "./sweep-steps.ts";
import { TRIAL_FILE } from "./sweep-trial.ts";
import { storedConfig } from "./train.ts";

/** What the runs that were begun take, which all of them must; undefined where there is none, or none that tells. */
export async function threadsOfRuns(out: string, names: readonly string[]): Promise<number | undefined> {
  const plan = await readPlan(out).catch(() => undefined);
  if (plan !== undefined) return plan.threads;
  for (const name of names) {
    const config = await storedConfig(join(out, name)).catch(() => undefined);
    if (config !== undefined) return config.threads;
  }
  return undefined;
}

/**
 * Removes with `overwrite` what is there, once nothing speaks against it.
 * @param names of the run folders in OUT
 * @param check whether the training can be begun at all, by its data and settings
 * @throws HipError "usage" where one has a run and neither `resume` nor `overwrite` is set; "disk"; what `check` throws
 */
export async function prepareForJobs(
  out: string,
  names: readonly string[],
  how: { readonly resume: boolean; readonly overwrite: boolean },
  check: () => Promise<void>,
): Promise<void> {
  const runs: { readonly run: string; readonly files: readonly string[] }[] = [];
  for (const name of names) {
    const run = join(out, name);
    runs.push({ run, files: await checkRunFolder(run, how) });
  }
  await check();
  if (!how.overwrite) return;
  for (const { run, files } of runs) {
    await removePath(join(run, TRIAL_FILE));
    await removeRun(run, files);
  }
  await removePath(join(out, SHARDS_FOLDER));
  await removePath(join(out, SWEEP_FILE));
  await removeSteps(out);
  await removePlan(out);
  await removeTest(out);
}
