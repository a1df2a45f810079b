// What the measurements of the page share: the page as it is built and served, a browser for it, a volume to open.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { ensureBuilt, ensureWebBuilt } from "../../bin/build.js";

if (ensureBuilt() !== 0 || ensureWebBuilt() !== 0) process.exit(1);
const { serve } = await import("../../dist/server/serve.js");
const { makePhantomVolume } = await import("../../dist/dataset/phantom/phantom.js");
const { writeNifti } = await import("../../dist/nifti/write.js");

const FLAGS = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"];

export const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Removed at the end. */
export const folder = mkdtempSync(join(tmpdir(), "hipmri-bench-page-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** A drawn volume of 256 x 256 x 128 voxels in HipMRI's voxel size. */
export function writeVolume() {
  const size = { x: 256, y: 256, slices: 128 };
  const options = { patients: { train: 0, validate: 0, test: 1 }, weeksPerPatient: 1, size, seed: 9 };
  const { image, shape, spacingMm, affine } = makePhantomVolume(options, 0, 0);
  const path = join(folder, "volume.nii");
  writeFileSync(path, writeNifti({ shape, dtype: "float32", data: image, spacingMm, affine }));
  return path;
}

/** Works in a new browser. @param appFolder of the page as it was built; undefined: as it is now */
export async function inPage(work, appFolder) {
  const serving = await serve({ runs: [], port: 0, appFolder });
  const browser = await chromium.launch({
    executablePath: process.env.HIPMRI_CHROMIUM ?? "/usr/bin/chromium",
    args: FLAGS,
  });
  try {
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
    page.setDefaultTimeout(600_000);
    return await work(page, serving.url);
  } finally {
    await browser.close();
    await serving.close();
  }
}

export const segmentButton = (page) =>
  page.getByRole("button", { name: "Segment", exact: true }).and(page.locator(":enabled"));
