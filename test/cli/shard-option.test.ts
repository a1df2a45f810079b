import { describe, expect, test, vi } from "vitest";
import { findShard, wholeCommand } from "../../src/cli/shard-option.ts";

describe("wholeCommand()", () => {
  test.each([
    [["predict", "m", "x", "--out", "o", "--shard", "1/2"]],
    [["predict", "--shard=1/2", "m", "x", "--json", "--out", "o", "--overwrite", "--quiet"]],
    [["--json", "predict", "m", "x", "--out", "o"]],
  ])("takes the share, and what only changes the printing, out of %j", (argv) => {
    expect(wholeCommand(argv)).toEqual(["predict", "m", "x", "--out", "o"]);
  });
});

describe("findShard()", () => {
  async function find(flag: Parameters<typeof findShard>[0], env: NodeJS.ProcessEnv) {
    let told = "";
    const spy = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      told += String(text);
      return true;
    });
    try {
      return { shard: await findShard(flag, env), told };
    } finally {
      spy.mockRestore();
    }
  }
  const kubernetes = { JOB_COMPLETION_INDEX: "1", JOB_COMPLETIONS: "4" };

  test("takes the environment's share, and says so", async () => {
    expect(await find(undefined, kubernetes)).toEqual({
      shard: { index: 2, count: 4 },
      told: "Task 2 of 4 of a Kubernetes Indexed Job: does its share; --shard 1/1 does all\n",
    });
  });

  test("of an array of one task that is all of the work", async () => {
    expect(await find(undefined, { JOB_COMPLETION_INDEX: "0", JOB_COMPLETIONS: "1" })).toEqual({
      shard: undefined,
      told: "Task 1 of 1 of a Kubernetes Indexed Job: does all\n",
    });
  });

  test("a flag wins in silence, also over an environment that cannot be read", async () => {
    expect(await find({ index: 1, count: 3 }, { JOB_COMPLETION_INDEX: "1" })).toEqual({
      shard: { index: 1, count: 3 },
      told: "",
    });
    expect(await find({ index: 1, count: 1 }, kubernetes)).toEqual({ shard: undefined, told: "" });
  });

  test("outside of a cluster there is none", async () => {
    expect(await find(undefined, {})).toEqual({ shard: undefined, told: "" });
  });
});
