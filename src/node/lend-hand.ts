/** Work that may be done in Node's thread pool or on the main thread, which helps where the pool has enough to do. */
import { availableParallelism } from "node:os";

/** So little is done sooner than it is sent to the pool and back. */
const TINY_BYTES = 2 ** 16;
/** Longer work would keep signals and timers waiting: this is some milliseconds. */
const LARGEST_BYTES = 2 ** 21;
/** Twice the pool's usual threads, so that none of them waits until the main thread has time for it. */
const ENOUGH_JOBS = 8;
/** With one core a pool only takes turns with the main thread. */
const hasPool = availableParallelism() > 1;

let underWay = 0;

const isPoolBusy = (): boolean => !hasPool || underWay >= ENOUGH_JOBS;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * The result of `here()` where that is sooner, else of `inPool()`.
 * @param bytes that are made
 */
export async function lendHand<T>(bytes: number, inPool: () => Promise<T>, here: () => T): Promise<T> {
  if (bytes <= TINY_BYTES) return here();
  if (bytes <= LARGEST_BYTES && isPoolBusy()) {
    // First what the pool has done goes on, and gives it new work.
    await turn();
    if (isPoolBusy()) return here();
  }
  underWay++;
  try {
    return await inPool();
  } finally {
    underWay--;
  }
}
