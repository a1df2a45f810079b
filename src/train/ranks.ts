/**
 * The processes that train one network together, each on a part of every batch, as the training loop sees them. All of
 * them make the same calls in the same order.
 */
export interface Ranks {
  /** This process, from 0. Rank 0 alone writes files. */
  readonly rank: number;
  readonly size: number;
  /** Sums the vectors of all ranks in place: every rank then holds the same bits. Lengths must be equal. */
  sum(vector: Float32Array): Promise<void>;
  /** What every rank gave, by rank; on every rank. Lengths may differ. */
  gather(bytes: Uint8Array): Promise<readonly Uint8Array[]>;
}

/** One process by itself. */
export const ALONE: Ranks = {
  rank: 0,
  size: 1,
  sum: async () => undefined,
  gather: async (bytes) => [bytes],
};
