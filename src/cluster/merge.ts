/** The shards of one job made into the one result that the verb alone would have written. */
import { HipError } from "../core/errors.ts";
import type { ShardSet } from "../node/shard-store.ts";
import { mergeChecks } from "../node/workflows/check-shard.ts";
import { mergeFolds } from "../node/workflows/folds-shard.ts";
import { mergeEvaluation } from "../node/workflows/merge-evaluate.ts";
import { mergePredictions } from "../node/workflows/merge-predict.ts";
import { mergeScores } from "../node/workflows/score-shard.ts";
import { mergeSweep } from "../node/workflows/sweep.ts";
import { readShardSet } from "./shard-set.ts";

/** What merges the shards of each verb, under the name that the verb gives its jobs: one line for each. */
const MERGES = {
  check: mergeChecks,
  evaluate: mergeEvaluation,
  predict: mergePredictions,
  score: mergeScores,
  "train --folds": mergeFolds,
  "train --sweep": mergeSweep,
} as const satisfies Readonly<Record<string, (shards: ShardSet) => Promise<unknown>>>;

export type MergeableVerb = keyof typeof MERGES;
type Result<V extends MergeableVerb> = Awaited<ReturnType<(typeof MERGES)[V]>>;
/** The result of each verb, as its workflow gives it. */
export type Merged = {
  readonly [V in MergeableVerb]: { readonly verb: V; readonly result: Result<V> };
}[MergeableVerb];

const isMergeable = (verb: string): verb is MergeableVerb => verb in MERGES;

/**
 * Merges OUT/shards.
 * @throws HipError "not-found", "bad-dataset" as readShardSet(); "disk"
 */
export async function mergeShards(
  out: string,
  options: { readonly warn?: (text: string) => void } = {},
): Promise<Merged> {
  const shards = await readShardSet(out, options);
  const { verb } = shards;
  if (!isMergeable(verb)) {
    throw new HipError("bad-dataset", `Cannot merge "${out}": its shards are of "${verb}"`, {
      hint: `Expected shards of ${Object.keys(MERGES).join(", ")}`,
    });
  }
  return { verb, result: await MERGES[verb](shards) } as Merged;
}
