import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { filesBelow, hipmri, temporaryFolder, tinyModel, writeFiles } from "../cli/support.ts";
import { type Files, niftiBytes } from "../support/data-folder.ts";

const BIN = join(import.meta.dirname, "../../bin/hipmri.js");
const IMAGES = 300;

const folder = temporaryFolder();
const model = join(writeFiles(join(folder, "model"), { "model.onnx": tinyModel() }), "model.onnx");
const files: Files = {};
for (let n = 0; n < IMAGES; n++)
  files[`image_${n}.nii`] = niftiBytes({ shape: [48, 48], value: (i) => (i * (n + 3)) % 71 });
const data = writeFiles(join(folder, "data"), files);
const out = join(folder, "out");
const argv = ["predict", model, data, "--out", out, "--threads", "1", "--quiet", "--shard"];
const masks = (): number =>
  existsSync(out) ? readdirSync(out).filter((name) => /^image.*\.nii\.gz$/.test(name)).length : 0;

test("a share whose process is killed half-way leaves no result, and is done again", async () => {
  // Before the clock runs, so that the process does not build.
  expect(spawnSync(process.execPath, [BIN, "--version"]).status).toBe(0);
  const child = spawn(process.execPath, [BIN, ...argv, "1/2"], { stdio: "ignore" });
  const gone = new Promise((resolve) => child.once("close", resolve));
  for (let i = 0; i < 2000 && masks() < 5 && child.exitCode === null; i++) await sleep(5);
  child.kill("SIGKILL");
  await gone;
  expect(child.signalCode).toBe("SIGKILL");
  const before = masks();
  expect(before).toBeGreaterThanOrEqual(5);
  expect(before).toBeLessThan(IMAGES / 2);
  expect(filesBelow(join(out, "shards"))).toEqual([]);

  expect((await hipmri(...argv, "2/2")).code).toBe(0);
  const early = await hipmri("merge", out);
  expect([early.code, early.stderr]).toEqual([
    1,
    expect.stringContaining("  - Shard 1/2 is missing; do it with:"),
  ]);
  const again = JSON.parse((await hipmri(...argv, "1/2", "--json")).stdout);
  expect(again.shard).toMatchObject({ items: IMAGES / 2, doneBefore: false });
  const merged = JSON.parse((await hipmri("merge", out, "--json")).stdout);
  expect(merged.outputs).toHaveLength(IMAGES);
  expect(masks()).toBe(IMAGES);
});
