/** Learning in the page: three scans with their masks, a model that gets better, and is then used and saved. */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { checkModel } from "../../src/predict/check-model.ts";
import { tinyModel, writeFiles } from "../cli/support.ts";
import { niftiBytes } from "../support/data-folder.ts";
import { describePages, openMask, saved, segment, segmentButton, usePages } from "./support.ts";

const SHAPE = [32, 24, 6] as const;
const SCANS = ["case_001", "case_002", "case_003"] as const;

/** A bright ball in noise that is the same each time; every scan has its own place for it. */
function ball(scan: number): (at: number) => number {
  return (at) => {
    const [x, y, z] = [at % 32, Math.floor(at / 32) % 24, Math.floor(at / 768)];
    return Math.hypot(x - 12 - 3 * scan, y - 9 - 2 * scan, 2 * (z - 3)) < 6 ? 1 : 0;
  };
}

const pages = usePages({
  isShared: true,
  prepare: async (folder) => {
    const files = SCANS.flatMap((name, scan) => {
      const inside = ball(scan);
      const value = (at: number): number => 100 * inside(at) + ((at * 7919) % 41);
      return [
        [`${name}.nii`, niftiBytes({ shape: SHAPE, value })],
        [`${name}-mask.nii`, niftiBytes({ shape: SHAPE, dtype: "uint8", value: inside })],
      ] as const;
    });
    writeFiles(folder, {
      ...Object.fromEntries(files),
      "elsewhere.nii": niftiBytes({ shape: SHAPE, dtype: "uint8", originMm: [5, 0, 0] }),
      "start.onnx": tinyModel({ over: "volume", orientation: "LPS" }),
    });
  },
});

const panel = (page: Page) => page.getByRole("region", { name: "Learn" });

async function choose(page: Page, name: string): Promise<void> {
  await page.getByLabel("Scan shown").selectOption({ label: name });
  await openMask(page, pages.path(`${name}-mask.nii`));
  await panel(page).getByLabel(`Learn from ${name}`).check();
}

describePages("learning", () => {
  test("a mask that lies elsewhere is refused", async () => {
    const { page } = pages.app;
    const files = ["start.onnx", ...SCANS.map((name) => `${name}.nii`)].map((name) => pages.path(name));
    await page.getByLabel("Open files").setInputFiles(files);
    await segmentButton(page).waitFor();
    await page.getByLabel("Open a mask").setInputFiles(pages.path("elsewhere.nii"));
    await page
      .getByRole("alert")
      .getByText(/its affine must be that of "case_001"/)
      .waitFor();
    await page.getByRole("button", { name: "Dismiss" }).click();
  });

  test("makes the model better on the scan that was held out", async () => {
    const { page } = pages.app;
    for (const name of SCANS) await choose(page, name);
    await panel(page).getByLabel("Steps").selectOption("240");
    await panel(page).getByRole("button", { name: "Learn from 3 scans" }).click();
    await panel(page)
      .getByText(/^Step \d+ of 240$/)
      .waitFor();
    await panel(page).getByRole("button", { name: "Pause" }).click();
    await panel(page).getByRole("button", { name: "Go on" }).click();
    await panel(page)
      .getByText(/^Kept: the mean Dice of what was held out went from/)
      .waitFor();
    expect(
      await panel(page)
        .getByText(/^Judged on 1 scan of 1 patient from whom nothing was learnt/)
        .isVisible(),
    ).toBe(true);
    const cells = await panel(page).getByRole("row", { name: /^mean/ }).getByRole("cell").allInnerTexts();
    const [before, after] = cells.map(Number) as [number, number];
    expect(after).toBeGreaterThan(before);
  });

  test("the new model is used and saved, with a card that says what it learnt from", async () => {
    const { page } = pages.app;
    const bytes = new Uint8Array((await saved(page, "Save the new model")).bytes);
    expect(checkModel(bytes, "model.onnx").trainedOn).toMatch(/2 corrected scans|fine-tuned/i);
    await panel(page).getByRole("button", { name: "Use the new model" }).click();
    await page.getByRole("region", { name: "Model" }).getByText("start + 2.onnx").waitFor();
    page.once("dialog", (dialog) => dialog.accept());
    await segment(page);
    expect(pages.app.oddities).toEqual([]);
  });
});
