import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noAugmentation } from "../../src/augment/config.ts";
import { readLog } from "../../src/node/run-folder.ts";
import { trainRun } from "../../src/node/workflows/train.ts";
import type { TrainRunOptions, TrainSummary } from "../../src/node/workflows/train-options.ts";
import { OtherRankFailed } from "../../src/train/agreement.ts";
import { ALONE, type Ranks } from "../../src/train/ranks.ts";
import { makeRanks } from "../support/ranks.ts";
import { makeStderr } from "../support/stderr.ts";
import { makeTinyPhantom, type TinyPhantom, tinyConfig } from "../support/tiny-phantom.ts";

const CONFIG = tinyConfig({
  loss: { dice: 0 },
  unet: { levels: 2, baseWidth: 4, normalisation: "none", block: ["conv", "activation"] },
  augment: noAugmentation,
  batchSize: 4,
  epochs: null,
  steps: 12,
  stepsPerEpoch: 4,
});

let phantom: TinyPhantom;
beforeAll(async () => {
  phantom = await makeTinyPhantom();
});
afterAll(() => phantom.remove());

/** The same call on every rank, but for what differs. */
async function together(
  name: string,
  ranks: readonly Ranks[],
  changes: (rank: number) => Partial<TrainRunOptions> = () => ({}),
) {
  const errors = ranks.map(() => makeStderr());
  const settled = await Promise.allSettled(
    ranks.map((own, i) =>
      trainRun({
        data: phantom.data,
        out: join(phantom.folder, name),
        config: CONFIG,
        resume: false,
        overwrite: false,
        test: false,
        command: "hipmri train",
        stderr: errors[i]!.stream,
        signal: new AbortController().signal,
        ranks: own,
        ...changes(own.rank),
      }),
    ),
  );
  return {
    settled,
    results: settled.flatMap((each) => (each.status === "fulfilled" ? [each.value] : [])),
    reasons: settled.map((each) => (each.status === "rejected" ? (each.reason as unknown) : undefined)),
    errors: errors.map(({ text }) => text()),
  };
}

const losses = async (name: string): Promise<readonly number[]> => {
  const log = await readLog(join(phantom.folder, name));
  return log.flatMap((entry) => (entry.kind === "step" ? [Number(entry.loss)] : []));
};

describe("a run of two ranks", () => {
  let done: Awaited<ReturnType<typeof together>>;
  beforeAll(async () => {
    await together("alone", [ALONE]);
    done = await together("two", makeRanks(2));
  });

  test("has the losses and the figures of a run by one", async () => {
    const [alone, two] = [await losses("alone"), await losses("two")];
    expect(two).toHaveLength(12);
    for (const [i, loss] of two.entries()) expect(Math.abs(loss - alone[i]!)).toBeLessThan(1e-4);
    const [first, second] = done.results as [TrainSummary, TrainSummary];
    expect(first.finished && second.finished).toBe(true);
    expect(first.foregroundDice).toBe(second.foregroundDice);
  });
  test("leaves one run folder, told of by rank 0 alone", () => {
    const names = (run: string): readonly string[] =>
      readdirSync(join(phantom.folder, run), { recursive: true })
        .map(String)
        .filter((name) => !name.includes("tfevents"))
        .sort();
    expect(names("two")).toEqual(names("alone"));
    expect(done.errors[0]).toContain("12 of batch 4 on 2 ranks, validation every 4");
    expect(done.errors[1]).toBe("");
  });
});

test("a stopped run goes on with another number of ranks, and ends as it would have", async () => {
  const stop = new AbortController();
  const first = await together("stopped", makeRanks(2), (rank) =>
    // The second rank is the one that is told to stop.
    rank === 1 ? { signal: stop.signal } : { stderr: stopAt(stop, join(phantom.folder, "stopped"), 5) },
  );
  expect(first.results.map(({ finished }) => finished)).toEqual([false, false]);
  const before = (await losses("stopped")).length;
  expect(before).toBeGreaterThanOrEqual(5);
  expect(before).toBeLessThan(12);
  const second = await together("stopped", makeRanks(4), () => ({ resume: true }));
  expect(second.results.map(({ finished }) => finished)).toEqual([true, true, true, true]);
  const whole = await losses("two");
  const resumed = await losses("stopped");
  for (const [i, loss] of resumed.entries()) expect(Math.abs(loss - whole[i]!)).toBeLessThan(1e-4);
});

/** Aborts once the log has so many steps: looked at whenever the run writes. */
function stopAt(stop: AbortController, run: string, steps: number): NodeJS.WriteStream {
  const write = (): boolean => {
    const path = join(run, "log.jsonl");
    if (existsSync(path) && readFileSync(path, "utf8").split('"kind":"step"').length > steps) stop.abort();
    return true;
  };
  return { isTTY: false, write } as unknown as NodeJS.WriteStream;
}

test("what is wrong with all is told by one", async () => {
  const { reasons } = await together("bad", makeRanks(2), () => ({ data: join(phantom.folder, "none") }));
  expect(reasons[0]).toMatchObject({ code: "not-found" });
  expect(reasons[1]).toBeInstanceOf(OtherRankFailed);
});

test("what is wrong with one alone ends all before anything is written", async () => {
  const data = join(phantom.folder, "none");
  const { reasons } = await together("bad", makeRanks(2), (rank) => (rank === 1 ? { data } : {}));
  expect(reasons[0]).toBeInstanceOf(OtherRankFailed);
  expect(reasons[1]).toMatchObject({ code: "not-found" });
  await expect(readFile(join(phantom.folder, "bad", "config.json"))).rejects.toThrow("ENOENT");
});

test("ranks that were told otherwise are refused", async () => {
  const other = { ...CONFIG, seed: 5 };
  const { reasons } = await together("other", makeRanks(2), (rank) => (rank === 1 ? { config: other } : {}));
  expect(reasons[0]).toMatchObject({
    code: "bad-dataset",
    message: "Cannot train together: rank 1 has other data or another configuration than rank 0",
  });
  expect(reasons[1]).toBeInstanceOf(OtherRankFailed);
});

test("a batch that cannot be shared out is refused", async () => {
  const { reasons } = await together("odd", makeRanks(3));
  expect(reasons[0]).toMatchObject({ message: "A batch of 4 cannot be shared out evenly among 3 ranks" });
});
