/** Corrections by hand: painted, undone, locked, kept over a reload, and saved. */
import { gunzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { describePages, saved, usePages } from "./support.ts";

const pages = usePages({ isShared: true });

/** Voxels of each label, as the page says. */
async function volumes(page: Page): Promise<Readonly<Record<string, string>>> {
  const rows = await page.getByRole("region", { name: "Labels" }).getByRole("listitem").allInnerTexts();
  return Object.fromEntries(
    rows.map((row) =>
      row
        .trim()
        .split(/\n+/)
        .map((text) => text.trim()),
    ),
  );
}

/** Drags over the canvas; places in shares of its size. */
async function drag(
  page: Page,
  from: readonly [number, number],
  to: readonly [number, number],
): Promise<void> {
  const box = (await page.locator("canvas").boundingBox())!;
  const place = ([x, y]: readonly [number, number]) =>
    [box.x + box.width * x, box.y + box.height * y] as const;
  await page.mouse.move(...place(from));
  await page.mouse.down();
  for (let i = 1; i <= 10; i++) {
    await page.mouse.move(
      ...place([from[0] + ((to[0] - from[0]) * i) / 10, from[1] + ((to[1] - from[1]) * i) / 10]),
    );
  }
  await page.mouse.up();
}

const told = (page: Page): Promise<string> =>
  page.getByRole("region", { name: "Correct" }).getByRole("status").innerText();

describePages("corrections", () => {
  test("begin with an empty mask, and a stroke paints the active label", async () => {
    const { page } = pages.app;
    await page.getByRole("button", { name: "Try the demo scan" }).click();
    await page
      .getByRole("button", { name: "Start with an empty mask" })
      .and(page.locator(":enabled"))
      .click();
    await page.getByLabel("Draw prostate").check();
    await page.keyboard.press("b");
    await drag(page, [0.3, 0.3], [0.45, 0.3]);
    expect(await told(page)).toMatch(/^\d+ voxels changed: prostate \+[\d.]+ ml$/);
    const after = await volumes(page);
    expect(after.prostate).toMatch(/ ml$/);
    expect(after.bladder).toBe("not found");
  });

  test("undo and redo by keys", async () => {
    const { page } = pages.app;
    const before = await volumes(page);
    await page.keyboard.press("Control+z");
    expect((await volumes(page)).prostate).toBe("not found");
    await page.keyboard.press("Control+Shift+Z");
    expect(await volumes(page)).toEqual(before);
  });

  test("a locked label is not painted over", async () => {
    const { page } = pages.app;
    const before = await volumes(page);
    await page.getByRole("button", { name: "Lock prostate" }).click();
    await page.keyboard.press("3");
    // Half over it, half beside it.
    await drag(page, [0.3, 0.31], [0.45, 0.31]);
    expect((await volumes(page)).prostate).toBe(before.prostate);
    expect(await told(page)).toMatch(/locked label/);
    await page.keyboard.press("Control+z");
    await page.getByRole("button", { name: "Lock prostate" }).click();
  });

  test("are filled between drawn slices, and the eraser takes them away", async () => {
    const { page } = pages.app;
    await page.getByLabel("Draw rectum").check();
    const crosshair = page.getByLabel("Under the crosshair");
    await drag(page, [0.35, 0.25], [0.4, 0.25]);
    const one = Number.parseFloat((await volumes(page)).rectum!);
    await page.locator("canvas").focus();
    for (let i = 0; i < 4; i++) await page.keyboard.press("PageUp");
    expect(await crosshair.innerText()).toContain("34");
    await drag(page, [0.35, 0.25], [0.4, 0.25]);
    await page.getByText("Between slices, holes, islands, keys").click();
    await page.getByRole("combobox", { name: "Slices" }).selectOption("Axial");
    await page.getByRole("button", { name: "Fill between drawn slices" }).click();
    expect(await told(page)).toMatch(
      /^Nothing changed: rectum is in all axial slices from \d+ to \d+\. Only empty/,
    );
    await page.getByRole("combobox", { name: "Slices" }).selectOption("Coronal");
    await page.getByRole("button", { name: "Fill between drawn slices" }).click();
    expect(Number.parseFloat((await volumes(page)).rectum!)).toBeGreaterThan(4 * one);
    await page.keyboard.press("e");
    await drag(page, [0.33, 0.25], [0.42, 0.25]);
    expect(Number.parseFloat((await volumes(page)).rectum!)).toBeLessThan(5 * one);
  });

  test("outlive a reload, a crash of the worker, and the whole browser tab", async () => {
    const { page } = pages.app;
    const before = await volumes(page);
    await page.evaluate(() => hipmri.kept());
    await page.reload();
    await page.getByRole("region", { name: "Labels" }).waitFor();
    expect(await volumes(page)).toEqual(before);
    // Without a word of farewell.
    await page.goto("about:blank");
    await page.goto(pages.app.serving.url);
    await page.getByRole("region", { name: "Labels" }).waitFor();
    expect(await volumes(page)).toEqual(before);
  });

  test("outlive a worker that stopped between two of them", async () => {
    const { page } = pages.app;
    const before = await volumes(page);
    await page.evaluate(() => hipmri.stopWorker());
    await page.getByLabel("Draw bone").check();
    await page.getByRole("button", { name: "Brush" }).click();
    await drag(page, [0.2, 0.2], [0.25, 0.2]);
    await drag(page, [0.2, 0.35], [0.25, 0.35]);
    const after = await volumes(page);
    expect(after).not.toEqual(before);
    await page.evaluate(() => hipmri.kept());
    await page.reload();
    await page.getByRole("region", { name: "Labels" }).waitFor();
    expect(await volumes(page)).toEqual(after);
  });

  test("are not overwritten without a question, after a reload either", async () => {
    const { page } = pages.app;
    const before = await volumes(page);
    const asked = page.waitForEvent("dialog").then(async (dialog) => {
      await dialog.dismiss();
      return dialog.message();
    });
    await page.getByRole("button", { name: "Segment again" }).click();
    expect(await asked).toMatch(/replaces the mask and your corrections/);
    expect(await volumes(page)).toEqual(before);
  });

  test("are saved on the grid of the scan", async () => {
    const { page } = pages.app;
    const file = gunzipSync((await saved(page, "Mask as NIfTI")).bytes);
    expect([file.readInt16LE(42), file.readInt16LE(44), file.readInt16LE(46)]).toEqual([256, 128, 60]);
    const labels = new Set(file.subarray(352));
    expect([...labels].sort()).toEqual([0, 2, 4, 5]);
  });

  test("volumes are saved as a table, the view as a picture", async () => {
    const { page } = pages.app;
    const text = (await saved(page, "Volumes as CSV")).bytes.toString();
    expect(text.split("\r\n")[0]).toBe("scan,label,voxels,ml");
    expect(text).toMatch(/\r\nsynthetic-pelvis,prostate,\d+,[\d.]+\r\n/);
    const { bytes: png } = await saved(page, "Save picture");
    expect(png.subarray(1, 4).toString()).toBe("PNG");
    // Below the view there is what it shows.
    const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
    const canvas = (await page.locator("canvas").boundingBox())!;
    expect(width).toBe(canvas.width);
    expect(height).toBeGreaterThan(canvas.height + 60);
  });

  test("are gone once the scans are closed", async () => {
    const { page } = pages.app;
    page.once("dialog", (dialog) => dialog.accept());
    await page.getByRole("button", { name: "Close the scans" }).click();
    await page.getByRole("button", { name: "Try the demo scan" }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Try the demo scan" }).waitFor();
    expect(await page.getByRole("region", { name: "Labels" }).isVisible()).toBe(false);
    expect(pages.app.oddities).toEqual([]);
  });
});
