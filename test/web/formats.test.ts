/** Every kind of file that Node segments, in the page: the same mask, byte for byte of its header and voxel for voxel. */
import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { unzipSync } from "fflate";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { makePhantomVolume, PHANTOM_SIZES } from "../../src/dataset/phantom/phantom.ts";
import { writeNifti } from "../../src/nifti/write.ts";
import { gzip } from "../../src/node/inflate.ts";
import { predictInputs } from "../../src/node/workflows/predict.ts";
import { tinyModel, writeFiles } from "../cli/support.ts";
import { readSeg } from "../formats/dicom/seg-reader.ts";
import { loadFixture } from "../formats/dicom/support.ts";
import { describePages, saved, segment, segmentButton, usePages } from "./support.ts";

let model = "";

const pages = usePages({
  isShared: true,
  prepare: async (folder) => {
    writeFiles(folder, { "model.onnx": tinyModel({ over: "volume", orientation: "LPS" }) });
    model = join(folder, "model.onnx");
    writeInputs();
  },
});

const PHANTOM = {
  patients: { train: 0, validate: 0, test: 1 },
  weeksPerPatient: 1,
  size: { ...PHANTOM_SIZES.demo, x: 32, y: 24, slices: 10 },
  seed: 5,
};

/** The same volume in each kind of file, and DICOM series of the fixtures. */
function writeInputs(): void {
  const { image, shape, spacingMm, affine } = makePhantomVolume(PHANTOM, 0, 0);
  const [x, y, z] = shape;
  const nifti = { shape, dtype: "float32", data: image, spacingMm, affine } as const;
  const raw = new Uint8Array(image.buffer, image.byteOffset, image.byteLength);
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  const join2 = (head: string): Uint8Array => new Uint8Array(Buffer.concat([text(head), raw]));
  const space = spacingMm.join(" ");
  const slices = Array.from({ length: z }, (_, i) => {
    const data = image.slice(i * x * y, (i + 1) * x * y);
    const row = (r: 0 | 1 | 2) =>
      [...affine[r].slice(0, 3), affine[r][3] + i * affine[r][2]] as [number, number, number, number];
    const own = [row(0), row(1), row(2), affine[3]] as const;
    return [
      `slices/case_004_week_0_slice_${i}.nii.gz`,
      gzip(writeNifti({ ...nifti, shape: [x, y], data, affine: own })),
    ];
  });
  const dicom = (name: string) =>
    loadFixture(name).files.map((file) => [`dicom-${name}/${file.name}`, file.bytes] as const);
  writeFiles(pages.folder, {
    "plain.nii": writeNifti(nifti),
    "zipped.nii.gz": gzip(writeNifti(nifti)),
    "image.nrrd": join2(
      `NRRD0004\ntype: float\ndimension: 3\nspace: left-posterior-superior\nsizes: ${x} ${y} ${z}\nspace directions: (${spacingMm[0]},0,0) (0,${spacingMm[1]},0) (0,0,${spacingMm[2]})\nspace origin: (-10,5,2)\nencoding: raw\nendian: little\n\n`,
    ),
    "image.mha": join2(
      `ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nTransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = 1 2 3\nElementSpacing = ${space}\nDimSize = ${x} ${y} ${z}\nElementType = MET_FLOAT\nElementDataFile = LOCAL\n`,
    ),
    ...Object.fromEntries(slices),
    ...Object.fromEntries([
      ...dicom("axial"),
      ...dicom("jpeg-ls"),
      ...dicom("jpeg-2000"),
      ...dicom("oblique-rle"),
    ]),
  });
}

async function fresh(page: Page): Promise<void> {
  const close = page.getByRole("button", { name: "Close the scans" });
  if (await close.isVisible()) {
    await close.click();
    // Buttons of the scan's panel go with it.
    await page.getByRole("button", { name: "Try the demo scan" }).waitFor();
  }
  await page.getByLabel("Open files").setInputFiles(model);
  // Until then it is the page's own model that would segment.
  await page.getByText("model.onnx").first().waitFor();
}

/** Masks as Node makes them, by name. */
async function expectedMasks(input: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const out = await mkdtemp(pages.path("node-"));
  await predictInputs({ model, inputs: [pages.path(input)], out });
  const names = (await readdir(out)).filter((name) => name.endsWith(".nii.gz"));
  return new Map(
    await Promise.all(
      names.map(async (name) => [name, gunzipSync(await readFile(join(out, name)))] as const),
    ),
  );
}

async function openInPage(page: Page, input: string): Promise<void> {
  const isFolder = !input.includes(".");
  await page.getByLabel(isFolder ? "Open a folder" : "Open files").setInputFiles(pages.path(input));
  await segmentButton(page).waitFor();
  await segment(page);
}

const same = (a: Uint8Array | undefined, b: Uint8Array): boolean =>
  a !== undefined && Buffer.compare(a, b) === 0;

describePages("files in the page", () => {
  test.each(["plain.nii", "zipped.nii.gz", "image.nrrd", "image.mha"])("%s", async (input) => {
    await fresh(pages.app.page);
    await openInPage(pages.app.page, input);
    const { bytes } = await saved(pages.app.page, "Mask as NIfTI");
    const [expected] = [...(await expectedMasks(input)).values()];
    expect(same(expected, gunzipSync(bytes))).toBe(true);
  });

  test("slices of a volume: a mask for each", async () => {
    await fresh(pages.app.page);
    await openInPage(pages.app.page, "slices");
    const { name, bytes } = await saved(pages.app.page, "Mask as NIfTI");
    expect(name).toBe("case_004_week_0-masks.zip");
    const expected = await expectedMasks("slices");
    const found = unzipSync(bytes);
    expect(Object.keys(found).sort()).toEqual([...expected.keys()].sort());
    expect(Object.keys(found)).toHaveLength(PHANTOM.size.slices);
    for (const [file, mask] of expected) expect(same(mask, gunzipSync(found[file]!))).toBe(true);
  });

  test.each(["axial", "jpeg-ls", "jpeg-2000", "oblique-rle"])(
    "DICOM: %s, and a segmentation",
    async (series) => {
      await fresh(pages.app.page);
      await openInPage(pages.app.page, `dicom-${series}`);
      const { bytes } = await saved(pages.app.page, "Mask as NIfTI");
      const [expected] = [...(await expectedMasks(`dicom-${series}`)).values()];
      expect(same(expected, gunzipSync(bytes))).toBe(true);
      const seg = await saved(pages.app.page, "Mask as DICOM-SEG");
      expect((await readSeg(seg.bytes)).segments.length).toBeGreaterThan(0);
    },
  );

  test("nobody else was asked for anything", () => {
    expect(pages.app.oddities).toEqual([]);
  });
});
