/**
 * `hipmri train --folds`: one network for each fold of the patients, each judged on the fold that it did not learn from,
 * and their ensemble as one model.onnx. Every fold is a run folder of its own, so that folds stop and resume as runs do.
 */
import { join } from "node:path";
import { HipError } from "../../core/errors.ts";
import { patientsOf, splitByPatient } from "../../dataset/split.ts";
import { aggregate } from "../../metrics/aggregate.ts";
import type { Metrics } from "../../metrics/types.ts";
import type { TrainConfig } from "../../train/config.ts";
import { makeFolder, removePath, writeFileAtomic } from "../atomic.ts";
import { formatDuration, withProgress } from "../progress.ts";
import { checkRunFolder, RUN_FILES, removeRun } from "../run-folder.ts";
import { evaluate } from "./evaluate.ts";
import { readMetrics } from "./finish.ts";
import { writeEnsemble } from "./fold-ensemble.ts";
import { writeFoldsReport } from "./folds-report.ts";
import { openData } from "./open-data.ts";
import { type RunSource, readRunOf } from "./run-source.ts";
import { storedConfig, trainRun } from "./train.ts";
import type { TrainRunOptions } from "./train-options.ts";

export interface TrainFoldsOptions extends TrainRunOptions {
  readonly folds: number;
}

export interface FoldsSummary {
  readonly finished: boolean;
  readonly folds: readonly { readonly run: string; readonly foregroundDice: number | null }[];
  readonly seconds: number;
  /** Of every patient, by the network that did not learn from him or her. */
  readonly metrics: Metrics | undefined;
  /** Of the patients whom no fold saw, by the ensemble; where that was asked for. */
  readonly test: Metrics | undefined;
  readonly files: readonly string[];
  readonly run: string;
}

/** Where a fold's run lies; folds are counted from 0, as nnU-Net counts them. */
export const foldFolder = (out: string, fold: number): string => join(out, `fold_${fold}`);

/**
 * The configuration of the first fold. The last weights are kept: were the best on the fold's patients kept, these
 * patients would have had a say in the network that they are to judge.
 */
function firstConfig({ config, folds, test }: TrainFoldsOptions): TrainConfig {
  const seed = config.split.seed ?? config.seed;
  // Without a test at the end, nobody is kept out of all folds but those whom the layout keeps.
  const testFraction = test ? config.split.testFraction : 0;
  return { ...config, keep: "last", split: { ...config.split, seed, testFraction, folds, fold: 0 } };
}

/**
 * Every other fold takes what the first one planned, so that all networks are alike and all share out the patients in
 * the same way, whether or not the folds were trained in one go.
 */
async function laterConfig(first: string, fold: number): Promise<TrainConfig> {
  const stored = await storedConfig(first);
  if (stored === undefined) throw new Error(`internal: "${first}" has no configuration`);
  return { ...stored, split: { ...stored.split, fold } };
}

/** Those whom the first fold will keep out. */
async function testPatients(options: TrainFoldsOptions): Promise<readonly string[]> {
  const { seed, input, split } = firstConfig(options);
  const { index } = await openData(options.data, { plane: input.plane, layout: options.layout });
  return patientsOf(splitByPatient(index, { ...split, seed: split.seed ?? seed }).test);
}

/** @throws HipError "usage" where at the end there would be nobody to test the ensemble on */
async function checkTestable(options: TrainFoldsOptions, begun: RunSource | undefined): Promise<void> {
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
  const { out, folds, config, resume, overwrite, stderr } = options;
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
  if (overwrite) await removeTest(out);
  const seconds = (): number => (performance.now() - started) / 1000;
  const done: { readonly run: string; readonly foregroundDice: number | null }[] = [];
  let isNew = false;
  for (const [fold, run] of runs.entries()) {
    if (!(options.quiet ?? false)) stderr.write(`\nFold ${fold + 1} of ${folds}: ${run}\n`);
    const summary = await trainRun({
      ...options,
      out: run,
      resume: resume && begun.has(run),
      config: fold === 0 ? firstConfig(options) : await laterConfig(runs[0]!, fold),
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
  const metrics = await joinMetrics(runs, config.seed);
  let model = await writeEnsemble({ out, runs, metrics, test: undefined });
  const tested = options.test ? await testEnsemble(options, { model, isNew }) : undefined;
  // The card tells what the test found.
  if (tested !== undefined) model = await writeEnsemble({ out, runs, metrics, test: tested.metrics });
  const files = [
    model,
    join(out, RUN_FILES.metrics),
    ...(await writeFoldsReport({
      out,
      runs: done,
      metrics,
      test: tested?.metrics,
      command: options.command,
      seconds: seconds(),
    })),
    ...(tested?.files ?? []),
  ];
  await writeFileAtomic(join(out, RUN_FILES.metrics), `${JSON.stringify(metrics, null, 2)}\n`);
  return {
    finished: true,
    folds: done,
    seconds: seconds(),
    metrics,
    test: tested?.metrics,
    files,
    run: out,
  };
}

const TEST_FOLDER = "test";

/** What an earlier ensemble was judged as. */
async function removeTest(out: string): Promise<void> {
  await removeRun(join(out, TEST_FOLDER), [RUN_FILES.metrics, RUN_FILES.report]);
  await removePath(join(out, RUN_FILES.testLooks));
}

/** OUT/test: the ensemble judged on the patients whom no fold saw; once, as long as no fold is trained anew. */
async function testEnsemble(
  { data, layout, out, stderr, quiet }: TrainFoldsOptions,
  { model, isNew }: { readonly model: string; readonly isNew: boolean },
): Promise<{ readonly metrics: Metrics; readonly files: readonly string[] }> {
  const folder = join(out, TEST_FOLDER);
  const known = isNew ? undefined : await readMetrics(folder);
  if (known !== undefined) return { metrics: known, files: [] };
  const line = { label: "Testing the ensemble", isQuiet: quiet ?? false };
  return withProgress(stderr, line, (update) =>
    evaluate({
      model,
      data,
      layout,
      split: "test",
      out: folder,
      warn: (text) => stderr.write(`warning: ${text}\n`),
      onProgress: ({ done, total }) => update(done, total),
    }),
  );
}

/** The cases of all folds as one set: each patient was judged once. */
async function joinMetrics(runs: readonly string[], seed: number): Promise<Metrics> {
  const all: Metrics[] = [];
  for (const run of runs) {
    const metrics = await readMetrics(run);
    if (metrics === undefined) {
      throw new HipError("bad-dataset", `Cannot join the folds: "${run}" has no ${RUN_FILES.metrics}`, {
        hint: "Run the command again with --resume",
      });
    }
    all.push(metrics);
  }
  await checkShares(runs);
  const [first] = all;
  const labels = first!.labels.map(({ id, name }) => ({ id, name }));
  const cases = all.flatMap((metrics) => metrics.cases).sort((a, b) => (a.id < b.id ? -1 : 1));
  return aggregate(cases, { split: "validate", labels: [{ id: 0, name: "background" }, ...labels], seed });
}

/** @throws HipError "bad-dataset" where folds do not share out the same patients: one would be learnt from and judged */
async function checkShares(runs: readonly string[]): Promise<void> {
  const sources = await Promise.all(runs.map((run) => readRunOf(join(run, RUN_FILES.model))));
  const listed = (patients: readonly string[] | undefined): string => [...(patients ?? [])].sort().join(", ");
  const judged = sources.flatMap((source) => source?.patients.validate ?? []);
  const isShared =
    new Set(judged).size === judged.length &&
    sources.every((source) => listed(source?.patients.test) === listed(sources[0]?.patients.test));
  if (isShared) return;
  throw new HipError(
    "bad-dataset",
    "Cannot join the folds: they must share out the same patients, each judged once and the same ones kept for testing",
    { hint: "Start anew with --overwrite" },
  );
}
