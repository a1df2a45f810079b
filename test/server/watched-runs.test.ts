import { expect, it } from "vitest";
import { shortNames } from "../../src/server/watched-runs.ts";

it("names runs by as few parts of their paths as tell them apart", () => {
  const names = shortNames(["/a/runs/first", "/a/folds/fold_0", "/b/x/second", "/b/y/second", "/c/x/second"]);
  expect([...names.values()]).toEqual(["first", "folds/fold_0", "b/x/second", "y/second", "c/x/second"]);
});
