import { existsSync, linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { HipError } from "../../src/core/errors.ts";
import { type CheckpointStore, openCheckpointStore } from "../../src/node/checkpoint-store.ts";
import { encodeCheckpoint, type TrainingState } from "../../src/train/checkpoint.ts";

/** The disk, which may stop obeying after some operations, as if the process had been killed there. */
const disk = vi.hoisted(() => ({ operationsLeft: Number.POSITIVE_INFINITY, hasLinks: true }));
vi.mock("node:fs/promises", async (importOriginal) => {
  const real = await importOriginal<typeof import("node:fs/promises")>();
  const spend = (): void => {
    if (disk.operationsLeft <= 0) throw new Error("Killed");
    disk.operationsLeft--;
  };
  return {
    ...real,
    async link(from: string, to: string) {
      spend();
      if (!disk.hasLinks) throw Object.assign(new Error("EPERM: operation not permitted"), { code: "EPERM" });
      await real.link(from, to);
    },
    async rename(from: string, to: string) {
      spend();
      await real.rename(from, to);
    },
    async rm(path: string, options: { force: boolean }) {
      spend();
      await real.rm(path, options);
    },
    async open(path: string, flags: string) {
      spend();
      const handle = await real.open(path, flags);
      const { writeFile } = handle;
      handle.writeFile = async (content) => {
        const bytes = content as Uint8Array;
        const isWhole = disk.operationsLeft > 0;
        await writeFile.call(handle, isWhole ? bytes : bytes.subarray(0, bytes.length >> 1));
        spend();
      };
      return handle;
    },
  };
});

const stateAt = (step: number): TrainingState => ({
  step,
  epoch: 1,
  tensors: { parameters: Float32Array.of(step, 2) },
  metadata: { configHash: "abc" },
});

let run = "";
let warnings: string[] = [];
const open = (): Promise<CheckpointStore> =>
  openCheckpointStore(run, { warn: (text) => warnings.push(text) });
const at = (file: string): string => join(run, "checkpoint", file);
const stepIn = async (store: CheckpointStore): Promise<number | undefined> =>
  (await store.load("last"))?.step;
function damage(file: string): void {
  const bytes = readFileSync(at(file));
  bytes[bytes.length - 1]! ^= 1;
  // A new file: the two names of a hard link would both be damaged.
  rmSync(at(file));
  writeFileSync(at(file), bytes);
}

beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), "hipmri-store-"));
  warnings = [];
});
afterEach(() => {
  Object.assign(disk, { operationsLeft: Number.POSITIVE_INFINITY, hasLinks: true });
  rmSync(run, { recursive: true });
});

describe("the store", () => {
  test("is empty at first, then gives back the last and the best", async () => {
    const store = await open();
    expect(await store.load("last")).toBeUndefined();
    expect(await store.load("best")).toBeUndefined();
    await store.save("last", stateAt(1));
    await store.save("best", stateAt(1));
    await store.save("last", stateAt(2));
    const again = await open();
    expect(await again.load("last")).toEqual(stateAt(2));
    expect(await again.load("best")).toEqual(stateAt(1));
    expect(readdirSync(join(run, "checkpoint")).sort()).toEqual([
      "best.safetensors",
      "last.previous.safetensors",
      "last.safetensors",
    ]);
    expect(readFileSync(at("last.previous.safetensors"))).toEqual(
      Buffer.from(await encodeCheckpoint(stateAt(1))),
    );
    expect(warnings).toEqual([]);
  });

  test("goes on from the checkpoint before a damaged one, and says so", async () => {
    const store = await open();
    await store.save("last", stateAt(1));
    await store.save("last", stateAt(2));
    damage("last.safetensors");
    expect(await stepIn(await open())).toBe(1);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      /last.safetensors": the SHA-256 of its data should be .*; going on from "last.previous.safetensors", the checkpoint before it, at step 1$/,
    );
  });

  test("fails where every checkpoint is damaged, with every reason", async () => {
    const store = await open();
    await store.save("last", stateAt(1));
    await store.save("last", stateAt(2));
    await store.save("best", stateAt(2));
    damage("last.safetensors");
    damage("best.safetensors");
    writeFileSync(at("last.previous.safetensors"), "");
    const error = await (await open()).load("last").then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof HipError)) throw new Error("Expected a HipError");
    expect(error.code).toBe("bad-checkpoint");
    expect(error.message).toMatch(/^Cannot resume from ".*checkpoint": no valid checkpoint among 2 found: /);
    expect(error.problems[1]).toBe(
      `Cannot read "${at("last.previous.safetensors")}": expected at least 8 bytes for the header's length, found 0`,
    );
    expect(error.hint).toBe('Restore "last.safetensors" from a copy, or start anew with --overwrite');
    await expect(store.load("best")).rejects.toThrow('best.safetensors": the SHA-256 of its data should be');
  });

  test("clears what a killed run left, and nothing else", async () => {
    await (await open()).save("last", stateAt(1));
    for (const name of [".last.safetensors.1234.tmp", ".best.safetensors.1234.tmp"])
      writeFileSync(at(name), "half");
    linkSync(at("last.safetensors"), at(".last.safetensors.kept.tmp"));
    writeFileSync(at("last.safetensors.copy-of-mine"), "mine");
    expect(await stepIn(await open())).toBe(1);
    expect(readdirSync(join(run, "checkpoint")).sort()).toEqual([
      "last.safetensors",
      "last.safetensors.copy-of-mine",
    ]);
  });
});

describe("a kill at any instant of a save leaves a valid checkpoint", () => {
  /** What lies there before the save of step 9; the result is the step that a load would give. */
  const before: Readonly<Record<string, (store: CheckpointStore) => Promise<number | undefined>>> = {
    "after no checkpoint": async () => undefined,
    "after one": async (store) => {
      await store.save("last", stateAt(1));
      return 1;
    },
    "after three": async (store) => {
      for (const step of [1, 2, 3]) await store.save("last", stateAt(step));
      return 3;
    },
    "after a damaged one was passed over": async (store) => {
      for (const step of [1, 2]) await store.save("last", stateAt(step));
      damage("last.safetensors");
      return stepIn(store);
    },
    "after the last one was lost": async (store) => {
      for (const step of [1, 2]) await store.save("last", stateAt(step));
      rmSync(at("last.safetensors"));
      return stepIn(store);
    },
  };
  const cases = Object.keys(before).flatMap((name) => [
    { name, hasLinks: true },
    { name, hasLinks: false },
  ]);

  test.each(cases)("$name, hard links: $hasLinks", async ({ name, hasLinks }) => {
    disk.hasLinks = hasLinks;
    let isSaved = false;
    let kills = 0;
    for (; !isSaved; kills++) {
      rmSync(join(run, "checkpoint"), { recursive: true, force: true });
      const store = await open();
      const old = await before[name]!(store);
      disk.operationsLeft = kills;
      // A save may return although its last, needless removal was cut off: then the new one must be there.
      const isDone = await store.save("last", stateAt(9)).then(
        () => true,
        () => false,
      );
      isSaved = disk.operationsLeft > 0;
      disk.operationsLeft = Number.POSITIVE_INFINITY;
      const loaded = await stepIn(await open());
      expect(isDone ? [9] : [old, 9]).toContain(loaded);
      expect(readdirSync(join(run, "checkpoint")).filter((file) => file.endsWith(".tmp"))).toEqual([]);
      // From the second save on there is a spare one as well.
      if (isDone && name === "after three") {
        damage("last.safetensors");
        expect(await stepIn(await open())).toBe(3);
      }
    }
    // The kills did strike within the save.
    expect(kills).toBeGreaterThan(4);
    expect(existsSync(at("last.safetensors"))).toBe(true);
  });
});
