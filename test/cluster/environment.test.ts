import { describe, expect, test } from "vitest";
import { shareOfEnvironment } from "../../src/cluster/environment.ts";

function slurm(id: string, count: string, min: string, max: string, step: string) {
  return {
    SLURM_ARRAY_TASK_ID: id,
    SLURM_ARRAY_TASK_COUNT: count,
    SLURM_ARRAY_TASK_MIN: min,
    SLURM_ARRAY_TASK_MAX: max,
    SLURM_ARRAY_TASK_STEP: step,
  };
}
const of = (index: number, count: number) => ({ shard: { index, count }, source: "a SLURM array" });
const HINT = "Say it with --shard i/n, task i of n counted from 1; --shard 1/1 does all";

test("there is none outside of a cluster", () => {
  expect(shareOfEnvironment({})).toBeUndefined();
  expect(shareOfEnvironment({ SLURM_JOB_ID: "7", SLURM_ARRAY_TASK_ID: "" })).toBeUndefined();
});

describe("a SLURM array", () => {
  test.each([
    ["--array=1-8", slurm("3", "8", "1", "8", "1"), of(3, 8)],
    ["--array=0-7", slurm("0", "8", "0", "7", "1"), of(1, 8)],
    ["--array=0-8:4", slurm("8", "3", "0", "8", "4"), of(3, 3)],
    ["--array=1-10:4, whose last is 9", slurm("9", "3", "1", "10", "4"), of(3, 3)],
    ["--array=5", slurm("5", "1", "5", "5", "1"), of(1, 1)],
  ])("%s", (_, env, expected) => {
    expect(shareOfEnvironment(env)).toEqual(expected);
  });

  test("a list says nothing of a task's place in it", () => {
    expect(() => shareOfEnvironment(slurm("3", "2", "3", "5", "1"))).toThrow(
      expect.objectContaining({
        code: "usage",
        message:
          "Cannot tell which share of the work is this task's of a SLURM array: its tasks must be evenly spaced (--array=1-8), found SLURM_ARRAY_TASK_ID=3, SLURM_ARRAY_TASK_COUNT=2, SLURM_ARRAY_TASK_MIN=3, SLURM_ARRAY_TASK_MAX=5, SLURM_ARRAY_TASK_STEP=1",
        hint: HINT,
      }),
    );
  });

  test.each([
    ["without its count", { SLURM_ARRAY_TASK_ID: "3" }],
    ["of no number", slurm("x", "8", "1", "8", "1")],
    ["outside of the array", slurm("9", "8", "1", "8", "1")],
    ["between the steps", slurm("2", "3", "0", "8", "4")],
    ["with step 0", slurm("1", "1", "1", "1", "0")],
  ])("a task %s is refused", (_, env) => {
    expect(() => shareOfEnvironment(env)).toThrow(expect.objectContaining({ code: "usage", hint: HINT }));
  });
});

describe("a Kubernetes Indexed Job", () => {
  test("counts from 0", () => {
    expect(shareOfEnvironment({ JOB_COMPLETION_INDEX: "0", JOB_COMPLETIONS: "4" })).toEqual({
      shard: { index: 1, count: 4 },
      source: "a Kubernetes Indexed Job",
    });
  });

  test.each([
    [{ JOB_COMPLETION_INDEX: "2" }, "JOB_COMPLETION_INDEX=2, JOB_COMPLETIONS="],
    [{ JOB_COMPLETION_INDEX: "4", JOB_COMPLETIONS: "4" }, "JOB_COMPLETION_INDEX=4, JOB_COMPLETIONS=4"],
  ])("must tell how many there are: %j", (env, found) => {
    expect(() => shareOfEnvironment(env)).toThrow(
      expect.objectContaining({
        code: "usage",
        message: `Cannot tell which share of the work is this task's of a Kubernetes Indexed Job: the manifest must set JOB_COMPLETIONS, found ${found}`,
        hint: HINT,
      }),
    );
  });
});
