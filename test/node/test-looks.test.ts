import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { input, leakyRelu } from "../../src/graph/build.ts";
import {
  readTestLooks,
  recordTestLook,
  type TestLook,
  testSeenBy,
  testSeenOfRun,
} from "../../src/node/test-looks.ts";
import { VERSION } from "../../src/node/version.ts";
import { buildModel } from "../../src/onnx/model.ts";
import { cardMetadata } from "../../src/predict/card.ts";
import type { TestSeen } from "../../src/predict/card-parts.ts";
import { temporaryFolder } from "../cli/support.ts";
import { makeCard } from "../support/model-card.ts";

const folder = temporaryFolder();
let count = 0;

function makeRun(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const run = join(folder, `run${count++}`);
  mkdirSync(run);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(run, name), content);
  return run;
}

const modelThat = (testSeen: TestSeen): Uint8Array =>
  buildModel({
    outputs: { y: leakyRelu(input("x", [1]), 0) },
    metadata: cardMetadata(makeCard({ testSeen })),
  });
const look = (changes: Partial<TestLook> = {}): TestLook => ({
  step: 16,
  modelSha256: "00",
  by: "evaluate",
  why: "curiosity",
  version: VERSION,
  at: "2026-01-01T00:00:00.000Z",
  ...changes,
});
const MODEL = { steps: 16, testPatients: 2 };
const ABC_SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

describe("recordTestLook()", () => {
  test("notes step, model, occasion, version and date, one line a look", async () => {
    const run = makeRun({ "log.jsonl": '{"kind":"step","step":7}\n{"kind":"epoch","step":7}\n' });
    const before = new Date().toISOString();
    const model = new TextEncoder().encode("abc");
    await recordTestLook(run, { by: "evaluate", why: "hipmri evaluate", model });
    await recordTestLook(run, { by: "compare", why: "two\nruns", model });
    expect(readFileSync(join(run, "test-looks.jsonl"), "utf8").split("\n")).toHaveLength(3);
    const [first, second] = await readTestLooks(run);
    expect(first).toEqual({
      step: 7,
      modelSha256: ABC_SHA256,
      by: "evaluate",
      why: "hipmri evaluate",
      version: VERSION,
      at: expect.any(String),
    });
    expect(first!.at >= before && first!.at <= new Date().toISOString()).toBe(true);
    expect(second).toMatchObject({ by: "compare", why: "two\nruns" });
  });

  test("goes on after a line that a kill cut short", async () => {
    const run = makeRun();
    const model = new Uint8Array();
    await recordTestLook(run, { by: "train", why: "first", model });
    appendFileSync(join(run, "test-looks.jsonl"), '{"step":3,"by":"ev');
    await recordTestLook(run, { by: "train", why: "second", model });
    expect((await readTestLooks(run)).map(({ why, step }) => [why, step])).toEqual([
      ["first", null],
      ["second", null],
    ]);
  });

  test("warns where the note cannot be written, and stops nothing", async () => {
    const run = makeRun();
    // A folder of that name refuses root as well.
    mkdirSync(join(run, "test-looks.jsonl"));
    const warnings: string[] = [];
    const warn = (text: string): number => warnings.push(text);
    await recordTestLook(run, { by: "evaluate", why: "", model: new Uint8Array(), warn });
    expect(warnings).toEqual([
      expect.stringMatching(/^this look at the test patients is not on record: Cannot .*test-looks\.jsonl"/),
    ]);
  });
});

describe("testSeenBy()", () => {
  test("a model that was judged only when it was final is clean", () => {
    const note = "The test patients were not looked at before the model was final";
    expect(testSeenBy([], MODEL)).toEqual({ during: "never", note });
    expect(testSeenBy([look(), look({ by: "train" }), look({ step: null })], MODEL)).toEqual({
      during: "never",
      note,
    });
    expect(testSeenBy([], { ...MODEL, testPatients: 0 })).toEqual({
      during: "never",
      note: "There are no test patients",
    });
  });

  test("one that went on learning afterwards is not", () => {
    expect(testSeenBy([look({ step: 9 }), look({ by: "compare" })], MODEL)).toEqual({
      during: "training",
      note: "The test patients were judged at step 9 of 16, before training ended: they no longer stand for unseen patients",
    });
  });

  test("nor is one of several that were compared", () => {
    expect(testSeenBy([look({ by: "compare" })], MODEL)).toEqual({
      during: "selection",
      note: "Runs were compared on the test patients: if this one was chosen by that, its test figures are too good",
    });
  });
});

describe("testSeenOfRun()", () => {
  const never: TestSeen = { during: "never", note: "nobody" };
  test("goes by the looks, else by the model's own card", async () => {
    const early = `${JSON.stringify(look({ step: 3 }))}\n`;
    const looked = makeRun({ "model.onnx": modelThat(never), "test-looks.jsonl": early });
    expect((await testSeenOfRun(looked, MODEL)).during).toBe("training");
    const clean = makeRun({ "model.onnx": modelThat(never) });
    expect((await testSeenOfRun(clean, MODEL)).during).toBe("never");
  });

  test("of a run of a version that kept no looks it says that nobody knows", async () => {
    const run = makeRun({ "model.onnx": modelThat({ during: "unknown", note: "old" }) });
    expect(await testSeenOfRun(run, MODEL)).toEqual({ during: "unknown", note: "old" });
  });

  test("a mark stays though the file of looks was deleted", async () => {
    const run = makeRun({ "model.onnx": modelThat({ during: "training", note: "at step 3" }) });
    expect(await testSeenOfRun(run, MODEL)).toEqual({ during: "training", note: "at step 3" });
  });

  test("a run without a model, or with one that cannot be read, has its looks alone", async () => {
    expect((await testSeenOfRun(makeRun(), MODEL)).during).toBe("never");
    expect((await testSeenOfRun(makeRun({ "model.onnx": "rubbish" }), MODEL)).during).toBe("never");
  });
});
