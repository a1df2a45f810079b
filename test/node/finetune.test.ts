import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readTrainConfig } from "../../src/node/workflows/config-file.ts";
import { trainRun } from "../../src/node/workflows/train.ts";
import { readInitializers } from "../../src/onnx/model.ts";
import { readModelCard } from "../../src/predict/card.ts";
import type { TrainConfig } from "../../src/train/config.ts";
import { makeTinyPhantom, type TinyPhantom, tinyConfig } from "../support/tiny-phantom.ts";

let phantom: TinyPhantom;
let first: string;
const lines: string[] = [];
const stderr = {
  isTTY: false,
  write: (text: string) => lines.push(text) > 0,
} as unknown as NodeJS.WriteStream;

const train = (name: string, config: TrainConfig) =>
  trainRun({
    data: phantom.data,
    out: join(phantom.folder, name),
    config,
    resume: false,
    overwrite: false,
    test: false,
    command: "hipmri train",
    stderr,
    signal: new AbortController().signal,
  });
const modelOf = (name: string): Promise<Uint8Array> => readFile(join(phantom.folder, name, "model.onnx"));

beforeAll(async () => {
  phantom = await makeTinyPhantom();
  await train("first", tinyConfig({ steps: 4, stepsPerEpoch: 4 }));
  first = join(phantom.folder, "first", "model.onnx");
});
afterAll(() => phantom.remove());

const wanted = (settings: readonly string[]): Promise<TrainConfig> =>
  readTrainConfig({
    flags: { finetune: { from: first } },
    set: ["steps=2", "stepsPerEpoch=2", "batchSize=2", "threads=1", ...settings],
  });

describe("train --from", () => {
  test("takes the model's network and preparation; the learning rate is planned anew", async () => {
    const config = await wanted([]);
    expect(config.unet).toMatchObject({ levels: 2, baseWidth: 4, classes: null });
    expect(config.input.neighbours).toBe(0);
    expect(config.schedule.learningRate).toBeNull();
    expect((await wanted(["schedule.learningRate=0.01"])).schedule.learningRate).toBe(0.01);
  });

  test("leaves a frozen encoder as it was to the last bit, and moves the rest", async () => {
    await train("frozen", await wanted(["finetune.frozen=encoder"]));
    // A fifth of what batches of two would have otherwise.
    const { schedule } = JSON.parse(await readFile(join(phantom.folder, "frozen", "config.json"), "utf8"));
    expect(schedule.learningRate).toBeCloseTo(0.00025, 10);
    const [before, after] = await Promise.all(
      [await modelOf("first"), await modelOf("frozen")].map(async (bytes) => readInitializers(bytes)!),
    );
    const moved = [...after!].filter(
      ([name, { data }]) =>
        data.some((value, i) => value !== before!.get(name)?.data[i]) && !/^c\d+$/.test(name),
    );
    const names = moved.map(([name]) => name);
    expect(names.some((name) => name.startsWith("encoder") || name.startsWith("bottleneck"))).toBe(false);
    expect(names.some((name) => name.startsWith("decoder"))).toBe(true);
    expect(lines.join("")).toContain("labels known by name");
    const { trainedOn, data } = readModelCard(await modelOf("frozen"), "model.onnx");
    expect(trainedOn).toContain("starting from the weights of a model trained on");
    expect(data?.cases.train).toEqual(readModelCard(await modelOf("first"), "model.onnx").data?.cases.train);
  });

  test("refuses where the model knows patients who are to judge", async () => {
    // Two of the three patients were learnt from, so that two of three folds would be judged by them.
    const outcomes = await Promise.allSettled(
      [0, 1, 2].map(async (fold) =>
        train(`leak${fold}`, await wanted(["split.folds=3", `split.fold=${fold}`])),
      ),
    );
    const refused = outcomes.filter((each) => each.status === "rejected");
    expect(refused).toHaveLength(2);
    for (const { reason } of refused)
      expect(`${reason}`).toMatch(/it learnt from 1 image of the validate split/);
  });
});
