import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { surveyTrain } from "../../src/cluster/survey-train.ts";
import { makeTinyPhantom, type TinyPhantom, tinyConfig } from "../support/tiny-phantom.ts";

let phantom: TinyPhantom;
beforeAll(async () => {
  phantom = await makeTinyPhantom();
  process.env.HIPMRI_CACHE = join(phantom.folder, "cache");
});
afterAll(() => phantom.remove());

const survey = (changes: Readonly<Record<string, unknown>>, out = "none", noun = "run", runs = 1) =>
  surveyTrain({
    data: phantom.data,
    layout: undefined,
    config: tinyConfig(changes),
    out: join(phantom.folder, out),
    runs,
    noun,
  });

/** A log with so many steps of so many seconds each. */
function writeLog(run: string, steps: number, seconds: number): void {
  mkdirSync(join(phantom.folder, run), { recursive: true });
  const lines = Array.from({ length: steps }, (_, i) =>
    JSON.stringify({ kind: "step", step: i + 1, seconds }),
  );
  writeFileSync(join(phantom.folder, run, "log.jsonl"), `${lines.join("\n")}\n`);
}

describe("surveyTrain()", () => {
  test("minutes are what is stated, and ten around them", async () => {
    const { itemSeconds, basis } = await survey({ epochs: null, minutes: 30 });
    expect(itemSeconds).toBe(40 * 60);
    expect(basis[0]).toBe("Training: 30 minutes of training, and 10 around them");
  });

  test("of epochs nothing is known before a step was measured", async () => {
    const { itemSeconds, stretchSeconds, basis } = await survey({});
    expect([itemSeconds, stretchSeconds]).toEqual([undefined, undefined]);
    expect(basis[0]).toContain("no --minutes, and no step was measured yet");
  });

  test("a run that is there tells its steps, and how many are left", async () => {
    writeLog("begun", 40, 2.5);
    const { itemSeconds, stretchSeconds, basis } = await survey({ epochs: null, steps: 100 }, "begun");
    expect(itemSeconds).toBe(60 * 2.5 + 600);
    expect(stretchSeconds).toBe(2.5);
    expect(basis[0]).toContain("60 steps left of 100, 2500 ms each as its log has it");
  });

  test("the longest step of the first fold makes the lead of all", async () => {
    writeLog("folds/fold_0", 3, 90);
    const found = await survey({}, "folds", "fold", 5);
    expect(found).toMatchObject({ items: 5, noun: "fold", stretchSeconds: 90, cpus: 1 });
    expect(found.basis[0]).toMatch(/^5 folds, each: /);
  });

  test("memory is what planning counts, within memoryMb where planning chooses", async () => {
    const { memoryMb: tiny } = await survey({});
    expect(tiny).toBeGreaterThan(130);
    expect(tiny).toBeLessThan(150);
    const { memoryMb: stated } = await survey({ unet: { baseWidth: 64 }, batchSize: 64 });
    expect(stated).toBeGreaterThan(400);
    const large = {
      input: { size: { width: 512, height: 512 } },
      unet: { baseWidth: null },
      batchSize: null,
    };
    const { memoryMb: wide } = await survey({ ...large, memoryMb: 8000 });
    expect(wide).toBeGreaterThan(2500);
    const { memoryMb: bounded } = await survey({ ...large, memoryMb: 1000 });
    expect(bounded).toBeCloseTo(1000, -1);
  });
});
