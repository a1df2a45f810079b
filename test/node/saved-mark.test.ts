import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { openCheckpointStore } from "../../src/node/checkpoint-store.ts";
import { leaveSavedMark, SAVED_MARK_VARIABLE } from "../../src/node/saved-mark.ts";
import type { TrainingState } from "../../src/train/checkpoint.ts";

const folder = mkdtempSync(join(tmpdir(), "hipmri-mark-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

const stateAt = (step: number): TrainingState => ({
  step,
  epoch: 1,
  tensors: { parameters: Float32Array.of(step, 2) },
  metadata: { configHash: "abc" },
});

test("appears where the variable says, and nowhere without it", async () => {
  const mark = join(folder, "alone");
  await leaveSavedMark({});
  expect(existsSync(mark)).toBe(false);
  await leaveSavedMark({ [SAVED_MARK_VARIABLE]: mark });
  expect(existsSync(mark)).toBe(true);
});

test("that it cannot be left stops nothing", async () => {
  const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  await leaveSavedMark({ [SAVED_MARK_VARIABLE]: join(folder, "none", "mark") });
  expect(stderr).toHaveBeenCalledWith(expect.stringContaining("Cannot leave the mark of a saved step"));
  stderr.mockRestore();
});

test("a step that this process took leaves it; what was loaded and saved again does not", async () => {
  const mark = join(folder, "run-mark");
  vi.stubEnv(SAVED_MARK_VARIABLE, mark);
  const run = join(folder, "run");
  const first = await openCheckpointStore(run);
  await first.save("last", stateAt(0));
  await first.save("best", stateAt(3));
  expect(existsSync(mark)).toBe(false);
  await first.save("last", stateAt(3));
  expect(existsSync(mark)).toBe(true);

  rmSync(mark);
  const again = await openCheckpointStore(run);
  await again.load("last");
  await again.save("last", stateAt(3));
  expect(existsSync(mark)).toBe(false);
  await again.save("last", stateAt(4));
  expect(existsSync(mark)).toBe(true);
});
