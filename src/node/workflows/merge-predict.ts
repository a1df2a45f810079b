/** The shards of `hipmri predict` made into one prediction. */
import { z } from "zod";
import type { ShardSet } from "../shard-store.ts";
import type { PredictedMask } from "./predict.ts";

/** What a shard of predict holds. */
export const predictShardSchema = z.object({
  outputs: z.array(z.custom<PredictedMask>()),
});

export interface MergedPrediction {
  readonly outputs: readonly PredictedMask[];
}

export async function mergePredictions({ files }: ShardSet): Promise<MergedPrediction> {
  return { outputs: files.flatMap(({ result }) => predictShardSchema.parse(result).outputs) };
}
