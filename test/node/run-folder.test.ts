import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { HipError } from "../../src/core/errors.ts";
import { openRun, readLog } from "../../src/node/run-folder.ts";
import type { TrainingState } from "../../src/train/checkpoint.ts";
import { fileVersionRecord, scalarRecord, sessionStartRecord } from "../../src/train/events.ts";
import { makeMetrics } from "../support/metrics.ts";

let root = "";
let path = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "hipmri-run-"));
  path = join(root, "deep", "run");
});
afterEach(() => rmSync(root, { recursive: true }));

const read = (name: string): string => readFileSync(join(path, name), "utf8");
const stateAt = (step: number): TrainingState => ({ step, epoch: step, tensors: {}, metadata: {} });
const entry = (step: number) => ({ step, epoch: step, loss: 1 / step, dice: { prostate: 0.5 } });

async function errorOf(work: Promise<unknown>): Promise<HipError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof HipError) return error;
  throw new Error("Expected a HipError");
}

/** Logs and saves steps 1 to `last`, as a training run does. */
async function train(from: number, last: number, options: { readonly resume?: boolean } = {}): Promise<void> {
  const { run } = await openRun(path, options);
  for (let step = from; step <= last; step++) {
    await run.appendLog(entry(step));
    await run.checkpoints.save("last", stateAt(step));
  }
  await run.close();
}

test("writes every part of a run", async () => {
  const { run, state } = await openRun(path);
  expect(state).toBeUndefined();
  await run.writeConfig({ seed: 1 });
  await run.writeModel(Uint8Array.of(1, 2));
  await run.writeFigure("loss.svg", "<svg/>");
  await run.writeFigure("sheet.png", Uint8Array.of(137));
  await run.writeSample(12, Uint8Array.of(137));
  await run.writeReport("<html>");
  await run.writeMetrics(makeMetrics({ split: "validate", convention: "ours", patients: 0 }));
  await run.appendLog(entry(1));
  await run.checkpoints.save("best", stateAt(1));
  await run.close();
  expect(readdirSync(path).sort()).toEqual([
    "checkpoint",
    "config.json",
    "figures",
    "log.jsonl",
    "metrics.json",
    "model.onnx",
    "report.html",
    "samples",
  ]);
  expect(readdirSync(join(path, "samples"))).toEqual(["epoch-0012.png"]);
  expect(read("config.json")).toBe('{\n  "seed": 1\n}\n');
  expect(read("log.jsonl")).toBe('{"step":1,"epoch":1,"loss":1,"dice":{"prostate":0.5}}\n');
  expect(readdirSync(join(path, "figures")).sort()).toEqual(["loss.svg", "sheet.png"]);
  await expect(run.writeFigure("../loss.svg", "")).rejects.toThrow(
    new RangeError('A figure needs a plain file name ending in .svg or .png, got "../loss.svg"'),
  );
});

test("refuses a folder that has a run, unless told what to do with it", async () => {
  await train(1, 1);
  const error = await errorOf(openRun(path));
  expect(error.code).toBe("usage");
  expect(error.message).toBe(`Folder "${path}" has a run already: found "log.jsonl"`);
  expect(error.hint).toBe("Go on with --resume, replace it with --overwrite, or give another --out");
  expect((await errorOf(openRun(path, { resume: true, overwrite: true }))).message).toBe(
    "Cannot both resume and overwrite a run",
  );
  expect(read("log.jsonl")).not.toBe("");
});

test("refuses a file as a folder", async () => {
  writeFileSync(join(root, "file"), "");
  const error = await errorOf(openRun(join(root, "file")));
  expect(error.code).toBe("usage");
  expect(error.message).toBe(
    `Cannot use "${join(root, "file")}" as a run folder: expected a folder, found a file`,
  );
});

test("overwrites a run's own files and nothing else", async () => {
  await train(1, 2);
  mkdirSync(join(path, "figures"), { recursive: true });
  for (const name of [
    "notes.txt",
    "figures/loss.svg",
    "figures/mine.txt",
    "events.out.tfevents.7.hipmri",
    "samples/epoch-0001.png",
    "samples/mine.png",
    "process.json",
    "session.json",
    "stop-request",
    "resume.log",
  ]) {
    writeFileSync(join(path, name), "x");
  }
  const { run, state } = await openRun(path, { overwrite: true });
  await run.close();
  expect(state).toBeUndefined();
  expect(readdirSync(path).sort()).toEqual(["checkpoint", "figures", "notes.txt", "samples"]);
  expect(readdirSync(join(path, "samples"))).toEqual(["mine.png"]);
  expect(readdirSync(join(path, "checkpoint"))).toEqual([]);
  expect(readdirSync(join(path, "figures"))).toEqual(["mine.txt"]);
});

test("a resumed log equals that of a run never stopped, also after a line cut in half", async () => {
  await train(1, 6);
  const whole = read("log.jsonl");
  rmSync(path, { recursive: true });
  await train(1, 4);
  // The kill came after two more entries, before their checkpoint.
  appendFileSync(join(path, "log.jsonl"), `${JSON.stringify(entry(5))}\n{"step":6,"epo`);
  expect((await readLog(path)).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5]);
  const { run, state } = await openRun(path, { resume: true });
  await run.close();
  expect(state?.step).toBe(4);
  await train(5, 6, { resume: true });
  expect(read("log.jsonl")).toBe(whole);
});

test("a run killed before its first checkpoint starts anew", async () => {
  const { run } = await openRun(path);
  await run.appendLog(entry(1));
  await run.close();
  await train(1, 1, { resume: true });
  expect(await readLog(path)).toEqual([entry(1)]);
});

test("resume in an empty folder starts anew, and no log reads as empty", async () => {
  expect((await openRun(path, { resume: true })).state).toBeUndefined();
  expect(await readLog(path)).toEqual([]);
});

test("lines that are not awaited keep their order", async () => {
  const { run } = await openRun(path);
  const steps = Array.from({ length: 50 }, (_, i) => i + 1);
  await Promise.all(steps.map((step) => run.appendLog(entry(step))));
  await run.close();
  expect((await readLog(path)).map(({ step }) => step)).toEqual(steps);
});

test("each session has its own events, and a resumed one tells where it starts", async () => {
  const record = scalarRecord({ tag: "loss", value: 1, step: 1, wallTimeSeconds: 1 });
  const version = fileVersionRecord(0).length;
  const first = await openRun(path);
  await first.run.appendEvents(record);
  await first.run.appendEvents(record);
  await first.run.checkpoints.save("last", stateAt(1));
  await first.run.close();
  const second = await openRun(path, { resume: true });
  await second.run.appendEvents(record);
  await second.run.close();
  const names = readdirSync(path)
    .filter((name) => /^events\.out\.tfevents\.\d{10}\.hipmri$/.test(name))
    .sort();
  expect(names).toHaveLength(2);
  expect(readFileSync(join(path, names[0]!)).length).toBe(version + 2 * record.length);
  const start = sessionStartRecord({ step: 2, wallTimeSeconds: 0 });
  const bytes = readFileSync(join(path, names[1]!));
  expect(bytes.length).toBe(version + start.length + record.length);
  // Step 2, after the 12 bytes of framing and the 9 of the time.
  expect([...bytes.subarray(version + 21, version + 23)]).toEqual([0x10, 2]);
});
