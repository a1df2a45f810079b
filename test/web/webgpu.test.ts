/** The ladder of backends, with an adapter in software: WebGPU is used where it gives the known answer, and only there. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { makeNodeRuntime } from "../../src/node/runtime.ts";
import { predictInputs } from "../../src/node/workflows/predict.ts";
import { readModelMetadata, replaceMetadata } from "../../src/onnx/model.ts";
import { readModelCard } from "../../src/predict/card.ts";
import {
  KNOWN_ANSWER_KEY,
  type KnownAnswer,
  readKnownAnswer,
  withKnownAnswer,
} from "../../src/predict/known-answer.ts";
import { tinyModel, writeFiles } from "../cli/support.ts";
import { niftiBytes } from "../support/data-folder.ts";
import { describePages, openMask, PATIENCE_MS, saved, segment, usePages, WEBGPU_FLAGS } from "./support.ts";

/** Of a learning, compared. */
const STEPS = 6;

const pages = usePages({
  flags: WEBGPU_FLAGS,
  prepare: async (folder) => {
    const runtime = makeNodeRuntime({ threads: 1 });
    const right = await withKnownAnswer(runtime, tinyModel({ over: "volume", orientation: "LPS" }), "model");
    const answer = readKnownAnswer(readModelMetadata(right) ?? {}, readModelCard(right, "model"), "model")!;
    const wrong: KnownAnswer = { ...answer, mean: answer.mean + answer.maxAbs };
    writeFiles(folder, {
      "right.onnx": right,
      "none.onnx": tinyModel({ over: "volume", orientation: "LPS" }),
      "wrong.onnx": replaceMetadata(right, { [KNOWN_ANSWER_KEY]: JSON.stringify(wrong) }),
      "other.nii": niftiBytes({ shape: [16, 12, 3], value: (at) => (at * 53) % 97 }),
      "mask.nii": niftiBytes({ shape: [16, 12, 3], dtype: "uint8", value: (at) => (at % 16 < 6 ? 1 : 0) }),
      "foreign.onnx": new Uint8Array(1000).fill(7),
      "scan.nii": niftiBytes({
        shape: [16, 12, 3],
        value: (at) => (at * 37) % 101,
      }),
    });
  },
});

describePages("the model panel", () => {
  test("computes on the graphics card where the known answer comes out, with Node's mask", async () => {
    const app = await pages.open();
    try {
      const { page } = app;
      await page.getByLabel("Open files").setInputFiles([pages.path("right.onnx"), pages.path("scan.nii")]);
      const panel = page.getByRole("region", { name: "Model" });
      await panel.getByText(/webgpu/).waitFor();
      await panel.locator("summary").click();
      expect(await panel.getByText("WebGPU: used, it gives the model's known answer").isVisible()).toBe(true);
      await segment(page);
      const found = gunzipSync((await saved(page, "Mask as NIfTI")).bytes);
      const out = pages.path("node");
      await predictInputs({ model: pages.path("right.onnx"), inputs: [pages.path("scan.nii")], out });
      const expected = gunzipSync(await readFile(join(out, "scan.nii.gz")));
      let equal = 0;
      for (let i = 352; i < expected.length; i++) if (expected[i] === found[i]) equal++;
      expect(equal / (expected.length - 352)).toBeGreaterThanOrEqual(0.999);
    } finally {
      await app.close();
    }
  });

  test("falls back where a model has no known answer, and refuses one whose answer is wrong everywhere", async () => {
    const app = await pages.open();
    try {
      const { page } = app;
      await page.getByLabel("Open files").setInputFiles([pages.path("none.onnx"), pages.path("scan.nii")]);
      const panel = page.getByRole("region", { name: "Model" });
      await panel.locator("summary").click();
      await panel.getByText(/^WebGPU: not used, the model carries no known answer/).waitFor();
      await panel.getByLabel("Open another model").setInputFiles(pages.path("wrong.onnx"));
      await page
        .getByRole("alert")
        .getByText(/its numbers are wrong/)
        .waitFor();
      // What was open stays open.
      await segment(page);
    } finally {
      await app.close();
    }
  });

  test("learns on the graphics card as WebAssembly does", async () => {
    const app = await pages.open();
    try {
      const { page } = app;
      const names = ["right.onnx", "scan.nii", "other.nii"].map((name) => pages.path(name));
      await page.getByLabel("Open files").setInputFiles(names);
      for (const scan of ["other", "scan"]) {
        await page.getByLabel("Scan shown").selectOption({ label: scan });
        await openMask(page, pages.path("mask.nii"));
        await page.getByLabel(`Learn from ${scan}`).check();
      }
      const losses = async (device: string): Promise<readonly number[]> => {
        await page.getByLabel("Compute with").selectOption(device);
        const panel = page.getByRole("region", { name: "Learn" });
        await panel.getByRole("button", { name: "Learn from 2 scans" }).and(page.locator(":enabled")).click();
        await expect
          .poll(() => page.evaluate(() => hipmri.learning.loss.length), { timeout: PATIENCE_MS })
          .toBeGreaterThanOrEqual(STEPS);
        const found = await page.evaluate(() => hipmri.learning.loss.map(({ loss }) => loss));
        await panel.getByRole("button", { name: "Give up" }).click();
        await panel
          .getByRole("button", { name: "Learn from 2 scans" })
          .and(page.locator(":enabled"))
          .waitFor();
        return found.slice(0, STEPS);
      };
      const card = await losses("webgpu");
      expect(await page.getByRole("region", { name: "Model" }).locator("summary").innerText()).toMatch(
        /webgpu/,
      );
      const wasm = await losses("wasm");
      for (const [i, loss] of card.entries())
        expect(Math.abs(loss - wasm[i]!)).toBeLessThan(1e-3 * Math.abs(wasm[i]!));
    } finally {
      await app.close();
    }
  });

  test("refuses what is no model of ours before it is run", async () => {
    const app = await pages.open();
    try {
      const { page } = app;
      await page.getByLabel("Open files").setInputFiles(pages.path("foreign.onnx"));
      await page
        .getByRole("alert")
        .getByText(/foreign\.onnx/)
        .waitFor();
    } finally {
      await app.close();
    }
  });
});
