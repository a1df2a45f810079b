import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { foldFolder, type TrainFoldsOptions, trainFolds } from "../../src/node/workflows/folds.ts";
import { readModelCard } from "../../src/predict/card.ts";
import { makePredictor } from "../../src/predict/predictor.ts";
import { runtime } from "../support/check.ts";
import { checkOwnAnswer } from "../support/known-answer.ts";
import { makeTinyPhantom, type TinyPhantom, tinyConfig } from "../support/tiny-phantom.ts";

let phantom: TinyPhantom;
let out: string;
const FOLDS = 3;
const lines: string[] = [];
const stderr = {
  isTTY: false,
  write: (text: string) => lines.push(text) > 0,
} as unknown as NodeJS.WriteStream;

const train = (
  options: Partial<Pick<TrainFoldsOptions, "out" | "config" | "resume" | "overwrite" | "test">> = {},
) =>
  trainFolds({
    data: phantom.data,
    out: options.out ?? out,
    config: options.config ?? tinyConfig({ epochs: 1, stepsPerEpoch: 4 }),
    resume: options.resume ?? false,
    overwrite: options.overwrite ?? false,
    command: "hipmri train --folds 3",
    folds: FOLDS,
    test: options.test ?? false,
    stderr,
    quiet: true,
    signal: new AbortController().signal,
  });
const readJson = async (...path: string[]) => JSON.parse(await readFile(join(out, ...path), "utf8"));
const modelOf = (folder: string): Promise<Uint8Array> => readFile(join(folder, "model.onnx"));

beforeAll(async () => {
  phantom = await makeTinyPhantom();
  out = join(phantom.folder, "folds");
});
afterAll(() => phantom.remove());

describe("train --folds", () => {
  test("judges every patient once, by a network that did not learn from him", async () => {
    const summary = await train();
    expect(summary.finished).toBe(true);
    const judged: string[] = [];
    for (let fold = 0; fold < FOLDS; fold++) {
      const split = await readJson(`fold_${fold}`, "split.json");
      const metrics = await readJson(`fold_${fold}`, "metrics.json");
      const own = metrics.cases.map(({ patient }: { patient: string }) => patient);
      expect(new Set(own)).toEqual(new Set(split.validate));
      expect(split.train.some((patient: string) => split.validate.includes(patient))).toBe(false);
      judged.push(...split.validate);
    }
    // The layout keeps one patient for testing: he is in no fold.
    const { test: held } = await readJson("split.json");
    expect(held).toHaveLength(1);
    expect([...new Set(judged)]).toHaveLength(judged.length);
    expect(judged).toHaveLength(3);
    expect(judged).not.toContain(held[0]);
    const all = await readJson("metrics.json");
    expect(all.patients).toBe(3);
    expect(summary.metrics?.foregroundMean).toBe(all.foregroundMean);
  });

  test("keeps the last weights of each fold, whatever its patients think of them", async () => {
    expect((await readJson("fold_0", "config.json")).keep).toBe("last");
  });

  test("joins the networks into one model whose probabilities are their mean", async () => {
    const image = Float32Array.from({ length: 16 * 32 }, (_, i) => Math.sin(i));
    const stack = { width: 32, height: 16, depth: 1, image };
    const probabilities = async (bytes: Uint8Array): Promise<Float64Array> => {
      const predictor = await makePredictor(runtime, bytes, "model.onnx");
      const pixels = 16 * 32;
      const classes = predictor.card.unet.classes;
      const found = new Float64Array(classes * pixels);
      await predictor.predict(stack, {
        onSlice(_, scores) {
          for (let i = 0; i < pixels; i++) {
            let total = 0;
            for (let k = 0; k < classes; k++) total += Math.exp(scores[k * pixels + i]!);
            for (let k = 0; k < classes; k++)
              found[k * pixels + i] = Math.exp(scores[k * pixels + i]!) / total;
          }
        },
      });
      await predictor.dispose();
      return found;
    };
    const single = await Promise.all(
      [0, 1, 2].map(async (fold) => probabilities(await modelOf(foldFolder(out, fold)))),
    );
    const joined = await probabilities(await modelOf(out));
    const worst = joined.reduce((most, value, i) => {
      const mean = single.reduce((sum, each) => sum + each[i]!, 0) / FOLDS;
      return Math.max(most, Math.abs(value - mean));
    }, 0);
    expect(worst).toBeLessThan(1e-5);
    const card = readModelCard(await modelOf(out), "model.onnx");
    expect(card.inference.networks).toBe(FOLDS);
    expect(card.patients).toEqual({ train: 3, validate: 0, test: 1 });
    expect(await checkOwnAnswer(await modelOf(out))).toMatchObject({ isRight: true });
  });

  test("goes on where it stopped: what is done stays, what is missing is trained, to the same bytes", async () => {
    const before = await Promise.all([0, 1, 2].map((fold) => modelOf(foldFolder(out, fold))));
    const whole = await modelOf(out);
    await rm(foldFolder(out, 2), { recursive: true });
    await expect(train()).rejects.toThrow(/has a run already/);
    await train({ resume: true });
    const after = await Promise.all([0, 1, 2].map((fold) => modelOf(foldFolder(out, fold))));
    expect(after.map((bytes, i) => Buffer.compare(bytes, before[i]!))).toEqual([0, 0, 0]);
    expect(Buffer.compare(await modelOf(out), whole)).toBe(0);
  });

  test("warns where the minutes leave too few steps for a fold, once, and in its results", async () => {
    lines.length = 0;
    const short = join(phantom.folder, "short");
    const config = tinyConfig({ minutes: 0.0001, epochs: null, stepsPerEpoch: null });
    const { metrics } = await train({ out: short, config });
    expect(lines.join("").match(/warning: too short to learn from: 0\.0001 minutes leave/g)).toHaveLength(1);
    expect(metrics?.warnings[0]).toMatch(
      /^3 of 3 folds were trained too short to judge the network by: \d+ steps?, and 25 are the least/,
    );
    expect(await readFile(join(short, "report.html"), "utf8")).toContain(metrics?.warnings[0]);
  });

  test("with --test judges the ensemble on the patients whom no fold saw", async () => {
    const { test: tested, files } = await train({ resume: true, test: true });
    const { test: held } = await readJson("split.json");
    expect(tested?.split).toBe("test");
    expect(new Set(tested?.cases.map(({ patient }) => patient))).toEqual(new Set(held));
    expect(files).toContain(join(out, "test", "metrics.json"));
    const page = await readFile(join(out, "report.html"), "utf8");
    expect(page).toContain("On 1 test patient, whom no fold saw");
    expect(page).toContain("<strong>Synthetic data.</strong>");
    expect((await readJson("test", "metrics.json")).foregroundMean).toBe(tested?.foregroundMean);
  });
});
