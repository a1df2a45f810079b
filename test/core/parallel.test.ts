import { expect, test } from "vitest";
import { mapParallel } from "../../src/core/parallel.ts";

test("results keep the order of the items and no more than the limit are under way", async () => {
  let underway = 0;
  let most = 0;
  const results = await mapParallel([3, 1, 2, 0, 4], 2, async (item, index) => {
    most = Math.max(most, ++underway);
    for (let i = 0; i < item; i++) await Promise.resolve();
    underway--;
    return `${index}:${item}`;
  });
  expect(results).toEqual(["0:3", "1:1", "2:2", "3:0", "4:4"]);
  expect(most).toBe(2);
  expect(await mapParallel([], 4, () => Promise.resolve(1))).toEqual([]);
});

test("after a rejection no further item is taken", async () => {
  const taken: number[] = [];
  const act = mapParallel([0, 1, 2, 3, 4, 5], 2, async (item) => {
    taken.push(item);
    if (item === 1) throw new Error("one");
  });
  await expect(act).rejects.toThrow("one");
  expect(taken).not.toContain(5);
});
