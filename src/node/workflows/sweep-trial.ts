/** One trial of a sweep: a run folder with a trial.json that says which settings it tries, and how it ended. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { HipError } from "../../core/errors.ts";
import { describeValues, type TrialOutcome } from "../../report/sweep.ts";
import { asTyped } from "../as-typed.ts";
import { makeFolder, writeFileAtomic } from "../atomic.ts";
import { checkRunFolder } from "../run-folder.ts";
import { readMetrics } from "./finish.ts";
import { tooShortRun } from "./short-run.ts";
import type { Trial } from "./sweep-plan.ts";
import { storedConfig, trainRun } from "./train.ts";
import type { TrainRunOptions } from "./train-options.ts";

export const TRIAL_FILE = "trial.json";

const schema = z.strictObject({
  format: z.literal(1),
  trial: z.string(),
  values: z.record(z.string(), z.unknown()),
  /** Of the configuration as it was asked for. */
  asked: z.string(),
  /** Of all sessions that ended of themselves. */
  seconds: z.number().min(0),
  state: z.enum(["begun", "trained", "failed"]),
  /** What went wrong. */
  failure: z.string().nullable(),
});
type StoredTrial = Readonly<z.infer<typeof schema>>;

/** undefined where there is none, or none that can be read: the trial is done again. */
async function readTrial(run: string): Promise<StoredTrial | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(join(run, TRIAL_FILE), "utf8")));
  } catch {
    return undefined;
  }
}

/** How a trial's folder is to be used. */
export interface TrialStart {
  readonly trial: Trial;
  readonly run: string;
  readonly resume: boolean;
  readonly overwrite: boolean;
  /** Of earlier sessions. */
  readonly seconds: number;
  /** It is trained, or failed, and nothing is left to do. */
  readonly isDone: boolean;
}

/**
 * Looks at a trial's folder; changes nothing.
 * @param how "new": nothing may be there; "resume": what is there goes on; "overwrite": it is replaced; "shard": what is
 *   of this sweep goes on, and what is not is replaced where `overwrite` says so
 * @throws HipError "usage" where the folder holds another run, or any run of "new"
 */
export async function startOfTrial(
  out: string,
  trial: Trial,
  how: { readonly resume: boolean; readonly overwrite: boolean; readonly isShard: boolean },
): Promise<TrialStart> {
  const run = join(out, trial.name);
  const goesOn = how.resume || how.isShard;
  const fresh = { trial, run, resume: false, overwrite: false, seconds: 0, isDone: false };
  const files = await checkRunFolder(run, goesOn ? { resume: true } : { overwrite: how.overwrite });
  const stored = await readTrial(run);
  if (files.length === 0 && stored === undefined) return fresh;
  if (!goesOn) return { ...fresh, overwrite: how.overwrite };
  if (stored?.asked !== trial.asked) {
    if (how.overwrite) return { ...fresh, overwrite: true };
    const found = stored === undefined ? "no trial of a sweep" : describeValues(stored.values);
    const isAlike = stored !== undefined && found === describeValues(trial.values);
    throw new HipError("usage", `Folder "${run}" holds another run`, {
      problems: [
        isAlike
          ? "settings other than the swept ones differ: see its config.json"
          : `expected ${describeValues(trial.values)}, found ${found}`,
      ],
      hint: "Give another folder with --out, or replace it with --overwrite",
    });
  }
  const { state, seconds } = stored;
  const isDone = state === "failed" || (state === "trained" && (await readMetrics(run)) !== undefined);
  return { ...fresh, resume: files.length > 0, seconds, isDone };
}

/**
 * Trains a trial, or goes on with it. Settings with which nothing can be learnt are an outcome of the trial, not the end
 * of the sweep: a loss that is not finite, a network that does not fit the images.
 * @returns whether it is at its end
 * @throws what trainRun() throws of data, disk and models
 */
export async function trainTrial(
  { trial, run, resume, overwrite, seconds, isDone }: TrialStart,
  options: Omit<TrainRunOptions, "config" | "out" | "resume" | "overwrite" | "test">,
): Promise<boolean> {
  if (isDone) return true;
  const started = performance.now();
  const write = async (state: StoredTrial["state"], failure: string | null): Promise<void> => {
    const spent = seconds + (performance.now() - started) / 1000;
    const stored: StoredTrial = {
      format: 1,
      trial: trial.name,
      values: trial.values,
      asked: trial.asked,
      seconds: Number(spent.toFixed(1)),
      state,
      failure,
    };
    await makeFolder(run);
    await writeFileAtomic(join(run, TRIAL_FILE), `${JSON.stringify(stored, null, 2)}\n`);
  };
  await write("begun", null);
  try {
    const { finished } = await trainRun({
      ...options,
      config: trial.config,
      out: run,
      resume,
      overwrite,
      test: false,
    });
    await write(finished ? "trained" : "begun", null);
    return finished;
  } catch (error) {
    if (!(error instanceof HipError) || error.code !== "config") throw error;
    options.stderr.write(asTyped(`warning: ${trial.name} failed: ${error.message}\n`));
    await write("failed", error.message);
    return true;
  }
}

/** What a trial came to. @throws HipError "bad-dataset" where it is not at its end */
export async function outcomeOfTrial(out: string, name: string): Promise<TrialOutcome> {
  const run = join(out, name);
  const stored = await readTrial(run);
  const metrics = await readMetrics(run);
  if (
    stored === undefined ||
    stored.state === "begun" ||
    (stored.state === "trained" && metrics === undefined)
  ) {
    throw new HipError("bad-dataset", `Cannot rank the trials: "${run}" is not trained to its end`, {
      hint: "Run the command again with --resume, or its shard again",
    });
  }
  const { values, seconds, failure } = stored;
  if (failure !== null)
    return { name, values, seconds, failure, steps: null, minutes: null, tooShort: null, metrics: null };
  const { steps = null, minutes = null } = (await storedConfig(run)) ?? {};
  const tooShort = (await tooShortRun(run)) ?? null;
  return { name, values, seconds, failure, steps, minutes, tooShort, metrics: metrics ?? null };
}
