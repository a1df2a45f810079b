import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { trainRun } from "../../src/node/workflows/train.ts";
import { makeTinyPhantom, tinyConfig } from "../support/tiny-phantom.ts";

const folder = mkdtempSync(join(tmpdir(), "hipmri-full-"));
const disk = join(folder, "disk");
mkdirSync(disk);

/** A disk of 256 KiB; needs root on Linux. */
function mountTiny(): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], { stdio: "ignore" });
    return true;
  } catch {
    console.warn("Skipped: no small disk can be mounted here (needs root on Linux)");
    return false;
  }
}
const isMounted = mountTiny();
afterAll(() => {
  if (isMounted) execFileSync("umount", [disk]);
  rmSync(folder, { recursive: true, force: true });
});

it.skipIf(!isMounted)(
  "a disk that fills is an error that names file and bytes, and leaves nothing half-written",
  async () => {
    const phantom = await makeTinyPhantom();
    try {
      const run = join(disk, "run");
      const stderr = { isTTY: false, write: () => true } as unknown as NodeJS.WriteStream;
      const training = trainRun({
        data: phantom.data,
        out: run,
        config: tinyConfig({ unet: { baseWidth: 16 } }),
        resume: false,
        overwrite: false,
        test: false,
        quiet: true,
        command: "hipmri train",
        stderr,
        signal: new AbortController().signal,
      });
      await expect(training).rejects.toMatchObject({
        code: "disk",
        message: expect.stringMatching(
          /^Cannot write ".*best\.safetensors" \(\d+ bytes\): no space is left on the disk$/,
        ),
      });
      expect(readdirSync(join(run, "checkpoint"))).toEqual([]);
      expect(readdirSync(run)).not.toContain("model.onnx");
    } finally {
      await phantom.remove();
    }
  },
);
