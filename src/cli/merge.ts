/** `hipmri merge`. */
import type { MergeableVerb, Merged } from "../cluster/merge.ts";
import { checkOutcome } from "./check.ts";
import { evaluationOutcome } from "./evaluate.ts";
import type { Outcome } from "./outcome.ts";
import { predictionOutcome } from "./predict.ts";
import { scoreOutcome } from "./score.ts";
import { type AddVerb, addCommonFlags, addExamples, warn } from "./verb.ts";

type Shown = {
  readonly [V in MergeableVerb]: (
    result: Extract<Merged, { verb: V }>["result"],
    seconds: string,
  ) => Outcome | Promise<Outcome>;
};

/** How the merged result of each verb is shown: as the verb shows its own. */
const SHOWN: Shown = {
  check: checkOutcome,
  score: (result, seconds) => scoreOutcome(result, { seconds }),
  evaluate: (result, seconds) => evaluationOutcome(result, { seconds }),
  predict: (result, seconds) =>
    predictionOutcome(result, result.json, result.error, { seconds, files: result.files }),
};

export const addMerge: AddVerb = (program, session) => {
  const command = program
    .command("merge")
    .summary("join the shards of one job into one result")
    .description(
      "Reads DIR/shards, which predict, evaluate, score and check leave with --shard i/n, and writes into DIR what the verb alone would have written. Refuses missing, doubled and alien shards, and says how to do them again.",
    )
    .argument("<dir>", "the --out of the shards")
    .action(async (dir: string) => {
      const { mergeShards } = await import("../cluster/merge.ts");
      const { formatDuration } = await import("../node/progress.ts");
      const started = performance.now();
      const merged = await mergeShards(dir, { warn });
      const show = SHOWN[merged.verb] as (result: unknown, time: string) => Outcome | Promise<Outcome>;
      session.finish(await show(merged.result, formatDuration((performance.now() - started) / 1000)));
    });
  addExamples(addCommonFlags(command), [
    "hipmri predict runs/pelvis images/ --out masks --shard 1/2",
    "hipmri predict runs/pelvis images/ --out masks --shard 2/2",
    "hipmri merge masks",
  ]);
};
