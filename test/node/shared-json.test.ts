import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readSharedJson } from "../../src/node/shared-json.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hipmri-shared-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("readSharedJson() reads a file, tells of none, and waits for one that is being written", async () => {
  const path = join(folder, "plan.json");
  expect(await readSharedJson(path)).toEqual({ isThere: false, value: undefined });
  await writeFile(path, '{"a": ');
  const reading = readSharedJson(path);
  await sleep(150);
  await writeFile(path, '{"a": 1}');
  expect(await reading).toEqual({ isThere: true, value: { a: 1 } });
  await writeFile(path, "{");
  expect(await readSharedJson(path)).toEqual({ isThere: true, value: undefined });
});
