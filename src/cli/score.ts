/** `hipmri score`. */
import { formatDuration } from "../core/duration.ts";
import type { Shard } from "../core/shard.ts";
import type { ConventionName } from "../metrics/conventions/types.ts";
import { formatMetricsTable, formatRescoredTable } from "../metrics/table.ts";
import type { ScoredMasks, ScoreOptions } from "../node/workflows/score.ts";
import { hasJobs, jobsOption, runWithJobs } from "./jobs-option.ts";
import { alignRows } from "./layout.ts";
import type { Outcome } from "./outcome.ts";
import { overwriteShardsOption, shardOption, shardOutcome, shardRequest } from "./shard-option.ts";
import { conventionOption, positiveNumber } from "./values.ts";
import { type AddVerb, addCommonFlags, addExamples, type CommonFlags, warn, withProgress } from "./verb.ts";

interface Flags extends CommonFlags {
  readonly labels?: string;
  readonly map?: string;
  readonly perOrgan?: true;
  readonly convention?: ConventionName;
  readonly tolerance?: number;
  readonly rescored?: true;
  readonly out?: string;
  readonly shard?: Shard;
  readonly jobs?: number;
  readonly overwrite?: true;
}

function labelText({ labelsFrom, mapping }: ScoredMasks): string {
  const pairs = mapping.map(({ from, to }) =>
    from === to.id ? `${from} ${to.name}` : from === to.name ? from : `${from} as ${to.name}`,
  );
  return `${pairs.join(", ")} (from ${labelsFrom})`;
}

export async function scoreOutcome(
  scored: ScoredMasks,
  { seconds, isRescored }: { readonly seconds: string; readonly isRescored?: true | undefined },
): Promise<Outcome> {
  const { describeCheck, SUMMARY_FILE } = await import("../dataset/nnunet-summary.ts");
  const { metrics, summary, files } = scored;
  const facts = alignRows([
    ["Labels", labelText(scored)],
    ...(summary === undefined ? [] : [[SUMMARY_FILE, describeCheck(summary)] as const]),
    ["Time", seconds],
    ...(files.length === 0 ? [] : [["Files", files] as const]),
  ]);
  const tables = [formatMetricsTable(metrics), ...(isRescored ? [formatRescoredTable(metrics)] : [])];
  return { json: { ...metrics }, text: [...tables, facts].join("\n\n") };
}

export const addScore: AddVerb = (program, session) => {
  const command = program
    .command("score")
    .summary("score masks that any tool made")
    .description(
      "Holds predicted masks against true ones, file by file or folder by folder, paired by name (case_001.nii.gz, case_001_pred.nii.gz …). A folder for each case with a file for each organ (TotalSegmentator) may stand on either side. A true mask without prediction counts as nothing found; masks on different grids are errors. Slices named NAME_slice_N are assembled to their volume.",
    )
    .argument("<predictions>", "a folder of masks, or one mask file")
    .argument("<truth>", "the true masks: a folder, or one file")
    .option("--labels <list>", "what the numbers mean: 1=bladder,2=prostate (default: dataset.json)")
    .option(
      "--map <list>",
      "numbers of the predictions that mean something else there: 21=bladder,22=prostate,7=background; of a file for each organ its name: urinary_bladder=bladder",
    )
    .option("--per-organ", "both folders hold one case, with a file for each organ")
    .addOption(conventionOption())
    .option("--tolerance <mm>", "of NSD (default: 2)", positiveNumber("--tolerance"))
    .option("--rescored", "also print the Dice by the rules of other tools")
    .option("--out <dir>", "write report.html and metrics.json there")
    .addOption(shardOption())
    .addOption(jobsOption())
    .addOption(overwriteShardsOption())
    .action(async (prediction: string, truth: string, flags: Flags) => {
      if (hasJobs(flags)) {
        const work = { sharesThreads: false, isRescored: flags.rescored };
        return session.finish(await runWithJobs(session.argv, flags, work));
      }
      const started = performance.now();
      const { labels, map, perOrgan, convention, out, tolerance: toleranceMm } = flags;
      const shard = await shardRequest(flags, session.argv);
      const work = <T>(run: (options: ScoreOptions) => Promise<T>): Promise<T> =>
        withProgress({ label: "Scoring", isQuiet: flags.quiet ?? false }, (onProgress) => {
          const rules = { convention, toleranceMm };
          return run({ prediction, truth, labels, map, perOrgan, ...rules, out, onProgress, warn });
        });
      const seconds = (): string => formatDuration((performance.now() - started) / 1000);
      if (shard !== undefined && out !== undefined) {
        const { scoreShard } = await import("../node/workflows/score-shard.ts");
        const done = await work((options) => scoreShard({ ...options, out }, shard));
        session.finish(shardOutcome(done, "case", seconds()));
        return;
      }
      const { scoreMasks } = await import("../node/workflows/score.ts");
      const scored = await work(scoreMasks);
      session.finish(await scoreOutcome(scored, { seconds: seconds(), isRescored: flags.rescored }));
    });
  addExamples(addCommonFlags(command), [
    "hipmri score nnunet-predictions/ labelsTs/ --convention nnunet",
    "hipmri score masks/ truth/ --labels 1=body,2=bone,3=bladder,4=rectum,5=prostate --out scored",
    "hipmri score totalsegmentator-out/ labels/ --map urinary_bladder=bladder",
    "hipmri score prediction.nii.gz truth.nii.gz --map 22=5 --json",
  ]);
};
