/** The viewer as it is used: where the crosshair is, whose keys are heard, what fingers do. */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { axisCodesOf, reorientation, reorientGrid } from "../../src/volume/orient.ts";
import { writeFiles } from "../cli/support.ts";
import { loadFixture } from "../formats/dicom/support.ts";
import { describePages, type OpenApp, segmentButton, usePages } from "./support.ts";

const pages = usePages({
  prepare: async (folder) => {
    const { files } = loadFixture("oblique-rle");
    writeFiles(folder, Object.fromEntries(files.map(({ name, bytes }) => [`oblique/${name}`, bytes])));
  },
});

async function withEmptyMask(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Try the demo scan" }).click();
  await page.getByRole("button", { name: "Start with an empty mask" }).and(page.locator(":enabled")).click();
  await page.getByRole("region", { name: "Labels" }).waitFor();
}

/** A place on the canvas, in shares of its size. */
async function place(page: Page, x: number, y: number): Promise<{ readonly x: number; readonly y: number }> {
  const box = (await page.locator("canvas").boundingBox())!;
  return { x: box.x + box.width * x, y: box.y + box.height * y };
}

const rectum = (page: Page): Promise<string> =>
  page
    .getByRole("region", { name: "Labels" })
    .getByRole("listitem")
    .filter({ hasText: "rectum" })
    .innerText();

describePages("the viewer", () => {
  test("has the crosshair where the affine says, of an oblique scan", async () => {
    const app: OpenApp = await pages.open();
    const { page } = app;
    try {
      await page.getByLabel("Open a folder").setInputFiles(pages.path("oblique"));
      await segmentButton(page).waitFor();
      const { shape, affine } = loadFixture("oblique-rle").volumes[0]!;
      const grid = { shape, spacingMm: [1, 1, 1] as const, affine };
      const shown = reorientGrid(grid, reorientation(axisCodesOf(affine)!, "RAS"));
      const corner = shown.shape.map((size) => size - 1) as [number, number, number];
      for (const voxel of [[0, 0, 0], corner, [1, 2, 0]] as const) {
        const found = await page.evaluate((to) => {
          hipmri.view.viewer!.moveTo(to);
          return hipmri.view.viewer!.crosshair();
        }, voxel);
        expect(found.voxel).toEqual(voxel);
        for (const axis of [0, 1, 2] as const) {
          const [a, b, c, origin] = shown.affine[axis];
          const mm = a * voxel[0] + b * voxel[1] + c * voxel[2] + origin;
          expect(Math.abs(found.mm[axis] - mm)).toBeLessThan(0.01);
        }
      }
      expect(app.oddities).toEqual([]);
    } finally {
      await app.close();
    }
  });

  test("leaves letters to the page, whatever was clicked last", async () => {
    const app = await pages.open();
    const { page } = app;
    try {
      await withEmptyMask(page);
      const { x, y } = await place(page, 0.3, 0.3);
      await page.mouse.click(x, y);
      const at = page.getByLabel("Under the crosshair");
      const before = await at.innerText();
      // A change of layout puts another voxel there.
      const pointed = () =>
        page.evaluate(
          ([clientX, clientY]) =>
            hipmri.view.viewer!.voxelAt(new MouseEvent("mousemove", { clientX, clientY })),
          [x, y] as const,
        );
      const there = await pointed();
      expect(there?.axis).toBeTypeOf("number");
      for (const key of ["v", "h", "j", "k", "l", "l", "c", "p", "u", "d", "s", "v"]) {
        await page.keyboard.press(key);
      }
      expect(await at.innerText()).toBe(before);
      expect(await pointed()).toEqual(there);
      await page.getByLabel("Draw rectum").check();
      await page.keyboard.press("b");
      const brush = page.getByRole("button", { name: "Brush" });
      expect(await brush.getAttribute("aria-pressed")).toBe("true");
      await page.getByLabel("Radius").focus();
      await page.keyboard.press("e");
      expect(await brush.getAttribute("aria-pressed")).toBe("false");
    } finally {
      await app.close();
    }
  });

  test("tells of the brightness that a double click resets, and paints whatever the window", async () => {
    const app = await pages.open();
    const { page } = app;
    try {
      await withEmptyMask(page);
      await page.evaluate(() => {
        globalThis.windowsTold = [];
        hipmri.view.viewer!.onWindow((window) => globalThis.windowsTold.push(window));
      });
      const heard = () => page.evaluate(() => globalThis.windowsTold.length);
      const { x, y } = await place(page, 0.3, 0.3);
      await page.mouse.dblclick(x, y);
      await expect.poll(heard).toBeGreaterThan(0);
      const count = await heard();
      // The sliders cross.
      await page.evaluate(() => {
        hipmri.correction.isByIntensity = true;
        hipmri.view.setWindow({ low: 1e6, high: -1e6 });
      });
      await page.getByLabel("Draw rectum").check();
      await page.keyboard.press("b");
      await page.mouse.dblclick(x, y);
      expect(await rectum(page)).toMatch(/ ml/);
      // With a tool in hand a double click is the tool's.
      expect(await heard()).toBe(count);
      expect(app.oddities).toEqual([]);
    } finally {
      await app.close();
    }
  });

  test("paints with one finger, and a second one moves nothing", async () => {
    const app = await pages.open({ context: { hasTouch: true } });
    const { page } = app;
    try {
      await withEmptyMask(page);
      await page.getByLabel("Draw rectum").check();
      await page.keyboard.press("b");
      // Its place alone: what is drawn may lie there.
      const at = () => page.getByLabel("Under the crosshair").locator("span").allInnerTexts();
      const before = await at();
      const session = await page.context().newCDPSession(page);
      const [from, to, palm] = [
        await place(page, 0.3, 0.3),
        await place(page, 0.4, 0.3),
        await place(page, 0.2, 0.15),
      ];
      const send = (type: "touchStart" | "touchMove" | "touchEnd", points: readonly object[]) =>
        session.send("Input.dispatchTouchEvent", { type, touchPoints: points as { x: number; y: number }[] });
      await send("touchStart", [{ ...from, id: 1 }]);
      await send("touchMove", [{ ...to, id: 1 }]);
      const one = await rectum(page);
      expect(one).toMatch(/ ml/);
      await send("touchStart", [
        { ...to, id: 1 },
        { ...palm, id: 2 },
      ]);
      await send("touchMove", [
        { ...to, id: 1 },
        { ...palm, y: palm.y + 30, id: 2 },
      ]);
      await send("touchMove", [
        { ...to, id: 1 },
        { ...palm, y: palm.y + 60, id: 2 },
      ]);
      expect(await rectum(page)).toBe(one);
      await send("touchEnd", [{ ...to, id: 1 }]);
      await send("touchEnd", []);
      await expect
        .poll(() => page.getByRole("region", { name: "Correct" }).getByRole("status").innerText())
        .toMatch(/^[\d,]+ voxels changed: rectum \+[\d.]+ ml$/);
      expect(await rectum(page)).toBe(one);
      expect(await at()).toEqual(before);
      expect(app.oddities).toEqual([]);
    } finally {
      await app.close();
    }
  });
});
