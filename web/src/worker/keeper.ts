/**
 * Keeps what is done, one thing after another, and never stands in the way of the work itself: where something cannot be
 * kept (a full disk, another tab), that is noted, and nothing else fails.
 */
import { openStore, type Store } from "./store.ts";

export interface Keeper {
  /** undefined where nothing can be kept. */
  store(): Promise<Store | undefined>;
  /** Why nothing is kept any more; undefined as long as all is. */
  problem(): Promise<string | undefined>;
  /** After all that was asked before. */
  keep(work: (store: Store) => Promise<void>): Promise<void>;
}

export function makeKeeper(): Keeper {
  let problem: string | undefined;
  const opened = openStore()
    .catch((error) => (error instanceof Error ? error.message : String(error)))
    .then((result) => {
      if (typeof result !== "string") return result;
      problem = result;
      return undefined;
    });
  let queue: Promise<void> = Promise.resolve();
  return {
    store: () => opened,
    async problem() {
      await opened;
      return problem;
    },
    keep(work) {
      queue = queue.then(async () => {
        const store = await opened;
        if (store === undefined) return;
        try {
          await work(store);
        } catch (error) {
          problem = error instanceof Error ? error.message : String(error);
        }
      });
      return queue;
    },
  };
}
