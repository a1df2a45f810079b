/** `hipmri compare`: runs judged on the same cases, held against each other patient by patient. */
import { join, resolve } from "node:path";
import { HipError } from "../../core/errors.ts";
import { firstProblems } from "../../core/joined-errors.ts";
import { type ComparedMetric, type Comparison, compareRuns } from "../../report/comparison.ts";
import { differencesOf } from "../../report/comparison-checks.ts";
import { comparisonPage } from "../../report/comparison-page.ts";
import { checkOutFolder, writeResults } from "../out-folder.ts";
import { commandLine } from "../shell.ts";
import { recordTestLook } from "../test-looks.ts";
import { VERSION } from "../version.ts";
import { type ComparedSplit, type ReadRun, readRuns } from "./compare-inputs.ts";

export interface CompareRunsOptions {
  /** Run folders, folders of evaluate and score, or metrics.json files; the first is the baseline. */
  readonly runs: readonly string[];
  readonly out: string;
  /** Of run folders: default test where all have it, else validate. */
  readonly split?: ComparedSplit | undefined;
  /** Default Dice. */
  readonly metric?: ComparedMetric | undefined;
  /** Default: every run against the first. */
  readonly pairs?: "baseline" | "all" | undefined;
  /** Of bootstrap and permutation; 0 unless given. */
  readonly seed?: number | undefined;
  readonly warn?: (text: string) => void;
}

export interface ComparedRuns {
  readonly comparison: Comparison;
  readonly files: readonly string[];
  readonly pagePath: string;
}

/** @throws HipError "bad-dataset" naming all that differs */
function checkComparable(runs: readonly ReadRun[]): void {
  const problems = differencesOf(runs);
  if (problems.length === 0) return;
  throw new HipError(
    "bad-dataset",
    "Cannot compare: the runs were not judged on the same cases by the same rules",
    {
      hint: "Judge all of them on the same data: hipmri evaluate RUN DATA --split test --out DIR, and compare those folders",
      problems: firstProblems(problems),
    },
  );
}

/** Figures on test patients that are seen side by side are what people choose by: the runs keep count. */
async function noteTestLooks(runs: readonly ReadRun[], why: string, warn?: (text: string) => void) {
  for (const { path, model, metrics } of runs) {
    if (model !== undefined && metrics.split === "test")
      await recordTestLook(path, { by: "compare", why, model, warn });
  }
}

const PAGE = "comparison.html";

/**
 * Writes OUT/comparison.html, OUT/figures and OUT/comparison.json.
 * @throws HipError "usage", "not-found", "bad-model", "config"; "bad-dataset" where the runs were not judged on the
 *   same cases by the same rules, all that differs at once; "disk". Then nothing has been written.
 */
export async function compareFolders(options: CompareRunsOptions): Promise<ComparedRuns> {
  const { out, split, metric = "dice", pairs = "baseline", seed = 0 } = options;
  const own = options.runs.find((path) => resolve(path) === resolve(out));
  if (own !== undefined) {
    throw new HipError("usage", `Cannot write to "${out}": it is one of the runs to compare`, {
      hint: "Give another folder with --out",
    });
  }
  await checkOutFolder(out);
  const runs = await readRuns(options.runs, split);
  checkComparable(runs);
  const comparison = compareRuns(runs, { metric, pairs, seed });
  const command = commandLine([
    "hipmri",
    "compare",
    ...options.runs,
    ...(split === undefined ? [] : ["--split", split]),
    ...(metric === "dice" ? [] : ["--metric", metric]),
    ...(pairs === "baseline" ? [] : ["--pairs", pairs]),
    ...(seed === 0 ? [] : ["--seed", `${seed}`]),
    "--out",
    out,
  ]);
  const page = comparisonPage(runs, comparison, {
    reproduce: [command, `hipmri-unet ${VERSION}`],
    isSynthetic: runs.some(({ isSynthetic }) => isSynthetic),
  });
  await noteTestLooks(runs, command, options.warn);
  const files = await writeResults(out, {
    figures: page.figures.map(({ name, svg }) => ({ name: `${name}.svg`, content: svg })),
    files: [
      { name: PAGE, content: page.html },
      { name: "comparison.json", content: `${JSON.stringify(comparison, null, 2)}\n` },
    ],
  });
  return { comparison, files, pagePath: join(out, PAGE) };
}
