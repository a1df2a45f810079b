/** Finished folds made into one: every patient judged out of fold, the ensemble, and its test where that was asked for. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { HipError } from "../../core/errors.ts";
import type { LayoutName } from "../../dataset/types.ts";
import { aggregate } from "../../metrics/aggregate.ts";
import type { Metrics } from "../../metrics/types.ts";
import { withWarning } from "../../metrics/warnings.ts";
import { asTyped } from "../as-typed.ts";
import { removePath, writeFileAtomic } from "../atomic.ts";
import { withProgress } from "../progress.ts";
import { RUN_FILES, removeRun } from "../run-folder.ts";
import { evaluate } from "./evaluate.ts";
import { readMetrics } from "./finish.ts";
import { writeEnsemble } from "./fold-ensemble.ts";
import type { DoneFold, FoldsSummary } from "./folds-options.ts";
import { writeFoldsReport } from "./folds-report.ts";
import { readRunOf } from "./run-source.ts";
import { tooShortRun } from "./short-run.ts";

export interface JoinFoldsOptions {
  readonly data: string;
  readonly layout?: LayoutName | undefined;
  readonly out: string;
  readonly test: boolean;
  /** Of the bootstrap. */
  readonly seed: number;
  readonly command: string;
  readonly stderr: NodeJS.WriteStream;
  readonly quiet?: boolean | undefined;
  /** A fold was trained anew; undefined: told by whether the ensemble is another one. */
  readonly isNew?: boolean | undefined;
  /** Seconds that the folds took, with what the report calls them. */
  readonly time: () => { readonly name: string; readonly seconds: number };
}

/**
 * Writes the ensemble, metrics.json and report.html of folds that are all finished.
 * @throws HipError "bad-dataset" where one is not, or where they do not share out the same patients; "bad-model", "disk"
 */
export async function joinFolds(done: readonly DoneFold[], options: JoinFoldsOptions): Promise<FoldsSummary> {
  const { out } = options;
  const runs = done.map(({ run }) => run);
  const metrics = await joinMetrics(runs, options.seed);
  const ensemble = { out, runs, metrics };
  const known = options.test && options.isNew !== true ? await knownTest(options, ensemble) : undefined;
  let model = await writeEnsemble({ ...ensemble, test: known });
  let tested = known === undefined ? undefined : { metrics: known, files: [] as readonly string[] };
  if (options.test && tested === undefined) {
    tested = await testEnsemble(options, model);
    // The card tells what the test found.
    model = await writeEnsemble({ ...ensemble, test: tested.metrics });
  }
  const time = options.time();
  const files = [
    model,
    join(out, RUN_FILES.metrics),
    ...(await writeFoldsReport({
      out,
      runs: done,
      metrics,
      test: tested?.metrics,
      command: options.command,
      time,
    })),
    ...(tested?.files ?? []),
  ];
  await writeFileAtomic(join(out, RUN_FILES.metrics), `${JSON.stringify(metrics, null, 2)}\n`);
  return {
    finished: true,
    folds: done,
    seconds: time.seconds,
    metrics,
    test: tested?.metrics,
    files,
    run: out,
  };
}

const TEST_FOLDER = "test";

/** What an earlier ensemble was judged as. */
export async function removeTest(out: string): Promise<void> {
  await removeRun(join(out, TEST_FOLDER), [RUN_FILES.metrics, RUN_FILES.report]);
  await removePath(join(out, RUN_FILES.testLooks));
}

/** What the test found of the very ensemble that these folds make: test patients are not looked at again for it. */
async function knownTest(
  { out, isNew }: JoinFoldsOptions,
  ensemble: Omit<Parameters<typeof writeEnsemble>[0], "test">,
): Promise<Metrics | undefined> {
  const test = await readMetrics(join(out, TEST_FOLDER));
  if (test === undefined || isNew === false) return test;
  const path = join(out, RUN_FILES.model);
  const before = await readFile(path).catch(() => undefined);
  if (before === undefined) return undefined;
  await writeEnsemble({ ...ensemble, test });
  return Buffer.compare(await readFile(path), before) === 0 ? test : undefined;
}

/** OUT/test: the ensemble judged on the patients whom no fold saw. */
async function testEnsemble(
  { data, layout, out, stderr, quiet }: JoinFoldsOptions,
  model: string,
): Promise<{ readonly metrics: Metrics; readonly files: readonly string[] }> {
  const line = { label: "Testing the ensemble", isQuiet: quiet ?? false };
  return withProgress(stderr, line, (update) =>
    evaluate({
      model,
      data,
      layout,
      split: "test",
      out: join(out, TEST_FOLDER),
      warn: (text) => stderr.write(asTyped(`warning: ${text}\n`)),
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
  const joined = aggregate(cases, {
    split: "validate",
    labels: [{ id: 0, name: "background" }, ...labels],
    seed,
  });
  return withWarning(joined, await shortFolds(runs));
}

/** Where folds were trained too short, how many, and by how much the first of them. */
async function shortFolds(runs: readonly string[]): Promise<string | undefined> {
  const short = (await Promise.all(runs.map(tooShortRun))).filter((each) => each !== undefined);
  return short.length === 0 ? undefined : `${short.length} of ${runs.length} folds were ${short[0]}`;
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
