/** Work that the processes which an MPI launcher started do together. */
import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { OpenedRanks } from "../node/mpi.ts";
import type { Ranks } from "../train/ranks.ts";
import { warn } from "./verb.ts";

/** For the other ranks to come to their end too; one that hangs would keep this one waiting for ever. */
const CLOSING_MS = 20_000;
/** For what went wrong to be printed. */
const PRINTING_MS = 1000;

/** Rank 0 tells who takes part. */
function tell({ ranks, library, onThisHost }: OpenedRanks, { threads, isQuiet }: RankOptions): void {
  if (ranks.rank > 0) return;
  if (!isQuiet)
    process.stderr.write(`Ranks     ${ranks.size}, ${onThisHost} on this machine, by ${library}\n`);
  const cores = availableParallelism();
  if (threads * onThisHost <= cores) return;
  warn(
    `${onThisHost} ranks on this machine take ${threads * onThisHost} threads, and it has ${cores}: give --threads ${Math.max(1, Math.floor(cores / onThisHost))}`,
  );
}

export interface RankOptions {
  /** Of each rank. */
  readonly threads: number;
  readonly isQuiet: boolean;
}

/** Lends `work` the ranks; undefined where no launcher started this process as one of several. */
export async function withRanks<T>(
  options: RankOptions,
  work: (ranks: Ranks | undefined) => Promise<T>,
): Promise<T> {
  const { openRanks } = await import("../node/mpi.ts");
  const opened = await openRanks();
  if (opened === undefined) return work(undefined);
  tell(opened, options);
  let result: T;
  try {
    result = await work(opened.ranks);
  } catch (error) {
    await closeAfterFailure(opened);
    throw error;
  }
  await opened.close();
  return result;
}

/** The others learn of it where they next wait for this rank; where they do not, all are ended by force. */
async function closeAfterFailure(opened: OpenedRanks): Promise<void> {
  const closing = opened.close().then(
    () => true,
    () => false,
  );
  const isClosed = await Promise.race([closing, sleep(CLOSING_MS, false, { ref: false })]);
  // Leaving open ranks behind ends the others too; a call of MPI that hangs would keep this process alive.
  if (!isClosed) setTimeout(() => process.exit(1), PRINTING_MS);
}
