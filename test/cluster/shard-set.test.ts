import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { readShardSet } from "../../src/cluster/shard-set.ts";
import { placesOf } from "../../src/core/shard.ts";
import { openShard, shardPath } from "../../src/node/shard-store.ts";

const root = mkdtempSync(join(tmpdir(), "hipmri-set-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let out = "";
beforeEach(() => {
  out = mkdtempSync(join(root, "out-"));
});

const SIZES = [3, 2, 1, 1];
async function write(folder: string, index: number, count: number, split = "test"): Promise<string> {
  const items = SIZES.map((size, i) => ({ id: `case ${i}`, size }));
  const job = { verb: "evaluate", options: { "--split": split }, items };
  const command = ["evaluate", "m", "my data", "--out", out];
  const task = await openShard(folder, { index, count, command }, job, placesOf(SIZES, { index, count }));
  await task.write({ index });
  return task.path;
}
const redo = (shard: string): string =>
  `do it with: hipmri evaluate m 'my data' --out ${out} --shard ${shard}`;
const whole = (...problems: readonly string[]) => ({
  code: "bad-dataset",
  message: `Cannot merge "${out}": its shards are not one whole job`,
  problems,
  hint: "Shards that are done are skipped: doing all of them again does only what is missing",
});

test("gives the shards of a whole job by index", async () => {
  for (const index of [2, 1, 3]) await write(out, index, 3);
  const { verb, files } = await readShardSet(out);
  expect([verb, files.map(({ result }) => result)]).toEqual([
    "evaluate",
    [{ index: 1 }, { index: 2 }, { index: 3 }],
  ]);
});

test("tells every missing shard", async () => {
  await write(out, 2, 3);
  await expect(readShardSet(out)).rejects.toMatchObject(
    whole(`Shard 1/3 is missing; ${redo("1/3")}`, `Shard 3/3 is missing; ${redo("3/3")}`),
  );
});

test("tells a mixture of counts", async () => {
  await write(out, 1, 2);
  const other = mkdtempSync(join(root, "other-"));
  copyFileSync(await write(other, 1, 3), shardPath(out, { index: 1, count: 3 }));
  await expect(readShardSet(out)).rejects.toMatchObject(
    whole(
      "The same work is there in several shares: 1 of 2 (1/2) and 1 of 3 (1/3): remove the files of all but one",
    ),
  );
});

test("tells a shard of another job, and a damaged one, and what is missing, at once", async () => {
  await write(out, 1, 4);
  await write(out, 2, 4);
  const damaged = await write(out, 3, 4);
  writeFileSync(damaged, readFileSync(damaged).subarray(0, 90));
  const other = mkdtempSync(join(root, "other-"));
  const alien = shardPath(out, { index: 4, count: 4 });
  copyFileSync(await write(other, 4, 4, "validate"), alien);
  await expect(readShardSet(out)).rejects.toMatchObject(
    whole(
      `Cannot read the shard's result "${damaged}": it is no JSON, or was cut short`,
      `"${alien}" is of another job: --split: expected test, found validate: remove it, or do it again`,
      `Shard 3/4 is of no use; ${redo("3/4")}`,
    ),
  );
});

test("tells a file under the name of another shard", async () => {
  await write(out, 1, 2);
  copyFileSync(shardPath(out, { index: 1, count: 2 }), shardPath(out, { index: 2, count: 2 }));
  await expect(readShardSet(out)).rejects.toMatchObject(
    whole(
      `"${shardPath(out, { index: 2, count: 2 })}" holds shard 1/2, not 2/2: remove it`,
      `Shard 2/2 is of no use; ${redo("2/2")}`,
    ),
  );
});

test("tells shards of another version", async () => {
  const path = await write(out, 1, 1);
  const text = readFileSync(path, "utf8");
  const { version } = JSON.parse(text);
  writeFileSync(path, text.replaceAll(version, "0.0.1"));
  await expect(readShardSet(out)).rejects.toMatchObject({
    problems: [
      `The shards are of version 0.0.1, this is ${version}: merge them with that version, or do them again`,
    ],
  });
});

test("a folder without shards, or that is not there, is told", async () => {
  await expect(readShardSet(out)).rejects.toMatchObject({
    code: "not-found",
    message: `Cannot merge "${out}": expected shards/1-of-2.json and so on, found none`,
  });
  await expect(readShardSet(join(out, "no"))).rejects.toMatchObject({
    code: "not-found",
    message: `Cannot find folder "${join(out, "no")}"`,
  });
});
