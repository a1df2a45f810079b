/**
 * The plan that all folds share. One process makes it with its first fold; shards run at once and cannot wait for one
 * another, so there OUT/plan.json holds it, made once by whichever comes first.
 */
import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { HipError } from "../../core/errors.ts";
import { type FittedConfig, parseConfig, type TrainConfig } from "../../train/config.ts";
import { type Measured, planSteps } from "../../train/plan.ts";
import { shortMinutes } from "../../train/too-short.ts";
import { makeTrainer } from "../../train/trainer.ts";
import { makeFolder, removePath, writeFileOnce } from "../atomic.ts";
import { chooseRuntime } from "../device.ts";
import { differences, type ShardHead } from "../shard-store.ts";
import { readSharedJson } from "../shared-json.ts";
import { VERSION } from "../version.ts";
import { foldFolder, type TrainFoldsOptions } from "./folds-options.ts";
import { type Prepared, prepare } from "./prepare.ts";
import { storedConfig } from "./train.ts";

const PLAN_FILE = "plan.json";

/**
 * The configuration of the first fold. The last weights are kept: were the best on the fold's patients kept, these
 * patients would have had a say in the network that they are to judge.
 */
export function firstConfig({
  config,
  folds,
  test,
}: Pick<TrainFoldsOptions, "config" | "folds" | "test">): TrainConfig {
  const seed = config.split.seed ?? config.seed;
  // Without a test at the end, nobody is kept out of all folds but those whom the layout keeps.
  const testFraction = test ? config.split.testFraction : 0;
  return { ...config, keep: "last", split: { ...config.split, seed, testFraction, folds, fold: 0 } };
}

/** The same plan for another fold: all networks are alike, and all share out the patients in the same way. */
export const configOfFold = (plan: TrainConfig, fold: number): TrainConfig => ({
  ...plan,
  split: { ...plan.split, fold },
});

const schema = z.strictObject({
  format: z.literal(1),
  version: z.string(),
  /** As of shard results. */
  job: z.string(),
  about: z.record(z.string(), z.string()),
  config: z.unknown(),
});

interface StoredPlan extends Pick<ShardHead, "job" | "about"> {
  /** Of the first fold. */
  readonly config: TrainConfig;
}

/** @returns undefined where there is none @throws HipError "config" where it cannot be read */
async function readStored(path: string): Promise<StoredPlan | undefined> {
  const { isThere, value } = await readSharedJson(path);
  if (!isThere) return undefined;
  const { success, data } = schema.safeParse(value);
  if (!success) {
    throw new HipError(
      "config",
      `Cannot read the plan of the folds "${path}": it is none, or was cut short`,
      {
        hint: "Remove the file: the next task makes it anew",
      },
    );
  }
  return { job: data.job, about: data.about, config: parseConfig(data.config, `"${path}"`) };
}

/** The plan that shards of these folds share; undefined where none were begun. @throws HipError "config" */
export const readPlan = async (out: string): Promise<TrainConfig | undefined> =>
  (await readStored(join(out, PLAN_FILE)))?.config;

/** @throws HipError "disk" */
export const removePlan = (out: string): Promise<void> => removePath(join(out, PLAN_FILE));

/** Of the first fold, as a process that trains all folds makes it there. */
async function makePlan(options: TrainFoldsOptions, warn: (text: string) => void): Promise<FittedConfig> {
  const config = firstConfig(options);
  const prepared = await prepare({ ...options, test: false, warn }, config, undefined);
  if (!(options.quiet ?? false)) {
    for (const { key, value, because } of prepared.plan.reasons)
      options.stderr.write(`Planned   ${key} ${value}: ${because}\n`);
  }
  const slices = prepared.data.slices.length;
  if (config.minutes === null || config.steps !== null)
    return { ...prepared.config, ...planSteps(prepared.config, slices, { stepMs: 1, validationMs: 0 }) };
  const begun = await begunPlan(options, prepared);
  if (begun !== undefined) return begun;
  const measured = await measure(options, prepared, warn);
  const short = shortMinutes(prepared.config, slices, measured);
  if (short !== undefined) warn(short);
  return { ...prepared.config, ...planSteps(prepared.config, slices, measured) };
}

/** Folds that were begun without shards have turned the minutes into steps already. */
async function begunPlan({ out }: TrainFoldsOptions, { config }: Prepared) {
  const stored = await storedConfig(foldFolder(out, 0));
  if (stored === undefined || stored.steps === null || stored.stepsPerEpoch === null) return undefined;
  const { steps, stepsPerEpoch } = stored;
  const planned = { ...config, steps, stepsPerEpoch };
  return JSON.stringify(parseConfig(planned, PLAN_FILE)) === JSON.stringify(stored) ? planned : undefined;
}

async function measure(
  { device }: TrainFoldsOptions,
  prepared: Prepared,
  warn: (text: string) => void,
): Promise<Measured> {
  const { threads } = prepared.config;
  const runtime = await chooseRuntime({ device, threads, warn });
  const trainer = await makeTrainer({ ...prepared, runtime, resume: undefined });
  try {
    return await trainer.measure(() => performance.now());
  } finally {
    await trainer.dispose();
  }
}

/** Removes the plan of another job, and no other: another shard may have put the right one there meanwhile. */
async function removeAlien(path: string, job: string): Promise<void> {
  const aside = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}.old`;
  const isMoved = await rename(path, aside).then(
    () => true,
    () => false,
  );
  if (!isMoved) return;
  const moved = await readStored(aside).catch(() => undefined);
  if (moved?.job === job) await writeFileOnce(path, await readFile(aside, "utf8"));
  await removePath(aside);
}

/**
 * The plan of the first fold: the one in OUT/plan.json, else made now and put there, unless another shard was quicker;
 * then that one's holds.
 * @throws HipError "usage" where the plan there is of another job and `overwrite` is not set; what prepare() throws
 */
export async function sharedPlan(
  options: TrainFoldsOptions,
  job: Pick<ShardHead, "job" | "about">,
  { overwrite, warn }: { readonly overwrite: boolean; readonly warn: (text: string) => void },
): Promise<TrainConfig> {
  const { out } = options;
  const path = join(out, PLAN_FILE);
  for (;;) {
    const stored = await readStored(path);
    if (stored?.job === job.job) return stored.config;
    if (stored !== undefined && !overwrite) {
      throw new HipError("usage", `Folder "${out}" holds the folds of another job: "${path}"`, {
        problems: differences(stored, job),
        hint: "Give another folder with --out, or replace them with --overwrite",
      });
    }
    if (stored !== undefined) await removeAlien(path, job.job);
    const plan = { format: 1, version: VERSION, ...job, config: await makePlan(options, warn) };
    await makeFolder(out);
    await writeFileOnce(path, `${JSON.stringify(plan, null, 2)}\n`);
  }
}
