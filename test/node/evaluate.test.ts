import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aggregate } from "../../src/metrics/aggregate.ts";
import { openRun, readLog } from "../../src/node/run-folder.ts";
import { makeNodeRuntime } from "../../src/node/runtime.ts";
import { type EvaluateOptions, evaluate } from "../../src/node/workflows/evaluate.ts";
import { openData } from "../../src/node/workflows/open-data.ts";
import { writeRunReport } from "../../src/node/workflows/report.ts";
import { type ModelCard, PLAIN_INPUT } from "../../src/predict/card.ts";
import { exportModel } from "../../src/predict/export.ts";
import { makePredictor } from "../../src/predict/predictor.ts";
import { judge } from "../../src/report/judge.ts";
import { scoreCases } from "../../src/train/validation.ts";
import { specifyNetwork } from "../../src/unet/network.ts";
import { initialParameters, initialStatistics } from "../../src/unet/parameters.ts";
import { niftiBytes, rejection } from "../support/data-folder.ts";
import { makeCard, TINY_UNET } from "../support/model-card.ts";
import { makeTinyPhantom, type TinyPhantom, tinyConfig } from "../support/tiny-phantom.ts";

let phantom: TinyPhantom;
let cacheBefore: string | undefined;

beforeAll(async () => {
  // case_004 and case_005 train, case_006 validates, case_007 tests.
  phantom = await makeTinyPhantom();
  cacheBefore = process.env.HIPMRI_CACHE;
  process.env.HIPMRI_CACHE = join(phantom.folder, "cache");
});
afterAll(async () => {
  if (cacheBefore === undefined) delete process.env.HIPMRI_CACHE;
  else process.env.HIPMRI_CACHE = cacheBefore;
  await phantom.remove();
});

const CARD = makeCard({
  synthetic: true,
  input: {
    mode: "pad",
    normalise: "zscore",
    over: "slice",
    canvas: { width: 32, height: 16 },
    ...PLAIN_INPUT,
  },
});

/** An untrained model. */
function modelBytes(changes: Partial<ModelCard> = {}): Uint8Array {
  const spec = specifyNetwork(TINY_UNET, [1, 1, 16, 32]);
  const parameters = initialParameters(spec.parameters, { seed: 5, initialisation: "he" });
  return exportModel({ ...CARD, ...changes }, spec, {
    parameters,
    statistics: initialStatistics(spec.statistics),
  });
}

async function writeModel(name: string, changes: Partial<ModelCard> = {}): Promise<string> {
  const path = join(phantom.folder, name);
  await writeFile(path, modelBytes(changes));
  return path;
}

/** A run folder with what evaluate reads of it. */
async function writeRun(
  name: string,
  split: unknown = { train: ["case_004"], validate: ["case_005"], test: ["case_006", "case_007"] },
): Promise<string> {
  const folder = join(phantom.folder, name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  await writeFile(join(folder, "model.onnx"), modelBytes());
  await writeFile(join(folder, "config.json"), JSON.stringify(tinyConfig()));
  await writeFile(join(folder, "split.json"), typeof split === "string" ? split : JSON.stringify(split));
  return folder;
}

interface Told {
  readonly progress: unknown[];
  readonly warnings: string[];
}

function told(): Told & Pick<EvaluateOptions, "onProgress" | "warn"> {
  const progress: unknown[] = [];
  const warnings: string[] = [];
  return { progress, warnings, onProgress: (now) => progress.push(now), warn: (text) => warnings.push(text) };
}

const patientsIn = (metrics: { readonly cases: readonly { readonly patient: string }[] }): string[] =>
  metrics.cases.map(({ patient }) => patient);

test("a single image with its mask is judged by itself", async () => {
  const { warnings, ...tell } = told();
  const name = "007_week_0_slice_3.nii.gz";
  const { metrics } = await evaluate({
    model: await writeModel("pair.onnx"),
    data: join(phantom.data, `keras_slices_test/case_${name}`),
    mask: join(phantom.data, `keras_slices_seg_test/seg_${name}`),
    out: join(phantom.folder, "pair"),
    threads: 1,
    ...tell,
  });
  expect(patientsIn(metrics)).toEqual(["case_007"]);
  expect(metrics.labels.map((label) => label.name)).toEqual([
    "body",
    "bone",
    "bladder",
    "rectum",
    "prostate",
  ]);
  expect(warnings).toEqual([
    expect.stringContaining("does not say which patients it learnt from"),
    expect.stringMatching(
      /^"case_007_week_0_slice_3": the slice distance is not known \(there is one slice only\)/,
    ),
  ]);
});

test("a model that does not know its plane is not judged on volumes", async () => {
  const image = join(phantom.folder, "volume.nii");
  await writeFile(image, niftiBytes({ shape: [32, 16, 8], value: (i) => i % 7 }));
  const mask = join(phantom.folder, "truth.nii");
  await writeFile(mask, niftiBytes({ shape: [32, 16, 8], dtype: "uint8", value: (i) => i % 3 }));
  const judge = (changes: Partial<ModelCard["input"]>, name: string) =>
    writeModel(name, { input: { ...CARD.input, ...changes } }).then((model) =>
      evaluate({ model, data: image, mask, out: join(phantom.folder, "volumes"), threads: 1 }),
    );
  await expect(judge({ orientation: null }, "unknown.onnx")).rejects.toMatchObject({
    code: "bad-image",
    message: `Cannot use "${image}": the model was trained on single slices whose plane it does not know, and this is a volume`,
  });
  expect((await judge({ orientation: "LSP" }, "coronal.onnx")).metrics.cases).toHaveLength(1);
});

describe("a model on its own", () => {
  test("is scored, with distances, on the layout's test split; all files are written", async () => {
    const model = await writeModel("alone.onnx");
    const out = join(phantom.folder, "deep", "test");
    const { progress, warnings, ...tell } = told();
    const { metrics, files, reportPath } = await evaluate({
      model,
      data: phantom.data,
      out,
      threads: 1,
      ...tell,
    });
    expect(warnings).toEqual([]);
    expect(progress).toEqual([
      { done: 0, total: 1, label: "Evaluating" },
      { done: 1, total: 1, label: "case_007_week_0" },
    ]);
    expect(metrics.split).toBe("test");
    expect(patientsIn(metrics)).toEqual(["case_007"]);
    expect(metrics.cases[0]?.labels.some(({ hd95Mm }) => hd95Mm !== null)).toBe(true);
    expect(reportPath).toBe(join(out, "report.html"));
    expect(files).toEqual([
      join(out, "figures", "test-dice-by-batch.svg"),
      join(out, "figures", "test-dice-by-label.svg"),
      join(out, "figures", "test-contact-sheet.png"),
      join(out, "figures", "network.svg"),
      join(out, "figures", "test-reliability.svg"),
      join(out, "figures", "test-student-rule.svg"),
      reportPath,
      join(out, "metrics.json"),
    ]);
    const texts = await Promise.all(files.map((path) => readFile(path)));
    expect(JSON.parse(texts[7]!.toString())).toEqual(metrics);
    expect(texts[2]!.subarray(1, 4).toString()).toBe("PNG");
    const html = texts[6]!.toString();
    expect(html).toContain("<h1>Evaluation: seed (SYNTHETIC data)</h1>");
    expect(html).toContain(`hipmri evaluate ${model} ${phantom.data} --split test --out ${out}`);
    expect(html).toContain(texts[0]!.toString());
  });

  test("gets the figures that the one inference path gives", async () => {
    const model = await writeModel("alone.onnx");
    const out = join(phantom.folder, "same");
    const { metrics } = await evaluate({ model, data: phantom.data, split: "train", out, threads: 1 });
    const data = await openData(phantom.data);
    const predictor = await makePredictor(makeNodeRuntime({ threads: 1 }), modelBytes(), model);
    const cases = data.index.cases.filter(({ split }) => split === "train");
    const source = { labels: data.index.labels, load: data.load };
    const scored = await scoreCases(predictor, cases, source, { distances: true });
    await predictor.dispose();
    const { calibration, ...figures } = metrics;
    const { calibration: _, ...expected } = aggregate(scored, {
      split: "train",
      labels: data.index.labels,
      seed: CARD.seed,
    });
    expect(figures).toEqual(expected);
    expect(calibration?.labels.map(({ name }) => name)).toEqual(metrics.labels.map(({ name }) => name));
    expect(calibration?.ece).toBeGreaterThan(0);
    expect(metrics.patients).toBe(2);
  });

  test("cannot say of all patients which it learnt from", async () => {
    const model = await writeModel("alone.onnx");
    const { warnings, ...tell } = told();
    const out = join(phantom.folder, "all");
    const { metrics, files } = await evaluate({ model, data: phantom.data, split: "all", out, ...tell });
    expect(patientsIn(metrics)).toEqual(["case_004", "case_005", "case_006", "case_007"]);
    expect(metrics.split).toBe("test");
    expect(warnings).toEqual([
      `"${model}" does not say which patients it learnt from: metrics.json calls all patients of "${phantom.data}" "test"`,
    ]);
    expect(files[0]).toBe(join(out, "figures", "all-dice-by-batch.svg"));
  });

  test("must know the labels of the data", async () => {
    const labels = [...CARD.labels.slice(0, 5), { id: 5, name: "gland" }];
    const model = await writeModel("labels.onnx", { labels });
    const out = join(phantom.folder, "never");
    expect(await rejection(evaluate({ model, data: phantom.data, out }))).toEqual({
      code: "bad-dataset",
      message:
        `Labels must be the model's: "${model}" has 0 background, 1 body, 2 bone, 3 bladder, 4 rectum, 5 gland; ` +
        `"${phantom.data}" has 0 background, 1 body, 2 bone, 3 bladder, 4 rectum, 5 prostate`,
      hint: "Give data with the model's labels, or train a model on this data",
      problems: [],
    });
    await expect(readFile(join(out, "metrics.json"))).rejects.toThrow("ENOENT");
  });
});

describe("a run", () => {
  test("judges the patients of its own split.json, not those of the layout", async () => {
    const run = await writeRun("run");
    const { warnings, ...tell } = told();
    const out = join(run, "test");
    const { metrics } = await evaluate({ model: run, data: phantom.data, out, ...tell });
    expect(patientsIn(metrics)).toEqual(["case_006", "case_007"]);
    expect(warnings).toEqual([]);
    const html = await readFile(join(out, "report.html"), "utf8");
    expect(html).toContain(">batch of 2 slices<");
    expect(html).toContain("cpu, 1 threads");

    const file = await evaluate({
      model: join(run, "model.onnx"),
      data: phantom.data,
      split: "validate",
      out,
    });
    expect(patientsIn(file.metrics)).toEqual(["case_005"]);
  });

  test("judges all patients where it is asked to, and says that it learnt from some", async () => {
    const run = await writeRun("run");
    const { warnings, ...tell } = told();
    const out = join(phantom.folder, "out");
    const { metrics } = await evaluate({ model: run, data: phantom.data, split: "all", out, ...tell });
    expect(metrics.split).toBe("train");
    expect(warnings).toEqual([
      `The model learnt from patients of "${phantom.data}": the figures of all patients are too good`,
    ]);
    const elsewhere = await writeRun("elsewhere", { train: ["x"], validate: ["y"], test: [] });
    const foreign = await evaluate({ model: elsewhere, data: phantom.data, split: "all", out });
    expect(foreign.metrics.split).toBe("test");
    expect(foreign.metrics.cases).toHaveLength(4);
  });

  test("refuses patients that it does not know", async () => {
    const run = await writeRun("run", { train: ["case_004"], validate: [], test: ["case_007"] });
    expect(await rejection(evaluate({ model: run, data: phantom.data, out: join(run, "test") }))).toEqual({
      code: "bad-dataset",
      message:
        `Cannot find the test split in "${phantom.data}": 2 patients are not in "${join(run, "split.json")}" ` +
        '("case_005", "case_006")',
      hint: "Give the data folder that the run was trained on, or --split all to judge every patient of this one",
      problems: [],
    });
  });

  test("tells of patients that are not there, and refuses an empty split", async () => {
    const known = { train: ["case_004", "case_005"], validate: ["case_006", "case_007"] };
    const run = await writeRun("run", { ...known, test: ["case_099"] });
    const { warnings, ...tell } = told();
    const out = join(run, "test");
    expect(await rejection(evaluate({ model: run, data: phantom.data, out, ...tell }))).toEqual({
      code: "bad-dataset",
      message: `Cannot evaluate on "${phantom.data}": its test split has no cases`,
      hint: 'Choose another split with --split (train, validate, test), or "--split all" for every patient',
      problems: [],
    });
    const half = await writeRun("run", { ...known, validate: ["case_006"], test: ["case_007", "case_099"] });
    await evaluate({ model: half, data: phantom.data, out, ...tell });
    expect(warnings).toEqual([`1 patient of the test split ("case_099") is not in "${phantom.data}"`]);
  });

  test("keeps its own metrics.json, and says which of its files cannot be read", async () => {
    const run = await writeRun("run");
    expect(await rejection(evaluate({ model: run, data: phantom.data, out: join(run, ".") }))).toMatchObject({
      code: "usage",
      message: `Cannot write the evaluation into the run folder "${run}" itself`,
      hint: `Give another --out, for example "${join(run, "test")}"`,
    });
    const hint =
      "Restore the file from a copy, or move model.onnx to another folder to use it without its run";
    const path = join(run, "split.json");
    await writeRun("run", "{");
    const out = join(run, "test");
    expect(await rejection(evaluate({ model: run, data: phantom.data, out }))).toEqual({
      code: "config",
      message: `Cannot read "${path}": it is not JSON`,
      hint,
      problems: [],
    });
    await writeRun("run", { train: [], validate: [1], test: [] });
    expect(await rejection(evaluate({ model: run, data: phantom.data, out }))).toMatchObject({
      code: "config",
      message: `Cannot read "${path}": expected the lists "train", "validate" and "test"`,
      hint,
    });
  });

  test("writes its own report, with validation and test", async () => {
    const path = join(phantom.folder, "training");
    const { run } = await openRun(path);
    await run.appendLog({ kind: "step", step: 1, epoch: 1, loss: 2, lr: 0.1 });
    await run.appendLog({
      kind: "epoch",
      step: 1,
      epoch: 1,
      loss: 2,
      validationLoss: 1,
      foregroundDice: 0,
      dice: {},
    });
    await run.close();
    const data = await openData(phantom.data);
    const predictor = await makePredictor(makeNodeRuntime({ threads: 1 }), modelBytes(), "model.onnx");
    const source = { labels: data.index.labels, load: data.load };
    const judged = await Promise.all(
      (["validate", "test"] as const).map((split) =>
        judge(
          predictor,
          data.index.cases.filter((entry) => entry.split === split),
          source,
          { split, seed: 0, batchSize: 2, distances: false },
        ),
      ),
    );
    await predictor.dispose();
    const options = {
      run,
      config: tinyConfig(),
      card: CARD,
      validate: judged[0]!,
      log: await readLog(path),
      facts: [{ name: "Time", value: "1 s" }],
      reproduce: ["hipmri train DATA"],
    };
    const files = await writeRunReport({ ...options, test: judged[1] });
    expect(files).toHaveLength(15);
    for (const file of files) expect((await readFile(file)).length).toBeGreaterThan(100);
    const html = await readFile(join(path, "report.html"), "utf8");
    expect(html).toContain("<h1>Training run: seed (SYNTHETIC data)</h1>");
    expect(html).toContain("<h2>Test patients</h2>");
    expect(await writeRunReport(options)).toHaveLength(10);
    expect(await readFile(join(path, "report.html"), "utf8")).not.toContain("<h2>Test patients</h2>");
  });
});
