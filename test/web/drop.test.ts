/** Files dropped anywhere on the page, the viewer's canvas included. */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { writeNifti } from "../../src/nifti/write.ts";
import { describePages, segmentButton, usePages } from "./support.ts";

const pages = usePages({ isShared: true });

const nifti = (): Uint8Array =>
  writeNifti({
    shape: [16, 12, 8],
    dtype: "float32",
    data: Float32Array.from({ length: 16 * 12 * 8 }, (_, i) => (i * 37) % 101),
    spacingMm: [1, 2, 3],
    affine: [
      [1, 0, 0, -4],
      [0, 2, 0, 5],
      [0, 0, 3, 6],
      [0, 0, 0, 1],
    ],
  });

/** Events of a drag, with one file. */
async function dragOver(
  page: Page,
  selector: string,
  file: { readonly name: string; readonly events: readonly string[] },
): Promise<void> {
  const bytes = Buffer.from(nifti()).toString("base64");
  await page.evaluate(
    ([where, name, base64, events]) => {
      const data = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([data], name));
      const target = document.querySelector(where)!;
      const { left, top, width, height } = target.getBoundingClientRect();
      for (const type of events) {
        target.dispatchEvent(
          new DragEvent(type, {
            dataTransfer,
            bubbles: true,
            cancelable: true,
            clientX: left + width / 4,
            clientY: top + height / 4,
          }),
        );
      }
    },
    [selector, file.name, bytes, file.events] as const,
  );
}

describePages("files that are dropped", () => {
  test("on the empty page are opened", async () => {
    const { page } = pages.app;
    await dragOver(page, "body", { name: "first.nii", events: ["dragenter", "dragover", "drop"] });
    await page.getByRole("region", { name: "Scan" }).getByText("first", { exact: true }).waitFor();
  });

  test("on the picture are opened, too, and nothing is left lying over the page", async () => {
    const { page } = pages.app;
    await segmentButton(page).waitFor();
    await dragOver(page, "canvas", { name: "second.nii", events: ["dragenter", "dragover"] });
    await page.getByText("Drop a scan here").waitFor();
    await dragOver(page, "canvas", { name: "second.nii", events: ["drop"] });
    await expect
      .poll(() => page.getByLabel("Scan shown").locator("option").allInnerTexts())
      .toEqual(["first", "second"]);
    expect(await page.getByText("Drop a scan here").count()).toBe(0);
  });

  test("a drag that ends without a word leaves nothing lying over the page", async () => {
    const { page } = pages.app;
    await dragOver(page, "canvas", { name: "third.nii", events: ["dragenter"] });
    await page.getByText("Drop a scan here").waitFor();
    await page.getByText("Drop a scan here").waitFor({ state: "detached" });
    expect(pages.app.oddities).toEqual([]);
  });
});
