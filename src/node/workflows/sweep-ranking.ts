/** The end of a sweep: its trials ranked by the validation patients, sweep.json and report.html. */
import { join } from "node:path";
import { formatDuration } from "../../core/duration.ts";
import { HipError } from "../../core/errors.ts";
import { readModelCard } from "../../predict/card.ts";
import { compareRuns } from "../../report/comparison.ts";
import { differencesOf } from "../../report/comparison-checks.ts";
import { orderTrials, rankTrials, type SweepRanking, type SweptKey, stepsText } from "../../report/sweep.ts";
import { sweepPage } from "../../report/sweep-page.ts";
import { readWholeFile } from "../files.ts";
import { writeResults } from "../out-folder.ts";
import { RUN_FILES } from "../run-folder.ts";
import { commandLine } from "../shell.ts";
import { VERSION } from "../version.ts";
import { readRuns } from "./compare-inputs.ts";
import { outcomeOfTrial } from "./sweep-trial.ts";

export const SWEEP_FILE = "sweep.json";

export interface RankSweepOptions {
  readonly out: string;
  readonly data: string;
  /** In order. */
  readonly trials: readonly string[];
  readonly keys: readonly SweptKey[];
  readonly seed: number;
  readonly command: string;
  readonly time: { readonly name: string; readonly seconds: number };
}

/** The best as the baseline; undefined of fewer than two. @throws HipError "bad-dataset" where they were judged otherwise */
async function compareWithBest(out: string, names: readonly string[], seed: number) {
  if (names.length < 2) return undefined;
  const runs = await readRuns(
    names.map((name) => join(out, name)),
    "validate",
  );
  const problems = differencesOf(runs);
  if (problems.length > 0) {
    throw new HipError("bad-dataset", "Cannot rank the trials: they were not judged on the same cases", {
      problems: problems.slice(0, 20),
      hint: "Start anew with --overwrite",
    });
  }
  return compareRuns(runs, { metric: "dice", pairs: "baseline", seed });
}

async function isSyntheticModel(run: string): Promise<boolean> {
  const path = join(run, RUN_FILES.model);
  return readModelCard(await readWholeFile(path), path).synthetic;
}

/**
 * Writes OUT/sweep.json, OUT/report.html and its figures, from the trials' own files.
 * @throws HipError "bad-dataset" where a trial is not at its end, "disk"
 */
export async function rankSweep(
  options: RankSweepOptions,
): Promise<{ readonly ranking: SweepRanking; readonly files: readonly string[] }> {
  const { out, data, keys, seed, command, time } = options;
  const outcomes = await Promise.all(options.trials.map((name) => outcomeOfTrial(out, name)));
  const ordered = orderTrials(outcomes);
  const trained = ordered.filter(({ failure }) => failure === null).map(({ name }) => name);
  const ranking = rankTrials(ordered, keys, await compareWithBest(out, trained, seed));
  const bestRun = ranking.best === null ? undefined : join(out, ranking.best);
  const page = sweepPage(ranking, {
    synthetic: bestRun !== undefined && (await isSyntheticModel(bestRun)),
    facts: [
      { name: time.name, value: formatDuration(time.seconds) },
      { name: "Trials", value: `${trained.length} trained, ${ordered.length - trained.length} failed` },
      { name: "Steps", value: stepsText(ranking.trials) },
    ],
    reproduce: [
      command,
      ...(bestRun === undefined
        ? []
        : [
            commandLine([
              "hipmri",
              "train",
              data,
              "--config",
              join(bestRun, RUN_FILES.config),
              "--out",
              "NEW_RUN",
            ]),
          ]),
      `hipmri-unet ${VERSION}`,
    ],
    time: formatDuration,
  });
  const files = await writeResults(out, {
    figures: page.figures.map(({ name, svg }) => ({ name: `${name}.svg`, content: svg })),
    files: [
      { name: RUN_FILES.report, content: page.html },
      // Last of all: it tells that the sweep is at its end.
      { name: SWEEP_FILE, content: `${JSON.stringify(ranking, null, 2)}\n` },
    ],
  });
  return { ranking, files };
}
