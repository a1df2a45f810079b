import { expect, test } from "vitest";
import { withoutFlag, withResume } from "../../src/cli/command-words.ts";

test.each([
  [["predict", "--shard", "1/2", "m"]],
  [["predict", "m", "--shard=1/2"]],
  [["--shard", "1/2", "predict", "m"]],
  [["predict", "m", "--shard"]],
])("a flag goes with its value: %j", (words) => {
  expect(withoutFlag(words, "--shard")).toEqual(["predict", "m"]);
});

test("other flags stay, whatever they begin with", () => {
  const words = ["check", "--shards", "3", "--out=--shard"];
  expect(withoutFlag(words, "--shard")).toEqual(words);
});

test("--resume is said once", () => {
  expect(withResume(["train", "d"])).toEqual(["train", "d", "--resume"]);
  expect(withResume(["train", "--resume", "d"])).toEqual(["train", "--resume", "d"]);
});
