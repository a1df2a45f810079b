/** `hipmri train --sweep`: a run folder for each trial, and their ranking by the validation patients, never the test's. */
import { resolve } from "node:path";
import { z } from "zod";
import { formatDuration } from "../../core/duration.ts";
import { HipError } from "../../core/errors.ts";
import { flattenConfig } from "../../report/format.ts";
import { describeValues, type SweepRanking } from "../../report/sweep.ts";
import { makeFolder } from "../atomic.ts";
import {
  commandOf,
  inItemOrder,
  openShard,
  readShardFile,
  type ShardDone,
  type ShardJob,
  type ShardRequest,
  type ShardSet,
} from "../shard-store.ts";
import { commandLine } from "../shell.ts";
import { describeCases } from "./listed-cases.ts";
import { readModelFile } from "./model-file.ts";
import type { SweepPlan } from "./sweep-plan.ts";
import { rankSweep } from "./sweep-ranking.ts";
import { removeSteps, sharedSteps } from "./sweep-steps.ts";
import { startOfTrial, type TrialStart, trainTrial } from "./sweep-trial.ts";
import type { TrainRunOptions } from "./train-options.ts";

export interface TrainSweepOptions
  extends Omit<TrainRunOptions, "config" | "test" | "partOf" | "measureSteps"> {
  readonly plan: SweepPlan;
  /** Trains its share of the trials, and leaves OUT/shards/I-of-N.json for mergeSweep(). */
  readonly shard?: ShardRequest | undefined;
}

export interface SweepSummary {
  /** All trials that were asked for are at their end. */
  readonly finished: boolean;
  /** How many of them are. */
  readonly done: number;
  readonly ranking: SweepRanking | undefined;
  readonly seconds: number;
  readonly files: readonly string[];
  readonly run: string;
  /** Where only a share of the trials was asked for: then nothing is ranked yet. */
  readonly shard?: ShardDone;
}

/** What merge needs to know. */
const schema = z.strictObject({
  trials: z.array(z.string()),
  keys: z.array(
    z.strictObject({ key: z.string(), kind: z.enum(["list", "range"]), scale: z.enum(["linear", "log"]) }),
  ),
  data: z.string(),
  seed: z.int().min(0),
  seconds: z.number(),
});

async function jobOf({ plan, data, layout, device }: TrainSweepOptions): Promise<ShardJob> {
  const { base, axes, wanted, trials } = plan;
  return {
    verb: "train --sweep",
    options: {
      "--device": device,
      "--trials": wanted,
      data: await describeCases(data, { plane: base.input.plane, layout }),
      ...Object.fromEntries(Object.entries(axes).map(([key, text]) => [`--sweep ${key}`, text])),
      ...Object.fromEntries(flattenConfig(base)),
    },
    items: trials.map(({ name }) => ({ id: name, size: 1 })),
  };
}

/**
 * Whether a sweep can be trained, as far as that shows before cases are read; changes nothing.
 * @throws HipError as openData(); what reading a model to start from throws
 */
export async function checkSweep({
  plan,
  data,
  layout,
}: Pick<TrainSweepOptions, "plan" | "data" | "layout">): Promise<void> {
  const models = new Set([plan.base, ...plan.trials.map(({ config }) => config)].map((c) => c.finetune.from));
  for (const from of models) if (from !== null) await readModelFile(from);
  await describeCases(data, { plane: plan.base.input.plane, layout });
}

/** Trains trials in their order. @returns how many came to their end: fewer where training was stopped */
async function trainAll(options: TrainSweepOptions, starts: readonly TrialStart[]): Promise<number> {
  const { stderr, out, device } = options;
  const measureSteps = sharedSteps(out, device);
  const isQuiet = options.quiet ?? false;
  const started = performance.now();
  let trained = 0;
  for (const [i, start] of starts.entries()) {
    const { trial, run, isDone } = start;
    if (!isQuiet && !isDone) {
      const left =
        trained === 0
          ? ""
          : `; about ${formatDuration(((performance.now() - started) / 1000 / trained) * starts.slice(i).filter((each) => !each.isDone).length)} left`;
      stderr.write(`\nTrial ${i + 1} of ${starts.length}: ${run} (${describeValues(trial.values)})${left}\n`);
    }
    if (!(await trainTrial(start, { ...options, measureSteps }))) return i;
    if (!isDone) trained++;
  }
  return starts.length;
}

async function trainSweepShard(options: TrainSweepOptions, request: ShardRequest): Promise<SweepSummary> {
  const { out, plan, overwrite } = options;
  const started = performance.now();
  const job = await jobOf(options);
  const task = await openShard(out, { ...request, overwrite }, job);
  const own = task.places.map((place) => plan.trials[place]!);
  const summary = (done: number): SweepSummary => ({
    finished: done === own.length,
    done,
    ranking: undefined,
    seconds: (performance.now() - started) / 1000,
    files: [],
    run: out,
    shard: { ...task.done, isDoneBefore: false },
  });
  const starts = await Promise.all(
    own.map((trial) => startOfTrial(out, trial, { resume: false, overwrite, isShard: true })),
  );
  if (task.isDone && starts.every(({ isDone }) => isDone)) {
    await readShardFile(task.path);
    return { ...summary(own.length), shard: task.done };
  }
  await makeFolder(out);
  const made = summary(await trainAll(options, starts));
  if (made.finished) {
    await task.write({
      trials: own.map(({ name }) => name),
      keys: [...plan.keys],
      data: resolve(options.data),
      seed: plan.base.seed,
      seconds: made.seconds,
    } satisfies z.infer<typeof schema>);
  }
  return made;
}

/**
 * Trains every trial, or goes on with those that are not at their end, and ranks them.
 * @throws HipError "usage" where OUT holds other runs and neither resume nor overwrite is set; what trainRun() throws,
 *   but for settings with which nothing can be learnt: such a trial is ranked last
 */
export async function trainSweep(options: TrainSweepOptions): Promise<SweepSummary> {
  const { out, plan, resume, overwrite, shard } = options;
  if (shard !== undefined) return trainSweepShard(options, shard);
  const started = performance.now();
  if (resume && overwrite) {
    throw new HipError("usage", "Cannot both resume and overwrite a sweep", {
      hint: "Give either --resume or --overwrite",
    });
  }
  const starts: TrialStart[] = [];
  // All are looked at before the first is trained.
  for (const trial of plan.trials)
    starts.push(await startOfTrial(out, trial, { resume, overwrite, isShard: false }));
  await makeFolder(out);
  if (overwrite) await removeSteps(out);
  const done = await trainAll(options, starts);
  const seconds = (performance.now() - started) / 1000;
  if (done < starts.length)
    return { finished: false, done, ranking: undefined, seconds, files: [], run: out };
  const ranked = await rankSweep({
    out,
    data: options.data,
    trials: plan.trials.map(({ name }) => name),
    keys: plan.keys,
    seed: plan.base.seed,
    command: options.command,
    time: { name: "Time of this session", seconds },
  });
  return { finished: true, done, ...ranked, seconds, run: out };
}

/** What `hipmri train --sweep` makes at its end. @throws HipError as rankSweep() */
export async function mergeSweep({ out, files }: ShardSet): Promise<SweepSummary> {
  const shards = files.map(({ result }) => schema.parse(result));
  const [first] = shards;
  const seconds = shards.reduce((sum, shard) => sum + shard.seconds, 0);
  const trials = inItemOrder(
    files,
    shards.map((shard) => shard.trials),
  );
  const ranked = await rankSweep({
    out,
    data: first!.data,
    trials,
    keys: first!.keys,
    seed: first!.seed,
    command: commandLine(["hipmri", ...(commandOf(files) ?? ["merge", out])]),
    time: { name: "Time of all shards together", seconds },
  });
  return { finished: true, done: trials.length, ...ranked, seconds, run: out };
}
