import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeRandom } from "../../src/core/random.ts";
import { openCheckpointStore } from "../../src/node/checkpoint-store.ts";
import { readLog } from "../../src/node/run-folder.ts";
import { makeTinyPhantom, type TinyPhantom } from "../support/tiny-phantom.ts";

const CHECKPOINT_SECONDS = 0.4;
const KILLS = 8;
const BIN = join(import.meta.dirname, "../../bin/hipmri.js");

let phantom: TinyPhantom;
beforeAll(async () => {
  // Before the clock runs, and so that no run says on stderr that it builds.
  expect(spawnSync(process.execPath, [BIN, "--version"]).status).toBe(0);
  phantom = await makeTinyPhantom();
});
afterAll(() => phantom.remove());

function start(out: string, ...flags: readonly string[]): ChildProcess {
  const settings = {
    "unet.levels": 2,
    "unet.baseWidth": 8,
    batchSize: 8,
    threads: 1,
    steps: 400,
    stepsPerEpoch: 130,
    checkpointSeconds: CHECKPOINT_SECONDS,
  };
  const set = Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
  const argv = [BIN, "train", phantom.data, "--out", join(phantom.folder, out), "--quiet", ...set, ...flags];
  return spawn(process.execPath, argv, { stdio: ["ignore", "ignore", "pipe"] });
}

/** Resolves when the process is gone, with its exit code (null when it was killed) and what it said. */
async function ended(
  child: ChildProcess,
): Promise<{ readonly code: number | null; readonly stderr: string }> {
  let stderr = "";
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", (exit) => resolve(exit)));
  return { code, stderr };
}

const steps = async (out: string) =>
  (await readLog(join(phantom.folder, out)).catch(() => [])).filter((entry) => entry.kind === "step");

describe("a training run killed at random moments", () => {
  it(`loses at most checkpointSeconds of work and ends with the bytes of a run that was never stopped`, async () => {
    const whole = await ended(start("whole"));
    expect(whole.stderr).toBe("");
    expect(whole.code).toBe(0);

    const random = makeRandom(5, "kill");
    let kills = 0;
    for (; kills < KILLS; kills++) {
      const before = (await steps("killed")).length;
      const child = start("killed", "--resume");
      const end = ended(child);
      // Wait for work, then strike at a random moment: within a step, a log line, a checkpoint, a validation.
      const moment = random.between(0, 900);
      for (let i = 0; i < 400 && child.exitCode === null && (await steps("killed")).length <= before; i++)
        await sleep(10);
      await sleep(moment);
      child.kill("SIGKILL");
      const { code, stderr } = await end;
      // Until the first checkpoint config.json may be missing too: that is said, and nothing else.
      expect(stderr).toMatch(/^(warning: there is no run in ".*" yet: a new one starts\n)?$/);
      if (code === 0) break; // done before the blow

      const { load } = await openCheckpointStore(join(phantom.folder, "killed"));
      const kept = (await load("last"))?.step ?? 0;
      const lost = (await steps("killed")).filter((entry) => entry.step > kept);
      const lostSeconds = lost.reduce((sum, entry) => sum + Number(entry.seconds), 0);
      // A checkpoint is due after the interval and written when the step under way is done.
      const slack = 0.3 + Math.max(0, ...lost.map((entry) => Number(entry.seconds)));
      expect(lostSeconds).toBeLessThan(CHECKPOINT_SECONDS + slack);
    }
    expect(kills).toBeGreaterThan(2);

    const last = await ended(start("killed", "--resume"));
    expect(last.code).toBe(0);
    for (const file of ["model.onnx", "checkpoint/last.safetensors", "metrics.json"]) {
      const [killed, uninterrupted] = await Promise.all(
        ["killed", "whole"].map((run) => readFile(join(phantom.folder, run, file))),
      );
      expect(killed!.equals(uninterrupted!), file).toBe(true);
    }
    const losses = async (out: string) => (await steps(out)).map(({ step, loss }) => [step, loss]);
    expect(await losses("killed")).toEqual(await losses("whole"));
  }, 240_000);
});
