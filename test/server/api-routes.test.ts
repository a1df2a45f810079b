import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { birthOf } from "../../src/node/live-run.ts";
import type {
  EpochPoint,
  HistoryEvent,
  RunState,
  SampleList,
  ServeState,
  StepPoint,
  WorstCases,
} from "../../src/server/api.ts";
import { tinyModel } from "../cli/support.ts";
import { makeCaseLabel, makeLabelMetrics, makeMetrics } from "../support/metrics.ts";
import {
  epochLine,
  listen,
  startServer,
  stepLine,
  type TestServer,
  temporaryFolder,
  writeFiles,
} from "./support.ts";

const folder = temporaryFolder();
const runs = join(folder, "runs");
const CONFIG = JSON.stringify({ preset: "pelvis", seed: 4, steps: 40, stepsPerEpoch: 10 });
const TEN_STEPS = Array.from({ length: 10 }, (_, i) => stepLine(i + 1)).join("");
let server: TestServer;
let states: ReadonlyMap<string, RunState>;

const stateOf = async (name: string): Promise<RunState> => {
  const { runs: all } = await server.json<ServeState>("/api/state");
  return all.find((run) => run.name === name)!;
};
const idOf = (name: string): string => states.get(name)!.id;

const processJson = (changes: object = {}): string =>
  JSON.stringify({
    format: 1,
    version: "0",
    pid: process.pid,
    host: hostname(),
    instance: "0123456789abcdef",
    birth: birthOf(process.pid),
    startedAt: new Date().toISOString(),
    error: null,
    ...changes,
  });
const scored = (id: string, dice: number | null) => ({
  id,
  patient: `p-${id}`,
  labels: [makeCaseLabel({ dice })],
});
const METRICS = JSON.stringify(
  makeMetrics({
    split: "validate",
    labels: [makeLabelMetrics()],
    cases: [scored("good", 0.75), scored("empty", null), scored("bad", 0.25)],
  }),
);
const sessionJson = (changes: object = {}): string =>
  JSON.stringify({
    format: 1,
    cwd: folder,
    data: folder,
    layout: null,
    device: null,
    test: false,
    folds: null,
    synthetic: true,
    labels: [
      { id: 0, name: "background" },
      { id: 5, name: "prostate" },
    ],
    ...changes,
  });

beforeAll(async () => {
  writeFiles(runs, {
    "stopped/config.json": CONFIG,
    "stopped/log.jsonl": TEN_STEPS + epochLine(1, 10) + stepLine(11, 2),
    "stopped/session.json": sessionJson(),
    "finished/config.json": CONFIG,
    "finished/log.jsonl": TEN_STEPS,
    "finished/metrics.json": METRICS,
    "finished/model.onnx": tinyModel(),
    "finished/report.html": "<!doctype html><p style='color:red'>report</p>",
    "finished/samples/epoch-0002.png": Uint8Array.of(137, 80),
    "finished/samples/epoch-0001.png": Uint8Array.of(137),
    "finished/samples/notes.txt": "no sample",
    "killed/config.json": CONFIG,
    "killed/process.json": processJson({ pid: 2 ** 22 + 1 }),
    "reused/config.json": CONFIG,
    "reused/process.json": processJson({ birth: "boot:1" }),
    "error/config.json": CONFIG,
    "error/process.json": processJson({ error: "No space is left" }),
    "running/config.json": CONFIG,
    "running/log.jsonl": TEN_STEPS + epochLine(1, 10),
    "running/process.json": processJson(),
    "running/session.json": sessionJson(),
    "far/config.json": CONFIG,
    "far/process.json": processJson({ host: "another-machine" }),
    "silent/config.json": CONFIG,
    "silent/process.json": processJson({ host: "another-machine", startedAt: "2020-01-01T00:00:00Z" }),
    "lost/config.json": CONFIG,
    "lost/session.json": sessionJson({ data: join(folder, "no-data") }),
    "old/config.json": CONFIG,
    "folds/fold_0/config.json": CONFIG,
    "folds/fold_1/config.json": CONFIG,
    "other/notes.txt": "no run",
    ".hidden/config.json": CONFIG,
  });
  mkdirSync(join(folder, "elsewhere/fold_0"), { recursive: true });
  server = await startServer({ runs: [runs, join(folder, "later")], appFolder: folder });
  const { runs: all } = await server.json<ServeState>("/api/state");
  states = new Map(all.map((run) => [run.name, run]));
});

describe("/api/state", () => {
  it("lists the runs below what was given, and what is awaited", async () => {
    const state = await server.json<ServeState>("/api/state");
    expect(state.isWatching).toBe(true);
    expect(state.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(state.runs.map(({ name }) => name)).toEqual([
      "error",
      "far",
      "finished",
      "folds/fold_0",
      "folds/fold_1",
      "killed",
      "lost",
      "old",
      "reused",
      "running",
      "silent",
      "stopped",
      "later",
    ]);
    for (const { id } of state.runs) expect(id).toMatch(/^[0-9a-f]{16}$/);
    const own = await startServer();
    expect(await own.json("/api/state")).toMatchObject({ isWatching: false, runs: [] });
  });

  it.each([
    ["later", "waiting", "Waiting for training to start"],
    ["stopped", "stopped", "Stopped and saved"],
    ["finished", "finished", "Finished and judged"],
    ["killed", "failed", "The training was ended before it could save: resuming loses little"],
    ["error", "failed", "Training ended with an error: No space is left"],
    ["running", "running", "Training"],
    ["far", "running", "Training"],
    ["silent", "failed", "The training was ended before it could save: resuming loses little"],
  ])("%s is %s", (name, status, note) => {
    expect(states.get(name)).toMatchObject({ status, note });
  });

  it.runIf(process.platform === "linux")("tells a process from a later one of its number", () => {
    expect(states.get("reused")).toMatchObject({ status: "failed" });
  });

  it("tells plan, progress, labels and what can be done", () => {
    expect(states.get("stopped")).toMatchObject({
      path: join(runs, "stopped"),
      configDigest: expect.stringMatching(/^[0-9a-f]{12}$/),
      preset: "pelvis",
      seed: 4,
      plan: { steps: 40, stepsPerEpoch: 10, epochs: 4 },
      stepsDone: 11,
      epochsDone: 1,
      lastEpoch: { epoch: 1, foregroundDice: 0.8 },
      bestEpoch: { epoch: 1 },
      labels: [{ id: 5, name: "prostate", colour: "#008a60" }],
      synthetic: true,
      secondsLeft: null,
      stop: { can: false, why: "No training is under way" },
      resume: { can: true, why: null },
      has: { log: true, metrics: false, report: false, samples: false },
    });
    const running = states.get("running")!;
    expect(running).toMatchObject({ stop: { can: true }, resume: { can: false, why: "It is running" } });
    expect(running.stepsPerSecond).toBeCloseTo(10, 6);
    // 30 steps, and three validations of which none has been timed.
    expect(running.secondsLeft).toBeCloseTo(3, 6);
    expect(states.get("finished")!.labels).toHaveLength(5);
    expect(states.get("lost")!.resume.why).toBe(`Its data are not at "${join(folder, "no-data")}" any more`);
    expect(states.get("old")!.resume.why).toContain("An earlier version made this run");
    expect(states.get("later")!.resume.can).toBe(false);
  });

  it("finds a run that begins later", async () => {
    const path = join(folder, "late-runs");
    const own = await startServer({ runs: [path] });
    const { runs: before } = await own.json<ServeState>("/api/state");
    expect(before).toMatchObject([{ status: "waiting", name: "late-runs" }]);
    writeFiles(path, { "log.jsonl": TEN_STEPS });
    const reader = await listen(own, before[0]!.id);
    await reader.until(({ event, data }) => event === "status" && (data as RunState).status === "stopped");
    reader.close();
  });
});

describe("files of a run", () => {
  it("model, samples, metrics and worst cases", async () => {
    const at = `/api/runs/${idOf("finished")}`;
    const model = await server.get(`${at}/model`);
    expect(model.headers["content-type"]).toBe("application/octet-stream");
    expect(model.headers["cache-control"]).toBe("no-store");
    expect(model.bytes.equals(Buffer.from(tinyModel()))).toBe(true);
    const { samples } = await server.json<SampleList>(`${at}/samples`);
    expect(samples.map(({ name, epoch }) => [name, epoch])).toEqual([
      ["epoch-0001.png", 1],
      ["epoch-0002.png", 2],
    ]);
    const sample = await server.get(`${at}/samples/epoch-0002.png?v=${samples[1]!.version}`);
    expect([sample.headers["content-type"], sample.bytes.length]).toEqual(["image/png", 2]);
    expect(await server.json(`${at}/files/metrics.json`)).toMatchObject({ split: "validate" });
    const worst = await server.json<WorstCases>(`${at}/worst`);
    expect(worst).toMatchObject({
      split: "validate",
      total: 3,
      cases: [
        { id: "bad", patient: "p-bad", meanDice: 0.25, labels: [{ name: "prostate", dice: 0.25 }] },
        { id: "good", meanDice: 0.75 },
        { id: "empty", meanDice: null },
      ],
    });
  });

  it("the report has a stricter policy and no origin", async () => {
    const { status, headers, text } = await server.get(`/api/runs/${idOf("finished")}/report`);
    expect(status).toBe(200);
    expect(text).toContain("report");
    expect(headers["content-security-policy"]).toMatch(
      /^default-src 'none'; script-src 'sha256-[\w+/=]+'; style-src 'unsafe-inline'; img-src data:; .*; sandbox allow-scripts$/,
    );
    expect(headers["cross-origin-resource-policy"]).toBe("same-origin");
  });

  it.each([
    "samples/..%2f..%2fconfig.json",
    "samples/notes.txt",
    "samples/epoch-0009.png",
    "files/session.json",
    "files/..%2fstopped%2fconfig.json",
    "files/%2e%2e",
    "files/test-metrics.json",
    "nothing",
    "stop",
  ])("there is no %s", async (path) => {
    const { status, headers } = await server.get(`/api/runs/${idOf("finished")}/${path}`);
    expect(status).toBe(404);
    expect(headers["content-type"]).toMatch(/^application\/json/);
    expect(headers["cache-control"]).toBe("no-store");
  });

  it("no run has an id that was not made here", async () => {
    for (const id of ["..", "%2e%2e", "0000000000000000", "constructor", "%00"]) {
      expect((await server.get(`/api/runs/${id}/model`)).status).toBe(404);
    }
  });

  it("a link out of the run is not followed, and a damaged metrics.json is told", async () => {
    const path = join(folder, "linked");
    writeFiles(folder, {
      "secret.html": "secret",
      "linked/config.json": CONFIG,
      "linked/metrics.json": "{}",
    });
    symlinkSync(join(folder, "secret.html"), join(path, "report.html"));
    symlinkSync(folder, join(path, "samples"));
    const own = await startServer({ runs: [path] });
    const { runs: all } = await own.json<ServeState>("/api/state");
    const at = `/api/runs/${all[0]!.id}`;
    expect((await own.get(`${at}/report`)).status).toBe(404);
    expect((await own.get(`${at}/worst`)).status).toBe(422);
  });
});

describe("events", () => {
  const steps = (events: readonly { event: string; data: unknown }[]): readonly number[] =>
    events.filter(({ event }) => event === "step").map(({ data }) => (data as StepPoint).step);

  it("begin with the state and the history, then come as lines are written; a torn line waits", async () => {
    const path = join(folder, "live");
    writeFiles(path, { "config.json": CONFIG, "log.jsonl": TEN_STEPS });
    const own = await startServer({ runs: [path] });
    const { id } = (await own.json<ServeState>("/api/state")).runs[0]!;
    const reader = await listen(own, id);
    expect(reader.headers["content-type"]).toBe("text/event-stream");
    expect(reader.headers["cache-control"]).toBe("no-store");
    expect(reader.headers["content-security-policy"]).toBeDefined();
    const history = await reader.until(({ event }) => event === "history");
    expect(reader.events.map(({ event }) => event)).toEqual(["status", "history"]);
    expect((history.data as HistoryEvent).steps.map(({ step }) => step)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ]);
    expect(history.id).toMatch(new RegExp(`^${TEN_STEPS.length}\\.`));

    const log = join(path, "log.jsonl");
    const torn = stepLine(11, 2);
    appendFileSync(log, epochLine(1, 10) + torn.slice(0, 20));
    const epoch = await reader.until(({ event }) => event === "epoch");
    expect((epoch.data as EpochPoint).dice).toEqual({ prostate: 0.8 });
    await sleep(300);
    expect(steps(reader.events)).toEqual([]);
    appendFileSync(log, torn.slice(20));
    await reader.until(({ event }) => event === "step");
    await reader.until(({ event, data }) => event === "status" && (data as RunState).stepsDone === 11);
    reader.close();

    // The browser comes back with the last id that it had.
    appendFileSync(log, stepLine(12, 2) + stepLine(13, 2));
    const again = await listen(own, id, epoch.id);
    await again.until(({ event, data }) => event === "step" && (data as StepPoint).step === 13);
    expect(again.events.some(({ event }) => event === "history")).toBe(false);
    expect(steps(again.events)).toEqual([11, 12, 13]);
    again.close();
  });

  it("begin anew where the log was cut back, or the id fits nowhere", async () => {
    const path = join(folder, "cut");
    writeFiles(path, { "log.jsonl": TEN_STEPS });
    const own = await startServer({ runs: [path] });
    const { id } = (await own.json<ServeState>("/api/state")).runs[0]!;
    const reader = await listen(own, id);
    const first = await reader.until(({ event }) => event === "history");
    // As a resumed training does it: another file takes the name.
    writeFiles(path, { "new.jsonl": stepLine(1) + stepLine(2) });
    renameSync(join(path, "new.jsonl"), join(path, "log.jsonl"));
    const cut = await reader.until((one) => one.event === "history" && one !== first);
    expect((cut.data as HistoryEvent).steps).toHaveLength(2);
    reader.close();
    const [offset, file] = cut.id!.split(".");
    for (const wrong of [first.id!, `${Number(offset) - 3}.${file}`, `99999.${file}`, "-1", "x.y", "1e3.a"]) {
      const other = await listen(own, id, wrong);
      const history = await other.until(({ event }) => event === "history");
      expect((history.data as HistoryEvent).steps, wrong).toHaveLength(2);
      other.close();
    }
  });

  it("thin a log of 10,000 steps, and keep every epoch", async () => {
    const path = join(folder, "long");
    const lines = Array.from({ length: 10_000 }, (_, i) => {
      const step = i + 1;
      return stepLine(step, Math.ceil(step / 100)) + (step % 100 === 0 ? epochLine(step / 100, step) : "");
    });
    writeFiles(path, { "log.jsonl": lines.join("") });
    const own = await startServer({ runs: [path] });
    const { id } = (await own.json<ServeState>("/api/state")).runs[0]!;
    const reader = await listen(own, id);
    const { data } = await reader.until(({ event }) => event === "history");
    const { steps: points, epochs } = data as HistoryEvent;
    expect(epochs).toHaveLength(100);
    expect(points.length).toBeGreaterThan(1000);
    expect(points.length).toBeLessThanOrEqual(2000);
    expect(points.reduce((sum, { count }) => sum + count, 0)).toBe(10_000);
    expect(points.at(-1)!.step).toBe(10_000);
    expect(points[0]).toMatchObject({ lossMax: 1, lossMin: 1 / points[0]!.count });
    reader.close();
  });

  it("HEAD has the headers and no stream; streams end with the server", async () => {
    const path = join(folder, "ends");
    writeFiles(path, { "log.jsonl": TEN_STEPS });
    const own = await startServer({ runs: [path] });
    const { id } = (await own.json<ServeState>("/api/state")).runs[0]!;
    const head = await own.get(`/api/runs/${id}/events`, { method: "HEAD" });
    expect([head.status, head.headers["content-type"], head.text]).toEqual([200, "text/event-stream", ""]);
    const reader = await listen(own, id);
    await reader.until(({ event }) => event === "history");
    await own.close();
    reader.close();
  });
});

describe("stop and resume", () => {
  it("are refused where they mean nothing", async () => {
    for (const [name, what, message] of [
      ["stopped", "stop", "Cannot stop this run: No training is under way"],
      ["running", "resume", "Cannot resume this run: It is running"],
      ["finished", "resume", "Cannot resume this run: Finished and judged"],
      ["later", "resume", "Cannot resume this run: Waiting for training to start"],
    ] as const) {
      const { status, text } = await server.post(`/api/runs/${idOf(name)}/${what}`);
      expect(status).toBe(409);
      expect(JSON.parse(text)).toEqual({ error: { message, hint: null } });
    }
    expect((await server.post("/api/runs/none/stop")).status).toBe(404);
  });

  it("a request to stop names the instance, and is seen as one", async () => {
    const { status } = await server.post(`/api/runs/${idOf("running")}/stop`);
    expect(status).toBe(202);
    const { readFileSync } = await import("node:fs");
    expect(readFileSync(join(runs, "running/stop-request"), "utf8")).toBe("0123456789abcdef\n");
    expect(await stateOf("running")).toMatchObject({
      note: "Stopping as soon as the work is saved",
      stop: { can: false },
    });
    rmSync(join(runs, "running/stop-request"));
  });

  it("a resumed run that fails says why", async () => {
    const path = join(folder, "fails");
    writeFiles(path, { "config.json": CONFIG, "log.jsonl": TEN_STEPS, "session.json": sessionJson() });
    const script = join(folder, "fail.mjs");
    writeFileSync(script, 'console.error("error: No such luck\\nhint: try"); process.exitCode = 1;');
    const own = await startServer({ runs: [path], command: [process.execPath, script] });
    const { id } = (await own.json<ServeState>("/api/state")).runs[0]!;
    const reader = await listen(own, id);
    expect((await own.post(`/api/runs/${id}/resume`)).status).toBe(202);
    const failed = await reader.until(
      ({ event, data }) => event === "status" && (data as RunState).status === "failed",
    );
    expect(failed.data).toMatchObject({
      note: "Resuming failed: error: No such luck",
      resume: { can: true },
    });
    reader.close();
  });
});
