/** The first flow: a scan opened and segmented, with nothing sent anywhere. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { makePhantomVolume, PHANTOM_SIZES } from "../../src/dataset/phantom/phantom.ts";
import { readImage } from "../../src/formats/image-file.ts";
import { writeNifti } from "../../src/nifti/write.ts";
import { withImageFile } from "../../src/node/files.ts";
import { gzip, inflateGzip } from "../../src/node/inflate.ts";
import { predictInputs } from "../../src/node/workflows/predict.ts";
import { describePages, openDemo, saved, segment, seriousFaults, usePages } from "./support.ts";

const DEMO_MODEL = fileURLToPath(new URL("../../web/public/demo/model.onnx", import.meta.url));

const pages = usePages({ isShared: true });

async function maskOf(path: string): Promise<Float32Array> {
  return (await withImageFile(path, (file) => readImage(file, inflateGzip))).values;
}

describePages("the page", () => {
  test("segments the demo scan with two clicks, and says that it is synthetic", async () => {
    const { page } = pages.app;
    await openDemo(page);
    expect(await page.getByText("Synthetic: drawn by a program, not a patient").isVisible()).toBe(true);
    expect(
      await page.getByText("Trained on drawings: its masks of real scans mean nothing").isVisible(),
    ).toBe(true);
    await segment(page);
    const volumes = await page.getByRole("region", { name: "Labels" }).getByRole("listitem").allInnerTexts();
    expect(volumes.map((text) => text.trim().split("\n")[0])).toEqual([
      "body",
      "bone",
      "bladder",
      "rectum",
      "prostate",
    ]);
    expect(volumes.every((text) => / ml$/.test(text))).toBe(true);
  });

  test("is isolated, so that WebAssembly has its threads", async () => {
    expect(await pages.app.page.evaluate(() => crossOriginIsolated)).toBe(true);
  });

  test("gives the mask that Node gives, on the grid of the file", async () => {
    const { page } = pages.app;
    // An orientation of its own, and a corner that is not at the origin.
    const { image, shape, spacingMm, affine } = makePhantomVolume(
      {
        patients: { train: 0, validate: 0, test: 1 },
        weeksPerPatient: 1,
        size: PHANTOM_SIZES.demo,
        seed: 77,
      },
      0,
      0,
    );
    const input = pages.path("odd one.nii.gz");
    await writeFile(input, gzip(writeNifti({ shape, dtype: "float32", data: image, spacingMm, affine })));
    const out = pages.path("node");
    await predictInputs({ model: DEMO_MODEL, inputs: [input], out });
    const expected = await maskOf(join(out, "odd one.nii.gz"));

    await page.getByLabel("Open files").setInputFiles(input);
    await page.getByLabel("Scan shown").waitFor();
    await segment(page);
    const path = pages.path("from-page.nii.gz");
    const { name, bytes } = await saved(page, "Mask as NIfTI");
    expect(name).toBe("odd one-mask.nii.gz");
    await writeFile(path, bytes);
    const found = await maskOf(path);
    let equal = 0;
    for (let i = 0; i < expected.length; i++) if (expected[i] === found[i]) equal++;
    expect(found.length).toBe(expected.length);
    expect(equal / expected.length).toBeGreaterThanOrEqual(0.9999);
    // The header too: a mask on the very grid of its image.
    const header = (file: Uint8Array): Buffer => gunzipSync(file).subarray(0, 348);
    expect(header(bytes).equals(header(await readFile(join(out, "odd one.nii.gz"))))).toBe(true);
  });

  test("tells plainly what cannot be opened", async () => {
    const { page } = pages.app;
    const bad = pages.path("short.nii.gz");
    await writeFile(bad, gzip(new Uint8Array(1000)).subarray(0, 20));
    await page.getByLabel("Open files").first().setInputFiles(bad);
    await page
      .getByRole("alert")
      .getByText(/short\.nii\.gz/)
      .waitFor();
    await page.getByRole("button", { name: "Dismiss" }).click();
  });

  test("has nothing that axe finds serious", async () => {
    expect(await seriousFaults(pages.app.page)).toEqual([]);
  });

  test("asked nobody else for anything, and complained of nothing", () => {
    expect(pages.app.oddities).toEqual([]);
  });
});
