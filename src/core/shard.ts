/** A share of the work: task i of n, and which items it gets. */
import { HipError } from "./errors.ts";

/** One of `count` tasks that do a work together. */
export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly count: number;
}

/** More tasks than any cluster's array has: a slip of the pen. */
const MOST_SHARDS = 100_000;

function refuse(expected: string, text: string): never {
  throw new HipError("usage", `--shard must be ${expected}, got "${text}"`, {
    hint: "Tasks are counted from 1: the third of eight is --shard 3/8, and --shard 1/1 does all",
  });
}

/**
 * Reads "3/8".
 * @throws HipError "usage" where it is no task of a count, both from 1
 */
export function parseShard(text: string): Shard {
  const [, i, n] = /^(\d{1,9})\/(\d{1,9})$/.exec(text) ?? [];
  if (i === undefined || n === undefined) return refuse("i/n, task i of n", text);
  const [index, count] = [Number(i), Number(n)];
  if (count < 1 || count > MOST_SHARDS) return refuse(`i/n with n from 1 to ${MOST_SHARDS}`, text);
  if (index < 1 || index > count) return refuse(`i/n with i from 1 to ${count}`, text);
  return { index, count };
}

/** "3/8", as `--shard` takes it. */
export const formatShard = ({ index, count }: Shard): string => `${index}/${count}`;

/**
 * Shares items out: the largest first, each to the task that has least so far, so that the loads of two tasks differ
 * by at most the largest item. Equal items go by their place, equal loads to the task with fewer items, then to the first:
 * the same sizes always give the same shares.
 * @param sizes any unit; finite, not negative
 * @returns the task of each item, from 1
 * @throws RangeError of a size or count that is none
 */
export function shareOut(sizes: readonly number[], count: number): readonly number[] {
  if (!Number.isSafeInteger(count) || count < 1) throw new RangeError(`count must be >= 1, got ${count}`);
  const wrong = sizes.find((size) => !Number.isFinite(size) || size < 0);
  if (wrong !== undefined) throw new RangeError(`sizes must be finite and >= 0, got ${wrong}`);
  const loads = Array.from({ length: count }, (_, k) => ({ task: k + 1, load: 0, items: 0 }));
  const tasks = new Array<number>(sizes.length).fill(1);
  const order = sizes.map((size, at) => ({ size, at })).sort((a, b) => b.size - a.size || a.at - b.at);
  for (const { size, at } of order) {
    let least = loads[0]!;
    for (const each of loads)
      if (each.load < least.load || (each.load === least.load && each.items < least.items)) least = each;
    least.load += size;
    least.items++;
    tasks[at] = least.task;
  }
  return tasks;
}

/** The places, in order, of the items that a task gets. As shareOut(). */
export function placesOf(sizes: readonly number[], { index, count }: Shard): readonly number[] {
  return shareOut(sizes, count).flatMap((task, at) => (task === index ? [at] : []));
}
