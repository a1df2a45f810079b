/** Masks stay with their scans and keep their meaning: over reloads, models with other labels, and what is stopped. */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { replaceMetadata } from "../../src/onnx/model.ts";
import { cardMetadata, readModelCard } from "../../src/predict/card.ts";
import { tinyModel, writeFiles } from "../cli/support.ts";
import { niftiBytes } from "../support/data-folder.ts";
import {
  describePages,
  type OpenApp,
  openDemo,
  openMask,
  PATIENCE_MS,
  segment,
  segmentButton,
  usePages,
} from "./support.ts";

const SHAPE = [16, 12, 6] as const;
/** The same model with its labels in another order. */
function turnedLabels(bytes: Uint8Array): Uint8Array {
  const card = readModelCard(bytes, "model");
  const names = card.labels.map(({ name }) => name);
  const [first, ...rest] = names;
  const turned = [first!, ...rest.reverse()].map((name, id) => ({ id, name }));
  return replaceMetadata(bytes, cardMetadata({ ...card, labels: turned }));
}

const pages = usePages({
  prepare: async (folder) => {
    const model = tinyModel({ over: "volume", orientation: "LPS" });
    const image = (seed: number) => niftiBytes({ shape: SHAPE, value: (at) => (at * seed) % 101 });
    const mask = (label: number, voxels: number) =>
      niftiBytes({ shape: SHAPE, dtype: "uint8", value: (at) => (at < voxels ? label : 0) });
    writeFiles(folder, {
      "model.onnx": model,
      "turned.onnx": turnedLabels(model),
      "first.nii": image(37),
      "second.nii": image(41),
      "first-mask.nii": mask(3, 100),
      "second-mask.nii": mask(5, 200),
    });
  },
});

const path = (name: string): string => pages.path(name);

/** Voxels of each label that is there, by name: 1 mm voxels. */
async function found(page: Page): Promise<Readonly<Record<string, number>>> {
  const { rows } = await page.evaluate(() => ({
    rows: hipmri.labels.rows.map(({ name, voxels }) => ({ name, voxels })),
  }));
  return Object.fromEntries(
    rows.filter(({ voxels }) => voxels > 0).map(({ name, voxels }) => [name, voxels]),
  );
}

async function withApp(work: (app: OpenApp) => Promise<void>): Promise<void> {
  const app = await pages.open();
  try {
    await work(app);
    expect(app.oddities).toEqual([]);
  } finally {
    await app.close();
  }
}

const idle = (page: Page) =>
  expect.poll(() => page.evaluate(() => hipmri.busy === undefined), { timeout: PATIENCE_MS }).toBe(true);

describePages("masks", () => {
  test("of scans that came one after another are each scan's own after a reload", () =>
    withApp(async ({ page }) => {
      await page.getByLabel("Open files").setInputFiles([path("model.onnx"), path("first.nii")]);
      await openMask(page, path("first-mask.nii"));
      await page.getByLabel("Open files").setInputFiles(path("second.nii"));
      await page.getByLabel("Scan shown").waitFor();
      await openMask(page, path("second-mask.nii"));
      await page.evaluate(() => hipmri.kept());
      await page.reload();
      await page.getByRole("region", { name: "Labels" }).waitFor();
      await idle(page);
      expect(await found(page)).toEqual({ prostate: 200 });
      await page.getByLabel("Scan shown").selectOption({ label: "first" });
      await expect.poll(() => found(page), { timeout: PATIENCE_MS }).toEqual({ bladder: 100 });
    }));

  test("keep their labels' names under a model with other numbers", () =>
    withApp(async ({ page }) => {
      await page.getByLabel("Open files").setInputFiles([path("model.onnx"), path("first.nii")]);
      await openMask(page, path("first-mask.nii"));
      await page.getByLabel("Open another model").setInputFiles(path("turned.onnx"));
      await page.getByRole("region", { name: "Model" }).getByText("turned.onnx").waitFor();
      await idle(page);
      expect(await found(page)).toEqual({ bladder: 100 });
    }));

  test("stay as they are when a segmentation is stopped, which is no failure", () =>
    withApp(async ({ page }) => {
      await openDemo(page);
      await segmentButton(page).click();
      await page.getByText(/^Slice \d+ of 60$/).waitFor();
      await page.getByRole("button", { name: "Stop" }).click();
      await segmentButton(page).waitFor();
      expect(await page.getByRole("region", { name: "Labels" }).isVisible()).toBe(false);
      expect((await page.getByRole("alert").innerText()).trim()).toBe("");
      await page.getByText("Stopped before it was done").waitFor();
      // Neither of another scan nor of a mask that is there was anything stopped.
      await page.getByLabel("Open files").setInputFiles(path("first.nii"));
      await page.getByText("Ready", { exact: true }).waitFor();
      await segment(page);
      await page.evaluate(() => hipmri.cancel());
      expect(await page.getByText(/^Segmented in/).isVisible()).toBe(true);
    }));

  test("stay as they are when it is stopped while the model starts", () =>
    withApp(async ({ page }) => {
      await openDemo(page);
      await page.evaluate(async () => {
        const done = hipmri.segment();
        await Promise.all([hipmri.cancel(), done]);
      });
      expect(await page.getByText("Stopped before it was done").isVisible()).toBe(true);
      expect(await page.getByRole("region", { name: "Labels" }).isVisible()).toBe(false);
      expect((await page.getByRole("alert").innerText()).trim()).toBe("");
    }));

  test("of a second tab are not kept, and it says so", () =>
    withApp(async ({ page, serving }) => {
      await page.getByLabel("Open files").setInputFiles([path("model.onnx"), path("first.nii")]);
      await page.getByRole("region", { name: "Scan" }).waitFor();
      const other = await page.context().newPage();
      await other.goto(serving.url);
      await other.getByLabel("Open files").setInputFiles([path("model.onnx"), path("second.nii")]);
      await other.getByText(/another tab of this page keeps its own/).waitFor();
    }));
});
