/** Ranks within one process, for tests: each call waits until all ranks have made theirs. */
import type { Ranks } from "../../src/train/ranks.ts";

export function makeRanks(size: number): readonly Ranks[] {
  let given = new Map<number, unknown>();
  let waiting: ((all: readonly unknown[]) => void)[] = [];
  function meet<T>(rank: number, value: T): Promise<readonly T[]> {
    return new Promise((resolve) => {
      given.set(rank, value);
      waiting.push((all) => resolve(all as readonly T[]));
      if (given.size < size) return;
      const all = Array.from({ length: size }, (_, i) => given.get(i));
      const resolves = waiting;
      given = new Map();
      waiting = [];
      for (const each of resolves) each(all);
    });
  }
  return Array.from({ length: size }, (_, rank) => ({
    rank,
    size,
    async sum(vector) {
      // A copy: the others add theirs up in place meanwhile.
      const all = await meet(rank, vector.slice());
      for (let i = 0; i < vector.length; i++) vector[i] = all.reduce((sum, each) => sum + each[i]!, 0);
    },
    gather: (bytes) => meet(rank, bytes),
  }));
}
