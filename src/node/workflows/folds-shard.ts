/** A share of `hipmri train --folds`: some of the folds, by the plan that all share; and what merge makes of all. */
import { resolve } from "node:path";
import { z } from "zod";
import { HipError } from "../../core/errors.ts";
import { LAYOUT_NAMES } from "../../dataset/layouts.ts";
import { flattenConfig } from "../../report/format.ts";
import type { TrainConfig } from "../../train/config.ts";
import { asTyped } from "../as-typed.ts";
import { makeFolder } from "../atomic.ts";
import { checkRunFolder } from "../run-folder.ts";
import {
  commandOf,
  describeJob,
  differences,
  inItemOrder,
  openShard,
  readShardFile,
  type ShardJob,
  type ShardRequest,
  type ShardSet,
} from "../shard-store.ts";
import { commandLine } from "../shell.ts";
import { readMetrics } from "./finish.ts";
import { joinFolds } from "./folds-join.ts";
import {
  type DoneFold,
  type FoldsSummary,
  foldFolder,
  foldName,
  type TrainFoldsOptions,
} from "./folds-options.ts";
import { configOfFold, firstConfig, sharedPlan } from "./folds-plan.ts";
import { describeCases } from "./listed-cases.ts";
import { storedConfig, trainRun } from "./train.ts";

/** What merge needs to know. */
const schema = z.strictObject({
  folds: z.array(z.strictObject({ fold: z.int().min(0), foregroundDice: z.number().nullable() })),
  data: z.string(),
  layout: z.enum(LAYOUT_NAMES).nullable(),
  test: z.boolean(),
  seed: z.int().min(0),
  seconds: z.number(),
});

/** Every setting and every case bears on the result. */
async function jobOf(options: TrainFoldsOptions): Promise<ShardJob> {
  const { data, layout, folds, test, device } = options;
  const config = firstConfig(options);
  const { fold: _, ...split } = config.split;
  return {
    verb: "train --folds",
    options: {
      "--folds": folds,
      "--test": test || undefined,
      "--device": device,
      data: await describeCases(data, { plane: config.input.plane, layout }),
      ...Object.fromEntries(flattenConfig({ ...config, split })),
    },
    items: Array.from({ length: folds }, (_unused, fold) => ({ id: foldName(fold), size: 1 })),
  };
}

/**
 * Whether a fold's run folder is to be gone on with. In a share, whose task may be started again by a cluster, that needs
 * no --resume; what is replaced by --overwrite are runs of other jobs.
 * @throws HipError "usage" where it holds a run of another job and `overwrite` is not set
 */
async function isBegun(
  run: string,
  config: TrainConfig,
  overwrite: boolean,
): Promise<{ readonly resume: boolean; readonly overwrite: boolean }> {
  const files = await checkRunFolder(run, { resume: true });
  if (files.length === 0) return { resume: false, overwrite: false };
  const stored = await storedConfig(run);
  const aboutOf = (settings: TrainConfig) => ({ about: Object.fromEntries(flattenConfig(settings)) });
  const problems = stored === undefined ? [] : differences(aboutOf(stored), aboutOf(config));
  if (problems.length === 0) return { resume: true, overwrite: false };
  if (overwrite) return { resume: false, overwrite: true };
  throw new HipError("usage", `Folder "${run}" holds a run of another training`, {
    problems,
    hint: "Give another folder with --out, or replace it with --overwrite",
  });
}

/**
 * Trains the folds of a share, one after the other, and leaves OUT/shards/I-of-N.json for mergeFolds().
 * @throws what trainFolds() throws; HipError "usage" where OUT holds shards, a plan or runs of another job
 */
export async function trainFoldsShard(
  options: TrainFoldsOptions,
  request: ShardRequest,
): Promise<FoldsSummary> {
  const { out, folds, overwrite, stderr } = options;
  const isQuiet = options.quiet ?? false;
  const started = performance.now();
  const job = await jobOf(options);
  const task = await openShard(out, { ...request, overwrite }, job);
  const { places } = task;
  const summary = (done: readonly DoneFold[]): FoldsSummary => ({
    finished: done.length === places.length,
    folds: done,
    seconds: (performance.now() - started) / 1000,
    metrics: undefined,
    test: undefined,
    files: [],
    run: out,
    shard: { ...task.done, isDoneBefore: false },
  });
  if (task.isDone) {
    const before = await readBefore(task.path, out);
    if (before !== undefined) return { ...summary(before), finished: true, shard: task.done };
  }
  await makeFolder(out);
  const warn = (text: string): void => {
    stderr.write(asTyped(`warning: ${text}\n`));
  };
  const done: DoneFold[] = [];
  if (places.length > 0) {
    const plan = await sharedPlan(options, describeJob(job), { overwrite, warn });
    for (const fold of places) {
      const run = foldFolder(out, fold);
      const config = configOfFold(plan, fold);
      if (!isQuiet) stderr.write(`\nFold ${fold + 1} of ${folds}: ${run}\n`);
      const how = await isBegun(run, config, overwrite);
      const { finished, foregroundDice } = await trainRun({
        ...options,
        ...how,
        out: run,
        config,
        test: false,
      });
      if (!finished) return summary(done);
      done.push({ run, foregroundDice });
    }
  }
  const made = summary(done);
  await task.write({
    folds: places.map((fold, i) => ({ fold, foregroundDice: done[i]!.foregroundDice })),
    data: resolve(options.data),
    layout: options.layout ?? null,
    test: options.test,
    seed: options.config.seed,
    seconds: made.seconds,
  } satisfies z.infer<typeof schema>);
  return made;
}

/** The folds that the share has trained; undefined where one of them is gone. */
async function readBefore(path: string, out: string): Promise<readonly DoneFold[] | undefined> {
  const { result } = await readShardFile(path);
  const folds = schema
    .parse(result)
    .folds.map(({ fold, foregroundDice }) => ({ run: foldFolder(out, fold), foregroundDice }));
  const metrics = await Promise.all(folds.map(({ run }) => readMetrics(run)));
  return metrics.includes(undefined) ? undefined : folds;
}

/**
 * What `hipmri train --folds` makes at its end: the ensemble, metrics.json, report.html and the test that was asked for.
 * @throws HipError as joinFolds(); "not-found" where the data that tests is not where the shards had it
 */
export async function mergeFolds({ out, files, warn }: ShardSet): Promise<FoldsSummary> {
  const shards = files.map(({ result }) => schema.parse(result));
  const [first] = shards;
  const { data, layout, test, seed } = first!;
  const done = inItemOrder(
    files,
    shards.map(({ folds }) => folds),
  ).map(({ fold, foregroundDice }) => ({ run: foldFolder(out, fold), foregroundDice }));
  const seconds = shards.reduce((sum, shard) => sum + shard.seconds, 0);
  return joinFolds(done, {
    data,
    layout: layout ?? undefined,
    out,
    test,
    seed,
    command: commandLine(["hipmri", ...(commandOf(files) ?? ["merge", out])]),
    stderr: process.stderr,
    quiet: warn === undefined,
    time: () => ({ name: "Time of all shards together", seconds }),
  });
}
