import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { quickRead } from "../../src/node/quick-read.ts";

const folder = mkdtempSync(join(tmpdir(), "hipmri-quick-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("quickRead() gives the bytes of a small file, whichever way it takes", async () => {
  const path = join(folder, "small");
  const bytes = Uint8Array.from({ length: 40_000 }, (_, i) => i);
  writeFileSync(path, bytes);
  // More than go by one way in a row.
  for (let i = 0; i < 130; i++) {
    const read = await quickRead(path);
    expect(Buffer.compare(read.bytes!, bytes)).toBe(0);
    expect(read.before.size).toBe(40_000n);
    expect(read.after.ctimeNs).toBe(read.before.ctimeNs);
  }
});

test("quickRead() reads neither large files, nor folders, nor what is not wanted", async () => {
  const large = join(folder, "large");
  writeFileSync(large, new Uint8Array(2 ** 18 + 1));
  for (let i = 0; i < 65; i++) {
    expect((await quickRead(large)).bytes).toBeUndefined();
    expect((await quickRead(folder)).bytes).toBeUndefined();
    expect((await quickRead(join(folder, "small"), () => false)).bytes).toBeUndefined();
  }
  await expect(quickRead(join(folder, "missing"))).rejects.toMatchObject({ code: "ENOENT" });
});

test.skipIf(process.platform === "win32")("quickRead() does not wait for a pipe's writer", async () => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  expect((await quickRead(pipe)).bytes).toEqual(new Uint8Array(0));
});
