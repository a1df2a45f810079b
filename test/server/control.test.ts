/** A real training, stopped and resumed through the server, ends with the bytes of one that was never stopped. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunSession } from "../../src/node/live-run.ts";
import { trainRun } from "../../src/node/workflows/train.ts";
import type { TrainSummary } from "../../src/node/workflows/train-options.ts";
import type { RunState, SampleList, ServeState } from "../../src/server/api.ts";
import { resumeArguments } from "../../src/server/control.ts";
import { makeTinyPhantom, type TinyPhantom, tinyConfig } from "../support/tiny-phantom.ts";
import { startServer } from "./support.ts";

let phantom: TinyPhantom;
beforeAll(async () => {
  phantom = await makeTinyPhantom();
});
afterAll(() => phantom.remove());

const SESSION: RunSession = {
  format: 1,
  cwd: "/work",
  data: "/data/scans",
  layout: "msd",
  device: "cuda",
  test: true,
  folds: null,
  synthetic: false,
  labels: [],
};

describe("resumeArguments()", () => {
  it("says again what config.json does not hold", () => {
    expect(resumeArguments("/runs/a", SESSION).join(" ")).toBe(
      "train --layout msd --device cuda --test --out /runs/a --resume -- /data/scans",
    );
    expect(
      resumeArguments("/runs/a", { ...SESSION, layout: null, device: null, test: false }).join(" "),
    ).toBe("train --out /runs/a --resume -- /data/scans");
  });

  it("goes on with all folds where the run is one of them", () => {
    const session = { ...SESSION, layout: null, device: null, test: false, folds: { count: 5, test: true } };
    expect(resumeArguments(join("/runs/folds", "fold_2"), session).join(" ")).toBe(
      "train --folds 5 --test --out /runs/folds --resume -- /data/scans",
    );
  });
});

function train(name: string): Promise<TrainSummary & { readonly said: string }> {
  let said = "";
  const stderr = {
    isTTY: false,
    write(text: string) {
      said += text;
      return true;
    },
  };
  return trainRun({
    data: phantom.data,
    out: join(phantom.folder, name),
    // Long enough to be stopped within: requests are looked for once a second.
    config: tinyConfig({ batchSize: 4, epochs: null, steps: 900, stepsPerEpoch: 300 }),
    resume: false,
    overwrite: false,
    test: false,
    quiet: true,
    command: "hipmri train",
    stderr: stderr as unknown as NodeJS.WriteStream,
    signal: new AbortController().signal,
  }).then((summary) => ({ ...summary, said }));
}

describe("stop and resume", () => {
  it("a training that was stopped and resumed from the page ends with the same bytes", async () => {
    const path = join(phantom.folder, "parts");
    const server = await startServer({ runs: [path] });
    const { id } = (await server.json<ServeState>("/api/state")).runs[0]!;
    const until = async (fits: (state: RunState) => boolean): Promise<RunState> => {
      for (;;) {
        const state = await server.json<RunState>(`/api/runs/${id}`);
        if (fits(state)) return state;
        await sleep(20);
      }
    };

    const training = train("parts");
    await until(({ stop, stepsDone }) => stop.can && stepsDone > 5);
    expect((await server.post(`/api/runs/${id}/stop`)).status).toBe(202);
    const summary = await training;
    expect(summary).toMatchObject({ finished: false });
    expect(summary.said).toContain("Asked to stop: stopping as soon as the work is saved");
    const stopped = await server.json<RunState>(`/api/runs/${id}`);
    expect(stopped).toMatchObject({ status: "stopped", stepsDone: summary.steps, resume: { can: true } });
    for (const name of ["process.json", "stop-request"]) {
      await expect(readFile(join(path, name))).rejects.toThrow();
    }

    expect((await server.post(`/api/runs/${id}/resume`)).status).toBe(202);
    expect((await server.post(`/api/runs/${id}/resume`)).status).toBe(409);
    expect((await until(({ status }) => status !== "stopped")).status).toMatch(/^(starting|running)$/);
    await train("whole");
    const end = await until(({ status }) => status === "finished" || status === "failed");
    expect(end, await readFile(join(path, "resume.log"), "utf8")).toMatchObject({
      status: "finished",
      stepsDone: 900,
      epochsDone: 3,
      has: { report: true, metrics: true, samples: true },
    });
    for (const file of [
      "model.onnx",
      "checkpoint/last.safetensors",
      "metrics.json",
      "samples/epoch-0003.png",
    ]) {
      const bytes = await readFile(join(path, file));
      expect(bytes.equals(await readFile(join(phantom.folder, "whole", file))), file).toBe(true);
    }
    const { samples } = await server.json<SampleList>(`/api/runs/${id}/samples`);
    // Those in between where sheets are cheap beside such short epochs.
    expect(samples.map(({ epoch }) => epoch)).toEqual(expect.arrayContaining([1, 3]));
    expect(await readFile(join(path, "resume.log"), "utf8")).toContain("going on from step");
  }, 120_000);
});
