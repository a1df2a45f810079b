import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { mergeShards } from "../../src/cluster/merge.ts";
import { openShard } from "../../src/node/shard-store.ts";

const out = mkdtempSync(join(tmpdir(), "hipmri-merge-"));
afterAll(() => rmSync(out, { recursive: true, force: true }));

test("shards of a verb that it does not know are refused", async () => {
  const job = { verb: "sing", options: {}, items: [{ id: "a", size: 1 }] };
  await (await openShard(out, { index: 1, count: 1 }, job, [0])).write({});
  await expect(mergeShards(out)).rejects.toMatchObject({
    code: "bad-dataset",
    message: `Cannot merge "${out}": its shards are of "sing"`,
    hint: expect.stringContaining("Expected shards of check, evaluate, predict, score"),
  });
});
