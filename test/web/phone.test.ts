/** The page on a phone: picture and tools together, panels in tabs below, nothing beside the screen. */
import type { Locator } from "playwright-core";
import { expect, test } from "vitest";
import { describePages, openDemo, PHONE, segment, seriousFaults, usePages } from "./support.ts";

const pages = usePages();
const { width: WIDTH, height: HEIGHT } = PHONE.viewport!;

/** Whether all of it is on the screen without scrolling. */
async function isInSight(what: Locator): Promise<boolean> {
  const box = await what.boundingBox();
  if (box === null) return false;
  return box.x >= 0 && box.y >= 0 && box.x + box.width <= WIDTH && box.y + box.height <= HEIGHT;
}

describePages("the page on a phone", () => {
  test("keeps picture and tools in sight, whatever panel is open", async () => {
    const app = await pages.open({ context: PHONE });
    const { page } = app;
    try {
      await openDemo(page);
      await segment(page);
      const brush = page.getByRole("button", { name: "Brush" });
      const names = await page.getByRole("tab").allInnerTexts();
      expect(names).toEqual(["Segment", "Labels", "Correct", "Scan", "Learn"]);
      for (const name of names) {
        await page.getByRole("tab", { name }).click();
        await page.getByRole("tabpanel", { name }).waitFor();
        await page.getByRole("tabpanel").evaluate((panel) => panel.scrollTo(0, 1e6));
        expect(await isInSight(page.locator("canvas"))).toBe(true);
        expect(await isInSight(brush)).toBe(true);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(WIDTH);
        expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBe(HEIGHT);
      }
      // A stroke by the bar alone.
      await page.getByLabel("Label that tools draw").selectOption("rectum");
      await brush.click();
      const box = (await page.locator("canvas").boundingBox())!;
      await page.mouse.click(box.x + box.width * 0.3, box.y + box.height * 0.35);
      await page.getByRole("tab", { name: "Correct" }).click();
      await expect
        .poll(() => page.getByRole("region", { name: "Correct" }).getByRole("status").innerText())
        .toMatch(/rectum \+/);
      expect(await seriousFaults(page)).toEqual([]);
      expect(app.oddities).toEqual([]);
    } finally {
      await app.close();
    }
  });
});
