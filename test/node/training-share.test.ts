import { expect, test } from "vitest";
import { openTrainingShare } from "../../src/node/workflows/training-share.ts";
import { temporaryFolder } from "../cli/support.ts";

const out = temporaryFolder();
const job = (seed: number) => ({
  verb: "train --folds",
  options: { seed },
  items: ["a", "b", "c"].map((id) => ({ id, size: 1 })),
});
const begin = (index: number, seed: number, overwrite = false) =>
  openTrainingShare({ out, overwrite }, { index, count: 2 }, job(seed));

test("items are dealt out evenly; another training's shares are replaced by --overwrite alone", async () => {
  const shares = [await begin(1, 1), await begin(2, 1)];
  expect(shares.flatMap(({ places }) => places).toSorted()).toEqual([0, 1, 2]);
  await shares[0]!.write({});
  expect((await begin(1, 1)).isDone).toBe(true);
  await expect(begin(2, 2)).rejects.toMatchObject({ problems: ["seed: expected 2, found 1"] });
  expect((await begin(2, 2, true)).isDone).toBe(false);
  expect((await begin(1, 1)).isDone).toBe(false);
});
