/** `hipmri merge`. */
import type { MergeableVerb, Merged } from "../cluster/merge.ts";
import { formatDuration } from "../core/duration.ts";
import { checkOutcome } from "./check.ts";
import { evaluationOutcome } from "./evaluate.ts";
import type { Outcome } from "./outcome.ts";
import { predictionOutcome } from "./predict.ts";
import { scoreOutcome } from "./score.ts";
import { foldsOutcome } from "./train-folds.ts";
import { sweepOutcome } from "./train-sweep.ts";
import { type AddVerb, addCommonFlags, addExamples, warn } from "./verb.ts";

/** What is shown beside the result. */
interface Beside {
  /** That merging took, or all of the work. */
  readonly seconds: string;
  /** By the rules of other tools too. */
  readonly isRescored?: true | undefined;
}

type Shown = {
  readonly [V in MergeableVerb]: (
    result: Extract<Merged, { verb: V }>["result"],
    beside: Beside,
  ) => Outcome | Promise<Outcome>;
};

/** How the merged result of each verb is shown: as the verb shows its own. */
const SHOWN: Shown = {
  check: (result, { seconds }) => checkOutcome(result, seconds),
  score: scoreOutcome,
  evaluate: evaluationOutcome,
  predict: (result, { seconds }) =>
    predictionOutcome(result, result.json, result.error, { seconds, files: result.files }),
  "train --sweep": (result, { seconds }) => sweepOutcome(result, { time: seconds }),
  "train --folds": (result, { seconds }) => foldsOutcome(result, { time: seconds }),
};

export async function mergedOutcome(merged: Merged, beside: Beside): Promise<Outcome> {
  const show = SHOWN[merged.verb] as (result: unknown, beside: Beside) => Outcome | Promise<Outcome>;
  return show(merged.result, beside);
}

export const addMerge: AddVerb = (program, session) => {
  const command = program
    .command("merge")
    .summary("join the shards of one job into one result")
    .description(
      "Reads DIR/shards, which predict, evaluate, score, check, train --folds and train --sweep leave with --shard i/n, and writes into DIR what the verb alone would have written. Refuses missing, doubled and alien shards, and says how to do them again.",
    )
    .argument("<dir>", "the --out of the shards")
    .action(async (dir: string) => {
      const { mergeShards } = await import("../cluster/merge.ts");
      const started = performance.now();
      const merged = await mergeShards(dir, { warn });
      const seconds = formatDuration((performance.now() - started) / 1000);
      session.finish(await mergedOutcome(merged, { seconds }));
    });
  addExamples(addCommonFlags(command), [
    "hipmri predict runs/pelvis images/ --out masks --shard 1/2",
    "hipmri predict runs/pelvis images/ --out masks --shard 2/2",
    "hipmri merge masks",
  ]);
};
