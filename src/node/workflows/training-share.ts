/** A share of equal items, each of which is a training: folds, or the trials of a sweep. */
import { placesOf } from "../../core/shard.ts";
import { openShard, type ShardJob, type ShardRequest, type ShardTask } from "../shard-store.ts";
import type { TrainRunOptions } from "./train-options.ts";

/** @throws HipError "usage", "disk" as openShard() */
export async function openTrainingShare(
  { out, overwrite }: Pick<TrainRunOptions, "out" | "overwrite">,
  request: ShardRequest,
  job: ShardJob,
): Promise<ShardTask> {
  const sizes = job.items.map(({ size }) => size);
  return openShard(out, { ...request, overwrite }, job, placesOf(sizes, request));
}
