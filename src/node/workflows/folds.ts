/**
 * `hipmri train --folds`: one network for each fold of the patients, each judged on the fold that it did not learn from,
 * and their ensemble as one model.onnx. Every fold is a run folder of its own, so that folds stop and resume as runs do.
 */
import { join } from "node:path";
import { formatDuration } from "../../core/duration.ts";
import { HipError } from "../../core/errors.ts";
import { patientsOf, splitByPatient } from "../../dataset/split.ts";
import type { TrainConfig } from "../../train/config.ts";
import { makeFolder } from "../atomic.ts";
import { checkRunFolder, RUN_FILES } from "../run-folder.ts";
import { joinFolds, removeTest } from "./folds-join.ts";
import { type DoneFold, type FoldsSummary, foldFolder, type TrainFoldsOptions } from "./folds-options.ts";
import { configOfFold, firstConfig, readPlan, removePlan } from "./folds-plan.ts";
import { trainFoldsShard } from "./folds-shard.ts";
import { readModelFile } from "./model-file.ts";
import { openTrainingData } from "./read-cases.ts";
import { type RunSource, readRunOf } from "./run-source.ts";
import { storedConfig, trainRun } from "./train.ts";

export { type FoldsSummary, foldFolder, type TrainFoldsOptions } from "./folds-options.ts";

/** Every other fold takes what the first one planned, whether or not the folds were trained in one go. */
async function laterConfig(first: string, fold: number): Promise<TrainConfig> {
  const stored = await storedConfig(first);
  if (stored === undefined) throw new Error(`internal: "${first}" has no configuration`);
  return configOfFold(stored, fold);
}

/** What folds are, before they are trained. */
type AskedFolds = Pick<TrainFoldsOptions, "data" | "layout" | "config" | "folds" | "test">;

/** Those whom the first fold will keep out. @throws HipError of data that cannot be opened or shared out */
async function testPatients(options: AskedFolds): Promise<readonly string[]> {
  const { seed, input, split } = firstConfig(options);
  const { index } = await openTrainingData(options, { plane: input.plane });
  return patientsOf(splitByPatient(index, { ...split, seed: split.seed ?? seed }).test);
}

/**
 * Whether folds can be trained, as far as that shows before cases are read; changes nothing.
 * @throws HipError as openData(); "bad-dataset" of too few patients; "usage" where nobody is left to test on; what
 *   reading the model to start from throws
 */
export async function checkFolds(options: AskedFolds): Promise<void> {
  const { from } = options.config.finetune;
  if (from !== null) await readModelFile(from);
  if (options.test) await checkTestable(options, undefined);
  else await testPatients(options);
}

/** @throws HipError "usage" where at the end there would be nobody to test the ensemble on */
async function checkTestable(options: AskedFolds, begun: RunSource | undefined): Promise<void> {
  const { split } = begun?.config ?? firstConfig(options);
  const kept = begun?.patients.test ?? (await testPatients(options));
  const isKept = kept.length > 0;
  if (isKept && split.trainPatients === null) return;
  const why = isKept
    ? "split.trainPatients leaves patients in no split"
    : "no patient is kept out of all folds";
  throw new HipError("usage", `Cannot test the ensemble: ${why}`, {
    hint:
      begun === undefined
        ? "Leave --test out, or set split.testFraction above 0 and no split.trainPatients"
        : "Leave --test out, or start anew with --test and --overwrite",
  });
}

/** @throws what trainRun() throws; HipError "usage" where the folder has a run and neither resume nor overwrite is set */
export async function trainFolds(options: TrainFoldsOptions): Promise<FoldsSummary> {
  const { out, folds, config, resume, overwrite, stderr, shard } = options;
  if (shard !== undefined) {
    if (options.test) await checkTestable(options, undefined);
    return trainFoldsShard(options, shard);
  }
  const started = performance.now();
  const runs = Array.from({ length: folds }, (_, fold) => foldFolder(out, fold));
  const begun = new Set<string>();
  for (const run of runs) {
    const files = await checkRunFolder(run, { resume, overwrite });
    if (files.length > 0) begun.add(run);
  }
  if (options.test) {
    await checkTestable(options, resume ? await readRunOf(join(runs[0]!, RUN_FILES.model)) : undefined);
  }
  await makeFolder(out);
  if (overwrite) {
    await removeTest(out);
    await removePlan(out);
  }
  // Where shards were begun, their plan holds.
  const plan = await readPlan(out);
  const seconds = (): number => (performance.now() - started) / 1000;
  const done: DoneFold[] = [];
  let isNew = false;
  for (const [fold, run] of runs.entries()) {
    if (!(options.quiet ?? false)) stderr.write(`\nFold ${fold + 1} of ${folds}: ${run}\n`);
    const own = fold === 0 ? firstConfig(options) : await laterConfig(runs[0]!, fold);
    const summary = await trainRun({
      ...options,
      out: run,
      resume: resume && begun.has(run),
      config: plan === undefined ? own : configOfFold(plan, fold),
      test: false,
      partOf: { count: folds, test: options.test },
    });
    if (!summary.finished) {
      return {
        finished: false,
        folds: done,
        seconds: seconds(),
        metrics: undefined,
        test: undefined,
        files: [],
        run: out,
      };
    }
    isNew ||= !summary.alreadyFinished;
    done.push({ run, foregroundDice: summary.foregroundDice });
    if (!(options.quiet ?? false) && fold + 1 < folds) {
      const left = (seconds() / (fold + 1)) * (folds - fold - 1);
      stderr.write(`Fold ${fold + 1} of ${folds} is done; about ${formatDuration(left)} for the others\n`);
    }
  }
  return joinFolds(done, {
    ...options,
    seed: config.seed,
    isNew,
    time: () => ({ name: "Time of this session", seconds: seconds() }),
  });
}
