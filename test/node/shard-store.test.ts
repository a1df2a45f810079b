import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { openShard, readShardFile, type ShardJob, shardPath } from "../../src/node/shard-store.ts";
import { VERSION } from "../../src/node/version.ts";

const root = mkdtempSync(join(tmpdir(), "hipmri-shards-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let out = "";
beforeEach(() => {
  out = mkdtempSync(join(root, "out-"));
});

const ITEMS = [
  { id: "a", size: 3 },
  { id: "b", size: 2 },
  { id: "c", size: 1 },
];
const JOB: ShardJob = {
  verb: "predict",
  options: { "--series": "3", "--anonymise": undefined },
  modelSha256: "ab",
  items: ITEMS,
};
const begin = (index: number, count = 2, job: ShardJob = JOB, overwrite?: boolean) =>
  openShard(out, { index, count, overwrite, command: ["predict", "m", "a b"] }, job);

test("a share is done once its result is there, and holds what was given", async () => {
  const task = await begin(2);
  expect([task.isDone, task.places]).toEqual([false, [1, 2]]);
  expect(readdirSync(out)).toEqual([]);
  await task.write({ n: 1 });
  expect(readdirSync(join(out, "shards"))).toEqual(["2-of-2.json"]);
  expect(await readShardFile(shardPath(out, { index: 2, count: 2 }))).toEqual({
    format: 1,
    verb: "predict",
    version: VERSION,
    job: expect.stringMatching(/^[0-9a-f]{64}$/),
    about: {
      verb: "predict",
      version: VERSION,
      model: "sha256:ab",
      items: expect.stringMatching(/^3 \(sha256:[0-9a-f]{16}\)$/),
      "--series": "3",
    },
    shard: { index: 2, count: 2 },
    command: ["predict", "m", "a b"],
    total: 3,
    items: ["b", "c"],
    places: [1, 2],
    complete: true,
    result: { n: 1 },
    path: join(out, "shards", "2-of-2.json"),
  });
  expect((await begin(2)).isDone).toBe(true);
  expect((await begin(1)).isDone).toBe(false);
});

describe("equal items", () => {
  const equal = (seed: number): ShardJob => ({
    verb: "train --folds",
    options: { seed },
    items: ["a", "b", "c"].map((id) => ({ id, size: 1 })),
  });
  const share = (index: number, seed: number, overwrite = false) => begin(index, 2, equal(seed), overwrite);

  test("are dealt out evenly; another training's shares are replaced by --overwrite alone", async () => {
    const shares = [await share(1, 1), await share(2, 1)];
    expect(shares.flatMap(({ places }) => places).toSorted()).toEqual([0, 1, 2]);
    await shares[0]!.write({});
    expect((await share(1, 1)).isDone).toBe(true);
    await expect(share(2, 2)).rejects.toMatchObject({ problems: ["seed: expected 2, found 1"] });
    expect((await share(2, 2, true)).isDone).toBe(false);
    expect((await share(1, 1)).isDone).toBe(false);
  });
});

test("is whole JSON, whatever reads it", async () => {
  await (await begin(1)).write({ n: 1 });
  expect(JSON.parse(readFileSync(shardPath(out, { index: 1, count: 2 }), "utf8")).result).toEqual({ n: 1 });
});

test("a share with failed items is done again", async () => {
  await (await begin(1)).write({}, false);
  expect((await begin(1)).isDone).toBe(false);
});

test("a result that was cut short is done again", async () => {
  await (await begin(1)).write({});
  const path = shardPath(out, { index: 1, count: 2 });
  writeFileSync(path, readFileSync(path).subarray(0, 40));
  expect((await begin(1)).isDone).toBe(false);
  await expect(readShardFile(path)).rejects.toMatchObject({
    code: "bad-checkpoint",
    message: `Cannot read the shard's result "${path}": it is no JSON, or was cut short`,
  });
});

describe("results of another job", () => {
  const other: ShardJob = { ...JOB, options: {}, modelSha256: "cd" };

  test("are an error that says what differs", async () => {
    await (await begin(1)).write({});
    await (await begin(2)).write({});
    await expect(begin(1, 2, other)).rejects.toMatchObject({
      code: "usage",
      message: `Folder "${out}" holds the shards of another job: "${join(out, "shards", "1-of-2.json")}" (and 1 file more)`,
      problems: ["model: expected sha256:cd, found sha256:ab", "--series: expected not given, found 3"],
      hint: "Give another folder with --out, or remove them with --overwrite",
    });
  });

  test("of another number of shards as well", async () => {
    await (await begin(1)).write({});
    await expect(begin(1, 3)).rejects.toMatchObject({
      code: "usage",
      problems: ["number of shards: expected 3, found 2"],
    });
  });

  test("of other sizes of the same items as well", async () => {
    await (await begin(1)).write({});
    const sizes = { ...JOB, items: ITEMS.map((item) => ({ ...item, size: 9 })) };
    await expect(begin(1, 2, sizes)).rejects.toMatchObject({
      problems: [expect.stringMatching(/^items: expected 3 \(sha256:\w+\), found 3 \(sha256:\w+\)$/)],
    });
  });

  test("of the same items whose files were changed as well", async () => {
    await (await begin(1, 2, { ...JOB, filesSha256: "a".repeat(64) })).write({});
    expect((await begin(1, 2, { ...JOB, filesSha256: "a".repeat(64) })).isDone).toBe(true);
    await expect(begin(1, 2, { ...JOB, filesSha256: "b".repeat(64) })).rejects.toMatchObject({
      problems: ["items: files were changed since"],
      hint: "Give another folder with --out, or remove them with --overwrite",
    });
    const fewer = { ...JOB, items: ITEMS.slice(0, 2), filesSha256: "b".repeat(64) };
    await expect(begin(1, 2, fewer)).rejects.toMatchObject({
      problems: [expect.stringMatching(/^items: expected 2 /)],
    });
    const anew = await begin(1, 2, { ...JOB, filesSha256: "b".repeat(64) }, true);
    expect(anew.isDone).toBe(false);
  });

  test("go with --overwrite, and those of the same job stay", async () => {
    await (await begin(1)).write({});
    await (await begin(1, 2, other, true)).write({});
    await begin(2, 2, other, true);
    expect(readdirSync(join(out, "shards"))).toEqual(["1-of-2.json"]);
    expect((await begin(1, 2, other)).isDone).toBe(true);
  });
});

test("other files in the folder are left alone", async () => {
  mkdirSync(join(out, "shards"));
  writeFileSync(join(out, "shards", "notes.txt"), "");
  writeFileSync(join(out, "shards", "2-of-2.json"), "no json");
  await (await begin(1)).write({});
  expect(readdirSync(join(out, "shards")).sort()).toEqual(["1-of-2.json", "2-of-2.json", "notes.txt"]);
});
