import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  announceRun,
  askToStop,
  birthOf,
  lifeOf,
  readProcess,
  readSession,
  readStopRequest,
} from "../../src/node/live-run.ts";

let run = "";
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), "hipmri-live-"));
});
afterEach(() => rmSync(run, { recursive: true }));

const SESSION = {
  data: "/data",
  layout: null,
  device: null,
  test: false,
  folds: null,
  synthetic: true,
  labels: [{ id: 1, name: "body" }],
} as const;

describe("announceRun()", () => {
  it("says who trains, and takes it back at the end; the session stays", async () => {
    const live = await announceRun(run, SESSION);
    const process_ = (await readProcess(run))!;
    expect(process_).toMatchObject({ pid: process.pid, host: hostname(), error: null });
    expect(lifeOf(process_)).toBe("alive");
    await live.end();
    expect(await readProcess(run)).toBeUndefined();
    expect(await readSession(run)).toEqual({ format: 1, cwd: process.cwd(), ...SESSION });
  });

  it("leaves the error that ended it", async () => {
    const live = await announceRun(run, SESSION);
    await live.end(new Error("No space"));
    expect(await readProcess(run)).toMatchObject({ error: "No space" });
  });

  it("leaves alone what a later process says", async () => {
    const first = await announceRun(run, SESSION);
    await announceRun(run, SESSION);
    const { instance } = (await readProcess(run))!;
    await first.end();
    expect((await readProcess(run))!.instance).toBe(instance);
  });
});

describe("a request to stop", () => {
  it("is obeyed by the instance that it names, looked for once a second", async () => {
    const live = await announceRun(run, SESSION);
    await askToStop(run, (await readProcess(run))!);
    expect(live.isStopAsked()).toBe(false);
    await sleep(1050);
    expect(live.isStopAsked()).toBe(true);
    await live.end();
    expect(readStopRequest(run)).toBeUndefined();
    expect(live.isStopAsked()).toBe(true);
  });

  it("of an earlier instance is taken away, of another one is not obeyed", async () => {
    writeFileSync(join(run, "stop-request"), "old\n");
    const live = await announceRun(run, SESSION);
    expect(existsSync(join(run, "stop-request"))).toBe(false);
    writeFileSync(join(run, "stop-request"), "another\n");
    await sleep(1050);
    expect(live.isStopAsked()).toBe(false);
  });
});

describe("lifeOf()", () => {
  it("tells the dead, the replaced and those elsewhere", async () => {
    await announceRun(run, SESSION);
    const self = (await readProcess(run))!;
    expect(lifeOf({ ...self, pid: 2 ** 22 + 1 })).toBe("dead");
    expect(lifeOf({ ...self, host: `not-${self.host}` })).toBe("elsewhere");
    // A system that tells no birth is believed.
    expect(lifeOf({ ...self, birth: null })).toBe("alive");
    if (process.platform === "linux") {
      expect(birthOf(process.pid)).toMatch(/^[0-9a-f-]{36}:\d+$/);
      expect(lifeOf({ ...self, birth: "boot:1" })).toBe("dead");
    }
    expect(birthOf(2 ** 22 + 1)).toBeNull();
  });
});

it("files that are damaged, or of another form, tell nothing", async () => {
  for (const text of ["", "{", "[]", '{"format":1}', '{"format":2,"pid":1}']) {
    writeFileSync(join(run, "process.json"), text);
    writeFileSync(join(run, "session.json"), text);
    expect(await readProcess(run)).toBeUndefined();
    expect(await readSession(run)).toBeUndefined();
  }
  await announceRun(run, SESSION);
  const session = JSON.parse(readFileSync(join(run, "session.json"), "utf8"));
  writeFileSync(join(run, "session.json"), JSON.stringify({ ...session, data: "relative/path" }));
  expect(await readSession(run)).toBeUndefined();
});
