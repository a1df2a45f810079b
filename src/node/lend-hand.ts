/** Work that may be done in Node's thread pool or on the main thread, which would else wait for the pool. */
import { availableParallelism } from "node:os";

/** So little is done sooner than it is sent to the pool and back. */
const TINY_BYTES = 2 ** 16;
/** Longer work would keep signals and timers waiting: some milliseconds. */
const LARGEST_BYTES = 2 ** 20;
/** What the pool is given at once, so that none of its threads (4 by default) waits for the main thread. */
const POOL_JOBS = 4;
/** With one core a pool is of no use. */
const hasPool = availableParallelism() > 1;

let underWay = 0;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * The result of `here()` where that is sooner, else of `inPool()`.
 * @param bytes that are made
 */
export async function lendHand<T>(bytes: number, inPool: () => Promise<T>, here: () => T): Promise<T> {
  if (bytes <= TINY_BYTES) return here();
  if (bytes <= LARGEST_BYTES && (!hasPool || underWay >= POOL_JOBS)) {
    // First what the pool has done goes on, and gives it new work.
    await turn();
    if (!hasPool || underWay >= POOL_JOBS) return here();
  }
  underWay++;
  try {
    return await inPool();
  } finally {
    underWay--;
  }
}
