/**
 * `hipmri train --folds`: one network for each fold of the patients, each judged on the fold that it did not learn from,
 * and their ensemble as one model.onnx. Every fold is a run folder of its own, so that folds stop and resume as runs do.
 */
import { join } from "node:path";
import { HipError } from "../../core/errors.ts";
import { aggregate } from "../../metrics/aggregate.ts";
import type { Metrics } from "../../metrics/types.ts";
import type { TrainConfig } from "../../train/config.ts";
import { makeFolder, writeFileAtomic } from "../atomic.ts";
import { formatDuration } from "../progress.ts";
import { checkRunFolder, RUN_FILES } from "../run-folder.ts";
import { evaluate } from "./evaluate.ts";
import { readMetrics } from "./finish.ts";
import { writeEnsemble } from "./fold-ensemble.ts";
import { writeFoldsReport } from "./folds-report.ts";
import { trainRun } from "./train.ts";
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
 * The configuration of a fold. The last weights are kept: were the best on the fold's patients kept, these patients
 * would have had a say in the network that they are to judge.
 */
function foldConfig({ config, folds, test }: TrainFoldsOptions, fold: number): TrainConfig {
  const seed = config.split.seed ?? config.seed;
  // Without a test at the end, nobody is kept out of all folds but those whom the layout keeps.
  const testFraction = test ? config.split.testFraction : 0;
  return { ...config, keep: "last", split: { ...config.split, seed, testFraction, folds, fold } };
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
  await makeFolder(out);
  const seconds = (): number => (performance.now() - started) / 1000;
  const done: { readonly run: string; readonly foregroundDice: number | null }[] = [];
  for (const [fold, run] of runs.entries()) {
    if (!(options.quiet ?? false)) stderr.write(`\nFold ${fold + 1} of ${folds}: ${run}\n`);
    const summary = await trainRun({
      ...options,
      out: run,
      resume: resume && begun.has(run),
      config: foldConfig(options, fold),
      test: false,
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
    done.push({ run, foregroundDice: summary.foregroundDice });
    if (!(options.quiet ?? false) && fold + 1 < folds) {
      const left = (seconds() / (fold + 1)) * (folds - fold - 1);
      stderr.write(`Fold ${fold + 1} of ${folds} is done; about ${formatDuration(left)} for the others\n`);
    }
  }
  const metrics = await joinMetrics(runs, config.seed);
  const model = await writeEnsemble({ out, runs, metrics });
  const files = [
    model,
    join(out, RUN_FILES.metrics),
    ...(await writeFoldsReport({ out, runs: done, metrics, command: options.command, seconds: seconds() })),
  ];
  await writeFileAtomic(join(out, RUN_FILES.metrics), `${JSON.stringify(metrics, null, 2)}\n`);
  const tested = options.test ? await testEnsemble(options, model) : undefined;
  return {
    finished: true,
    folds: done,
    seconds: seconds(),
    metrics,
    test: tested?.metrics,
    files: [...files, ...(tested?.files ?? [])],
    run: out,
  };
}

/** OUT/test: the ensemble judged on the patients whom no fold saw. */
async function testEnsemble({ data, layout, out, stderr, quiet }: TrainFoldsOptions, model: string) {
  if (!(quiet ?? false)) stderr.write("\nJudging the ensemble on the test patients\n");
  return evaluate({ model, data, layout, split: "test", out: join(out, "test") });
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
  const [first] = all;
  const labels = first!.labels.map(({ id, name }) => ({ id, name }));
  const cases = all.flatMap((metrics) => metrics.cases).sort((a, b) => (a.id < b.id ? -1 : 1));
  return aggregate(cases, { split: "validate", labels: [{ id: 0, name: "background" }, ...labels], seed });
}
