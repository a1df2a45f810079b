/** How a step's batch is shared out: among ranks, and on each of them into parts whose gradients are summed. */
import { HipError } from "../core/errors.ts";
import type { BatchPart } from "./batches.ts";
import type { FittedConfig } from "./config.ts";
import type { Ranks } from "./ranks.ts";

/**
 * The parts of a rank: places next to each other, all of one size.
 * @throws HipError "config" where the batch cannot be shared out evenly
 */
export function partsOf(
  { batchSize, microBatch }: Pick<FittedConfig, "batchSize" | "microBatch">,
  { rank, size }: Pick<Ranks, "rank" | "size">,
): readonly BatchPart[] {
  const each = batchSize / size;
  if (!Number.isInteger(each)) {
    throw new HipError("config", `A batch of ${batchSize} cannot be shared out evenly among ${size} ranks`, {
      hint: `Give --set batchSize=${Math.ceil(each) * size}, or another number of ranks`,
    });
  }
  const count = Math.min(microBatch ?? each, each);
  if (!Number.isInteger(each / count)) {
    const share =
      size === 1 ? `A batch of ${each}` : `The ${each} images that each of ${size} ranks has of a batch`;
    throw new HipError("config", `${share} cannot be cut into parts of ${count}`, {
      hint: "Let microBatch divide it, or leave it out",
    });
  }
  return Array.from({ length: each / count }, (_, i) => ({ at: rank * each + i * count, count }));
}
